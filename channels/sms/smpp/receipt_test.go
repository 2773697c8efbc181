package smpp

import "testing"

func TestReceiptsInTheWildAreRead(t *testing.T) {
	for text, want := range map[string]struct {
		id, stat, err string
		state         MessageState
	}{
		"id:0123456789 sub:001 dlvrd:001 submit date:2511240815 done date:2511240816 stat:DELIVRD err:000 Text:【佛山应急】": {"0123456789", "DELIVRD", "000", StateDelivered},
		"ID:7f3a SUB:001 DLVRD:000 SUBMIT DATE:251124081500 DONE DATE:251124081600 STAT:undeliv ERR:001 TEXT:":         {"7f3a", "undeliv", "001", StateUndeliverable},
		"id:9 stat:EXPIRED":                         {"9", "EXPIRED", "", StateExpired},
		"stat:REJECTD err:0A1 id:9":                 {"9", "REJECTD", "0A1", StateRejected},
		"id:9 stat:MA:0001 err:0":                   {"9", "MA:0001", "0", 0},
		"id:9 sub:001 text:stat:DELIVRD":            {"9", "", "", 0}, // written by a person, not by the SMSC
		"id: sub:001 stat:DELIVRD":                  {"", "DELIVRD", "", StateDelivered},
		"hello":                                     {},
		"id:9 stat:DELIVRD err:000 text:id:8 id:77": {"9", "DELIVRD", "000", StateDelivered},
	} {
		r, ok := ParseReceipt([]byte(text))
		if ok != (want.id != "") || string(r.ID) != want.id || string(r.Stat) != want.stat || string(r.Err) != want.err || r.State != want.state {
			t.Errorf("%q: got id %q stat %q err %q state %d", text, r.ID, r.Stat, r.Err, r.State)
		}
	}
}

func TestReceiptTLVsWinOverTheText(t *testing.T) {
	m := ShortMessage{EsmClass: EsmReceipt, Text: []byte("id:2130706433 stat:UNKNOWN err:000")}
	m.TLVs, _ = AppendTLV(m.TLVs, TagReceiptedMessageID, []byte("7f000001\x00"))
	m.TLVs, _ = AppendTLV(m.TLVs, TagMessageState, []byte{byte(StateDelivered)})
	r, ok := ReceiptOf(&m)
	if !ok || string(r.ID) != "7f000001" || r.State != StateDelivered {
		t.Fatalf("got %q %d", r.ID, r.State)
	}
	m.Text = nil
	if r, ok = ReceiptOf(&m); !ok || string(r.Stat) != "DELIVRD" {
		t.Fatalf("without a text: %q", r.Stat)
	}
	m.EsmClass = 0
	if _, ok := ReceiptOf(&m); ok {
		t.Fatal("an ordinary message was taken for a receipt")
	}
}

func TestWrittenReceiptIsReadBack(t *testing.T) {
	in := Receipt{ID: []byte("ab12"), State: StateUndeliverable, Stat: []byte("UNDELIV"), Err: []byte("027"), Done: []byte("2511240816")}
	out, ok := ParseReceipt(AppendReceipt(nil, &in, []byte("2511240815")))
	if !ok || string(out.ID) != "ab12" || out.State != in.State || string(out.Err) != "027" || string(out.Done) != "2511240816" {
		t.Fatalf("got %q %d %q %q", out.ID, out.State, out.Err, out.Done)
	}
}
