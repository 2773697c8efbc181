package alert

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Buckets is the number of buckets that subscriptions are spread over.
const Buckets = 4096

// RecipientID names a subscription without saying whose it is: the first 16
// bytes of HMAC-SHA-256 over channel and address. The same address on the same
// channel is always the same id.
type RecipientID [16]byte

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String returns the id in 26 lower-case letters and digits, safe in a subject.
func (id RecipientID) String() string { return idEncoding.EncodeToString(id[:]) }

// Bucket returns the bucket the id falls into, 0 to [Buckets]-1.
func (id RecipientID) Bucket() int { return int(binary.BigEndian.Uint16(id[:2]) >> 4) }

// ParseRecipientID reads the text form back.
func ParseRecipientID(s string) (RecipientID, error) {
	var id RecipientID
	b, err := idEncoding.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("recipient id %q: want 26 letters and digits", s)
	}
	copy(id[:], b)
	return id, nil
}

// OutcomeState is what became of one recipient of one notice on one channel.
// States only move forward: see [OutcomeState.Supersedes].
type OutcomeState uint8

const (
	StateNone        OutcomeState = iota // nothing is known yet
	StateDeferred                        // to be tried again, not before Outcome.NotBefore
	StateUnsure                          // handed over, no answer came: may have arrived
	StateSimulated                       // no carrier is configured: nothing was sent
	StateExpired                         // the notice ended before it could be sent
	StateLeft                            // the subscriber left before it was sent
	StateRefused                         // the carrier or the person's settings refused it for good
	StateAccepted                        // the carrier's protocol said that it took it
	StateDelivered                       // a receipt said that it arrived
	StateUndelivered                     // it was accepted, and a receipt then said that it did not arrive
	StateClosed                          // not a person's: the slice was closed by a correction
	StateStopped                         // an officer stopped the fan-out before it could be sent
)

// LastState is the highest state there is, for counting by state.
const LastState = StateStopped

var stateNames = [...]string{"none", "deferred", "unsure", "simulated", "expired", "left", "refused", "accepted", "delivered", "undelivered", "closed", "stopped"}

func (s OutcomeState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Settled reports whether a recipient in this state needs nothing more.
// Unsure settles only after its last attempt, which Outcome.Final says.
func (o Outcome) Settled() bool {
	switch o.State {
	case StateSimulated, StateExpired, StateLeft, StateRefused, StateAccepted, StateDelivered, StateUndelivered, StateStopped:
		return true
	case StateUnsure:
		return o.Final
	}
	return false
}

// Reached reports whether the person may hold the notice, so that a
// retraction has to follow it.
func (s OutcomeState) Reached() bool {
	return s == StateAccepted || s == StateDelivered || s == StateUnsure || s == StateUndelivered
}

// Supersedes reports whether an outcome in state s replaces one in state old.
// A receipt overtakes an acceptance; nothing overtakes a receipt; an unsure
// send that is later answered takes the answer.
func (s OutcomeState) Supersedes(old OutcomeState) bool {
	rank := func(x OutcomeState) int {
		switch x {
		case StateNone:
			return 0
		case StateDeferred:
			return 1
		case StateUnsure:
			return 2
		case StateSimulated, StateExpired, StateLeft, StateStopped, StateRefused, StateAccepted:
			return 3
		default:
			return 4
		}
	}
	if s == StateDeferred && old == StateDeferred || s == StateUnsure && old == StateUnsure {
		return true // the newest attempt counts
	}
	return rank(s) > rank(old)
}

// Outcome is one answer about one recipient.
type Outcome struct {
	ID        RecipientID
	State     OutcomeState
	Final     bool      // no further attempt follows
	Repeat    bool      // this send may have been a second copy
	Attempt   uint8     // 1 for the first
	At        time.Time // when it became known, to the millisecond
	NotBefore time.Time // deferred: when to try again
	Code      string    // the carrier's own word: "0x00000058", "errcode 43004", "DELIVRD"; at most 64 bytes
	MessageID string    // the carrier's id of the message, for receipts; at most 128 bytes
}

// The wire form of one outcome, many to a message. Compact rather than JSON:
// a million outcomes are 30 to 50 MB on disk, and reading them costs no reflection.
//
//	id 16 bytes | state 1 | flags 1 | attempt 1 | at ms uvarint | [not before ms uvarint] |
//	code length uvarint, code | message id length uvarint, message id
//
// A message starts with the byte outcomeFormat.
const outcomeFormat = 1

const (
	flagFinal = 1 << iota
	flagRepeat
	flagNotBefore
)

// AppendOutcomes appends the wire form of all outcomes to dst.
func AppendOutcomes(dst []byte, outcomes []Outcome) []byte {
	dst = append(dst, outcomeFormat)
	for i := range outcomes {
		o := &outcomes[i]
		var flags byte
		if o.Final {
			flags |= flagFinal
		}
		if o.Repeat {
			flags |= flagRepeat
		}
		if !o.NotBefore.IsZero() {
			flags |= flagNotBefore
		}
		dst = append(dst, o.ID[:]...)
		dst = append(dst, byte(o.State), flags, o.Attempt)
		dst = binary.AppendUvarint(dst, uint64(o.At.UnixMilli()))
		if flags&flagNotBefore != 0 {
			dst = binary.AppendUvarint(dst, uint64(o.NotBefore.UnixMilli()))
		}
		dst = appendShort(dst, o.Code, 64)
		dst = appendShort(dst, o.MessageID, 128)
	}
	return dst
}

func appendShort(dst []byte, s string, limit int) []byte {
	if len(s) > limit {
		s = s[:limit]
	}
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

var errOutcomeBytes = errors.New("outcome bytes are damaged")

// DecodeOutcomes calls yield for each outcome in a stored message, in order.
// It returns an error when the bytes are not whole; outcomes before the damage
// have been yielded by then.
func DecodeOutcomes(b []byte, yield func(Outcome)) error {
	if len(b) == 0 || b[0] != outcomeFormat {
		return fmt.Errorf("%w: unknown format", errOutcomeBytes)
	}
	b = b[1:]
	for len(b) > 0 {
		var o Outcome
		if len(b) < 19 {
			return fmt.Errorf("%w: cut short", errOutcomeBytes)
		}
		copy(o.ID[:], b)
		o.State = OutcomeState(b[16])
		if int(o.State) >= len(stateNames) {
			return fmt.Errorf("%w: state %d", errOutcomeBytes, b[16])
		}
		flags := b[17]
		o.Attempt = b[18]
		o.Final, o.Repeat = flags&flagFinal != 0, flags&flagRepeat != 0
		b = b[19:]
		ms, n := binary.Uvarint(b)
		if n <= 0 || ms > 1<<50 {
			return fmt.Errorf("%w: time", errOutcomeBytes)
		}
		o.At, b = time.UnixMilli(int64(ms)).UTC(), b[n:]
		if flags&flagNotBefore != 0 {
			ms, n := binary.Uvarint(b)
			if n <= 0 || ms > 1<<50 {
				return fmt.Errorf("%w: time", errOutcomeBytes)
			}
			o.NotBefore, b = time.UnixMilli(int64(ms)).UTC(), b[n:]
		}
		var ok bool
		if o.Code, b, ok = cutShort(b, 64); !ok {
			return fmt.Errorf("%w: code", errOutcomeBytes)
		}
		if o.MessageID, b, ok = cutShort(b, 128); !ok {
			return fmt.Errorf("%w: message id", errOutcomeBytes)
		}
		yield(o)
	}
	return nil
}

func cutShort(b []byte, limit int) (string, []byte, bool) {
	l, n := binary.Uvarint(b)
	if n <= 0 || l > uint64(limit) || uint64(len(b)-n) < l {
		return "", nil, false
	}
	return string(b[n : n+int(l)]), b[n+int(l):], true
}
