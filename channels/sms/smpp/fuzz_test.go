package smpp

import (
	"bytes"
	"testing"
)

// FuzzDecode feeds every decoder with the same bytes. What decodes must encode
// to a PDU that decodes to the same.
func FuzzDecode(f *testing.F) {
	f.Add(goldenSubmit(f))
	f.Add(goldenBind(f))
	f.Add(must(AppendBindResp(nil, &BindResp{Command: BindTransceiverResp, SystemID: []byte("SMSC")})))
	f.Add(must(AppendMessageResp(nil, &MessageResp{Command: SubmitSMResp, Sequence: 1, MessageID: []byte("1")})))
	f.Add(AppendEmpty(nil, GenericNack, StatusInvCmdLen, 0))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m ShortMessage
		if DecodeShortMessage(b, &m) == nil {
			h, _ := DecodeHeader(b)
			again, err := appendShortMessage(nil, h.Command, &m)
			if err != nil || !bytes.Equal(again[16:], b[16:]) {
				t.Fatalf("round trip: %v\n%x\n%x", err, b, again)
			}
			ReceiptOf(&m)
		}
		var bind Bind
		if DecodeBind(b, &bind) == nil {
			if again, err := AppendBind(nil, &bind); err != nil || !bytes.Equal(again[16:], b[16:]) {
				t.Fatalf("round trip of a bind: %v\n%x\n%x", err, b, again)
			}
		}
		var br BindResp
		if DecodeBindResp(b, &br) == nil && br.Status == StatusOK {
			if again, err := AppendBindResp(nil, &br); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("round trip of an answer to a bind: %v\n%x\n%x", err, b, again)
			}
		}
		var mr MessageResp
		if DecodeMessageResp(b, &mr) == nil {
			if _, err := AppendMessageResp(nil, &mr); err != nil {
				t.Fatalf("round trip of an answer: %v\n%x", err, b)
			}
		}
	})
}

func FuzzReceipt(f *testing.F) {
	f.Add([]byte("id:0123456789 sub:001 dlvrd:001 submit date:2511240815 done date:2511240816 stat:DELIVRD err:000 Text:x"))
	f.Add([]byte("stat:: id:\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := ParseReceipt(b)
		if ok != (len(r.ID) > 0) || len(r.ID) > 64 || len(r.Stat) > 16 || len(r.Err) > 16 {
			t.Fatalf("%q: %+v", b, r)
		}
	})
}
