package smsc

import (
	"strconv"
	"time"

	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/smpp"
)

// submit takes one submit_sm; false cuts the link.
func (l *session) submit(f *Faults, h smpp.Header, pdu []byte) bool {
	s := l.srv
	if !l.canSubmit() {
		l.send(smpp.AppendEmpty(nil, smpp.SubmitSMResp, smpp.StatusInvBindStatus, h.Sequence))
		return true
	}
	var m smpp.ShortMessage
	if smpp.DecodeShortMessage(pdu, &m) != nil {
		l.send(smpp.AppendEmpty(nil, smpp.SubmitSMResp, smpp.StatusInvMsgLen, h.Sequence))
		return true
	}
	now, phone := time.Now(), international(m.DestTON, m.Dest)
	status := validate(&m)
	v := verdict{status: status}
	if status == smpp.StatusOK {
		v = s.judge(f, s.submits.Add(1), phone, now)
	}
	if v.status != smpp.StatusOK {
		s.book.refused(v.status)
		l.answer(f, smpp.AppendEmpty(nil, smpp.SubmitSMResp, v.status, h.Sequence), nil)
		return true
	}
	id := s.book.take(phone, &m, now)
	if v.cut {
		s.book.wasCut()
		return false
	}
	receipt := l.receipt(f, id, phone, &m, now)
	if f.ReceiptsEarly {
		receipt(0)
	}
	out, err := smpp.AppendMessageResp(nil, &smpp.MessageResp{Command: smpp.SubmitSMResp, Sequence: h.Sequence, MessageID: []byte(id)})
	switch {
	case v.silent || err != nil:
		if !f.ReceiptsEarly {
			receipt(f.AnswerDelay + s.cfg.ReceiptDelay)
		}
	case f.ReceiptsEarly:
		l.answer(f, out, nil)
	default:
		l.answer(f, out, receipt)
	}
	return true
}

// answer sends the answer when the centre's slowness and its gate allow it, and
// the receipt behind it.
func (l *session) answer(f *Faults, pdu []byte, receipt func(delay time.Duration)) {
	say := func() {
		l.send(pdu)
		if receipt != nil {
			receipt(l.srv.cfg.ReceiptDelay)
		}
	}
	l.srv.clock.after(f.AnswerDelay, func() {
		if f.Gate != nil {
			f.Gate(say)
			return
		}
		say()
	})
}

// validate holds a submission to what a carrier would check.
func validate(m *smpp.ShortMessage) smpp.Status {
	if len(m.Dest) < 5 {
		return smpp.StatusInvDest
	}
	for _, c := range m.Dest {
		if c < '0' || c > '9' {
			return smpp.StatusInvDest
		}
	}
	if len(m.ValidityPeriod) == 16 && m.ValidityPeriod[15] != 'R' {
		if _, err := smpp.ParseAbsoluteTime(m.ValidityPeriod); err != nil {
			return smpp.StatusInvExpiry
		}
	} else if n := len(m.ValidityPeriod); n != 0 && n != 16 {
		return smpp.StatusInvExpiry
	}
	// 140 bytes on the air: septets are packed, seven bytes for eight.
	size := len(m.Body())
	if m.DataCoding == smpp.CodingDefault {
		head := 0
		if m.EsmClass&smpp.EsmUDHI != 0 && size > 0 {
			head = 1 + int(m.Body()[0])
		}
		size = head + (7*(size-head)+7)/8
	}
	if size > 140 {
		return smpp.StatusInvMsgLen
	}
	if m.EsmClass&smpp.EsmUDHI != 0 {
		if _, _, _, ok := gsm.CutHeader(m.Body()); !ok {
			return smpp.StatusInvEsmClass
		}
	}
	return smpp.StatusOK
}

// international spells a number as people do: with a plus where its type says so.
func international(ton byte, number []byte) string {
	if ton == 1 {
		return "+" + string(number)
	}
	return string(number)
}

// decode reads the text of one message's body.
func decode(coding byte, body []byte) string {
	switch coding {
	case smpp.CodingUCS2:
		return gsm.Decode(gsm.UCS2, body)
	case smpp.CodingDefault:
		return gsm.Decode(gsm.Seven, body)
	}
	runes := make([]rune, len(body)) // ASCII and Latin 1; binary ones become readable enough
	for i, c := range body {
		runes[i] = rune(c)
	}
	return string(runes)
}

func messageID(n uint64) string { return strconv.FormatUint(n, 16) }
