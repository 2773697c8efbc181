// Package link keeps one TCP connection to a carrier's gateway: it connects,
// signs in, sends what it is given through a window, matches answers, keeps the
// connection alive, and connects again when it breaks.
//
// It knows no protocol. A [Protocol] says how a PDU is cut from the stream, what
// it means, and how to write the few that the engine itself sends. SMPP, CMPP,
// SGIP and SMGP all have the same skeleton: a length, a command, a sequence
// number, and answers that carry the sequence number of the question.
//
// The door is [Link.Submit]. What it promises:
//
//   - Every [Submission] that Submit took gets exactly one [Answer]: the
//     carrier's, or an error that says whether the carrier may have it.
//   - [ErrLost] and [ErrTimeout] mean that the carrier may have it. [ErrUnsent]
//     means that not one byte of it left the process.
//   - The slot of an answer is taken before the question is written, so an
//     answer cannot be too quick for its question.
//   - Questions are written as one system call for as many as are waiting.
//   - Bytes of any kind from the carrier end the connection with a reason at
//     worst. Memory is bounded: 64 KiB to read, 512 KiB to write, 512 KiB of
//     incoming messages that wait for the record.
//   - When the context of [Link.Run] ends, answers in flight are waited for up
//     to [Config.Grace], then the carrier is told goodbye.
package link
