package gsm

import "encoding/binary"

// HeaderLen is the length of the header that [AppendHeader] writes.
const HeaderLen = 6

// Place says which part of which text a message is.
type Place struct {
	Ref   uint16 // joins the parts of one text to one phone
	Total byte
	Seq   byte // from 1
}

// AppendHeader appends the user data header of a concatenated message with an
// 8-bit reference (3GPP TS 23.040 §9.2.3.24.1).
func AppendHeader(dst []byte, ref, total, seq byte) []byte {
	return append(dst, 0x05, 0x00, 0x03, ref, total, seq)
}

// CutHeader takes the user data header off a message. joined is false when the
// header says nothing of concatenation; ok is false when it is damaged.
// References of 8 and of 16 bits are read.
func CutHeader(b []byte) (p Place, joined bool, body []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return Place{}, false, nil, false
	}
	head, body := b[1:1+int(b[0])], b[1+int(b[0]):]
	for len(head) > 0 {
		if len(head) < 2 || len(head) < 2+int(head[1]) {
			return Place{}, false, nil, false
		}
		id, v := head[0], head[2:2+int(head[1])]
		switch {
		case id == 0x00 && len(v) == 3:
			p, joined = Place{Ref: uint16(v[0]), Total: v[1], Seq: v[2]}, true
		case id == 0x08 && len(v) == 4:
			p, joined = Place{Ref: binary.BigEndian.Uint16(v), Total: v[2], Seq: v[3]}, true
		}
		head = head[2+len(v):]
	}
	if joined && (p.Seq == 0 || p.Seq > p.Total) {
		return Place{}, false, body, true // the standard: ignore such an element
	}
	return p, joined, body, true
}
