// Package smsc is an imitation SMS centre. It speaks SMPP 3.4 over real sockets
// and keeps what arrives, so that a demonstration can show phones, and a test
// can compare what we say was sent with what was received.
//
// Nothing reaches a phone. Wherever its figures are shown they are labelled as
// an imitation's.
//
// [New] and [Server.Listen] start it; [Server.SetFaults] makes it slow, forgetful
// or rude; [Server.Counts], [Server.Messages] and [Server.Phones] are its
// account; [Server.SendReceipt] and [Server.SendMO] make it speak. It joins the
// parts of long messages, answers every submission with an id of its own, and
// sends receipts until they are acknowledged, to whichever link of the account
// can take them.
//
// Its memory is bounded: [Config.KeepMessages] messages, a million distinct
// addresses, 10,000 unfinished long messages, 100,000 receipts that wait.
package smsc
