// Package sms is the SMS channel: it says a notice in the few characters that a
// phone shows, cuts it into the parts that the carrier bills, and hands them to
// an SMPP gateway.
//
// [New] makes a [Route]: one account at one carrier. It is a channels.Channel
// and a channels.Receiver; its Run must be running for Deliver to send.
// Package smpp is the protocol, package link the connection, package gsm the
// alphabets and parts.
//
// # What one SMS says
//
// [Route.Render] writes the text, and the same text is sent. In order: the
// drill's mark; the signature; for anything but a first issue the word of the
// act (【更新】【更正】【解除】【撤回】); headline, place, time, what to do,
// class suspension; then the description, who issued it and when, telephone,
// verification code, address of the page; and the drill's mark again, so that
// in a drill 【演练】 is the very first and the very last of the text (R6). The
// first part of a long text thus names danger, place, time and, when the
// headline is short, what to do. A text over the limit of parts says where the
// description stands instead of carrying it (W13); nothing is cut silently.
//
// # What outcomes mean
//
// A message is accepted when the carrier accepted all its parts. The outcome's
// MessageID is that of the last part. It is delivered when the receipts of all
// parts said so, and undelivered as soon as one part's did not; that is known
// in memory for 72 hours, so after a restart the last part's receipt alone
// decides. See [classify] for the carrier's statuses and [ReceiptState] for the
// words of receipts.
//
// When the connection breaks or the carrier is silent, what it may have is
// unsure, and what did not leave the process is left to be tried again.
package sms
