package smpp

import (
	"bytes"
)

// MessageState is the final or present state of a message (§5.2.28).
type MessageState byte

const (
	StateEnroute       MessageState = 1
	StateDelivered     MessageState = 2
	StateExpired       MessageState = 3
	StateDeleted       MessageState = 4
	StateUndeliverable MessageState = 5
	StateAccepted      MessageState = 6
	StateUnknown       MessageState = 7
	StateRejected      MessageState = 8
)

// Word returns the state as receipts spell it (appendix B): "DELIVRD".
// A state of another number has none.
func (s MessageState) Word() string {
	switch s {
	case StateEnroute:
		return "ENROUTE"
	case StateDelivered:
		return "DELIVRD"
	case StateExpired:
		return "EXPIRED"
	case StateDeleted:
		return "DELETED"
	case StateUndeliverable:
		return "UNDELIV"
	case StateAccepted:
		return "ACCEPTD"
	case StateUnknown:
		return "UNKNOWN"
	case StateRejected:
		return "REJECTD"
	}
	return ""
}

// stateOfWord reads a receipt's word; 0 for one that appendix B does not have.
func stateOfWord(w []byte) MessageState {
	for s := StateEnroute; s <= StateRejected; s++ {
		if bytes.EqualFold(w, []byte(s.Word())) {
			return s
		}
	}
	return 0
}

// Receipt is a delivery receipt: what became of the message ID. Fields are
// views into the PDU.
type Receipt struct {
	ID    []byte       // as in submit_sm_resp
	State MessageState // 0 when the word is unknown and no TLV says more
	Stat  []byte       // the word, such as DELIVRD
	Err   []byte       // the network's error code, often three digits
	Done  []byte       // done date, YYMMDDhhmm or YYMMDDhhmmss, in the SMSC's time zone
}

// Limits on a receipt's fields, beyond which it is not one.
const (
	maxReceiptID   = maxMessageID - 1
	maxReceiptWord = 16
)

// ReceiptOf reads the delivery receipt in a deliver_sm. The TLVs
// receipted_message_id and message_state win over the text, whose layout the
// specification leaves to the SMSC. It returns false when neither names a message.
func ReceiptOf(m *ShortMessage) (Receipt, bool) {
	if !m.IsReceipt() {
		return Receipt{}, false
	}
	r, _ := ParseReceipt(m.Body())
	if v, ok := m.TLVs.Get(TagReceiptedMessageID); ok {
		v, _, _ = bytes.Cut(v, []byte{0})
		if len(v) > 0 && len(v) <= maxReceiptID {
			r.ID = v
		}
	}
	if v, ok := m.TLVs.Get(TagMessageState); ok && len(v) == 1 {
		if s := MessageState(v[0]); s.Word() != "" {
			r.State = s
			if len(r.Stat) == 0 {
				r.Stat = []byte(s.Word())
			}
		}
	}
	return r, len(r.ID) > 0
}

// ParseReceipt reads the text of a receipt as appendix B lays it out:
//
//	id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E Text: ...
//
// Fields may stand in another order or be missing; keys are read whatever their
// case. What follows "text:" is the start of the message and is not looked at,
// since a person may have written "stat:" there. It returns false without an id.
func ParseReceipt(text []byte) (Receipt, bool) {
	var r Receipt
	for len(text) > 0 {
		text = bytes.TrimLeft(text, " ")
		key, value, rest, ok := cutField(text)
		if !ok || bytes.EqualFold(key, []byte("text")) {
			break
		}
		r.set(key, value)
		text = rest
	}
	return r, len(r.ID) > 0
}

// cutField splits "key:value rest". The keys "submit date" and "done date" hold
// a space.
func cutField(text []byte) (key, value, rest []byte, ok bool) {
	colon := bytes.IndexByte(text, ':')
	if colon < 0 {
		return nil, nil, nil, false
	}
	key, rest = text[:colon], text[colon+1:]
	end := bytes.IndexByte(rest, ' ')
	if end < 0 {
		return key, rest, nil, true
	}
	return key, rest[:end], rest[end:], true
}

func (r *Receipt) set(key, value []byte) {
	switch {
	case bytes.EqualFold(key, []byte("id")):
		if len(value) <= maxReceiptID {
			r.ID = value
		}
	case bytes.EqualFold(key, []byte("stat")):
		if len(value) <= maxReceiptWord {
			r.Stat, r.State = value, stateOfWord(value)
		}
	case bytes.EqualFold(key, []byte("err")):
		if len(value) <= maxReceiptWord {
			r.Err = value
		}
	case bytes.EqualFold(key, []byte("done date")):
		if len(value) <= maxReceiptWord {
			r.Done = value
		}
	}
}

// AppendReceipt appends a receipt's text. An SMSC writes it; applications read it.
func AppendReceipt(dst []byte, r *Receipt, submitted []byte) []byte {
	delivered := "000"
	if r.State == StateDelivered {
		delivered = "001"
	}
	dst = append(append(dst, "id:"...), r.ID...)
	dst = append(append(dst, " sub:001 dlvrd:"...), delivered...)
	dst = append(append(dst, " submit date:"...), submitted...)
	dst = append(append(dst, " done date:"...), r.Done...)
	dst = append(append(dst, " stat:"...), r.Stat...)
	dst = append(append(dst, " err:"...), r.Err...)
	return append(dst, " text:"...)
}
