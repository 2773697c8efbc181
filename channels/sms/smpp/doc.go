// Package smpp speaks the Short Message Peer to Peer protocol, version 3.4, the
// language in which SMS centres (SMSCs) outside China, and many inside it, take
// messages from applications (ESMEs).
//
// Three doors:
//
//   - The codec. [AppendSubmitSM] and its sisters append a PDU to a buffer that
//     the caller owns; [DecodeShortMessage] and its sisters read one. Decoded
//     fields are views into the PDU's bytes. Neither direction allocates.
//   - [ReceiptOf] and [ParseReceipt] read delivery receipts, which are a text
//     inside a deliver_sm, with or without the TLVs that say the same.
//   - [Client] is the ESME's side of a session for the link engine (package
//     link): how to bind, how to keep alive, what an answer means.
//
// What it promises: bytes of any kind make an error and never a panic; no field
// is longer than the specification lets it be; TLVs that it does not know are
// kept. What it leaves out: submit_multi, data_sm, query_sm, replace_sm,
// cancel_sm, outbind and everything of SMPP 5.0. A PDU of those kinds is
// answered with generic_nack.
//
// Numbers in comments are sections of "Short Message Peer to Peer Protocol
// Specification v3.4, 12-Oct-1999 Issue 1.2".
package smpp
