package sms

import (
	"time"

	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
)

// verdict is what a carrier's status means for what was submitted.
type verdict uint8

const (
	taken     verdict = iota
	refused           // for good, for this person: the outcome is refused
	putOff            // try this person again later: the outcome is deferred
	throttled         // the route is too fast: slow down and submit again
	unbound           // the carrier lost our session: bind again
	halts             // the account or the route is wrong: nobody gets anything until somebody acts
)

// classify sorts statuses (R23). What a status means is SMPP 3.4 §5.1.3; which
// of them pass and which do not is the practice of carriers' gateways:
//
//   - 0x58 and 0x14 say that we are too fast or that a queue is full now.
//   - 0x04 says that the session is not bound: the carrier lost it, not the
//     person.
//   - 0x0A, 0x15, 0x48, 0x49 and 0x53 are about our number and our account.
//   - 0x08, 0x45, 0x64 and 0xFE may pass; so may one that nobody knows, but its
//     tries are counted.
//   - 0x0B, 0x50, 0x51, 0x65 and 0x66 are about the person's number.
//   - 0x01 to 0x03, 0x43, 0x61 and 0x62 are about this message: sending it
//     again is useless, and stopping everybody else's would be worse.
func classify(s smpp.Status) verdict {
	switch s {
	case smpp.StatusOK:
		return taken
	case smpp.StatusThrottled, smpp.StatusMessageQueue:
		return throttled
	case smpp.StatusInvDest, smpp.StatusInvDestTON, smpp.StatusInvDestNPI, smpp.StatusReceiverPerm, smpp.StatusReceiverReject,
		smpp.StatusInvMsgLen, smpp.StatusInvCmdLen, smpp.StatusInvCmdID, smpp.StatusInvEsmClass, smpp.StatusInvSchedule, smpp.StatusInvExpiry:
		return refused
	case smpp.StatusInvBindStatus:
		return unbound
	case smpp.StatusInvSource, smpp.StatusInvServiceType, smpp.StatusInvSourceTON, smpp.StatusInvSourceNPI, smpp.StatusInvSystemType:
		return halts
	}
	return putOff
}

const (
	firstPutOff = 30 * time.Second // then twice as long with each attempt
	lastPutOff  = 10 * time.Minute
)

// tryAgainAt is when a person who was put off at this attempt is tried again.
func tryAgainAt(now time.Time, attempt uint8) time.Time {
	wait := firstPutOff
	for ; attempt > 1 && wait < lastPutOff; attempt-- {
		wait *= 2
	}
	return now.Add(min(wait, lastPutOff))
}

// ReceiptState says what a receipt's state means for the outcome. ENROUTE,
// ACCEPTD and UNKNOWN, and words that nobody knows, say nothing new of a
// message that was accepted: it stays accepted. The carrier's word is kept
// beside.
func ReceiptState(s smpp.MessageState) alert.OutcomeState {
	switch s {
	case smpp.StateDelivered:
		return alert.StateDelivered
	case smpp.StateExpired, smpp.StateDeleted, smpp.StateUndeliverable, smpp.StateRejected:
		return alert.StateUndelivered
	}
	return alert.StateAccepted
}
