package smpp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// golden turns a PDU written down field by field into bytes. The literals below
// were laid out by hand from the tables of the specification.
func golden(t testing.TB, fields ...string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(fields, ""), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func goldenBind(t testing.TB) []byte {
	return golden(t,
		"00000027", "00000009", "00000000", "00000001", // header: length, bind_transceiver, status, sequence
		"6d696e676c756f 00", // system_id "mingluo"
		"73336372 00",       // password "s3cr"
		"00",                // system_type
		"34", "01", "01",    // interface_version, addr_ton, addr_npi
		"3836313000", // address_range "8610"
	)
}

func TestBindIsLaidOutAsSpecified(t *testing.T) {
	want := goldenBind(t)
	in := Bind{Command: BindTransceiver, Sequence: 1, SystemID: []byte("mingluo"), Password: []byte("s3cr"),
		Version: Version34, AddrTON: 1, AddrNPI: 1, AddressRange: []byte("8610")}
	want[3] = byte(len(want))
	got, err := AppendBind(nil, &in)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got  %x, %v\nwant %x", got, err, want)
	}
	var out Bind
	if err := DecodeBind(got, &out); err != nil {
		t.Fatal(err)
	}
	in.SystemType = []byte{}
	if !reflect.DeepEqual(in, out) {
		t.Fatalf("got %+v, want %+v", out, in)
	}
}

func goldenSubmit(t testing.TB) []byte {
	b := golden(t,
		"00000000", "00000004", "00000000", "0000002a", // header
		"00",                                   // service_type
		"00 01 3130363537 00",                  // source "10657", TON unknown, NPI ISDN
		"01 01 38363133383030303030303030 00",  // destination "8613800000000", international, ISDN
		"40 00 00",                             // esm_class UDHI, protocol_id, priority_flag
		"00",                                   // schedule_delivery_time
		"323531313234303031353030303030 2b 00", // validity_period "251124001500000+"
		"01 00 08 00",                          // registered_delivery, replace_if_present, data_coding UCS-2, sm_default_msg_id
		"0a", "050003070201", "53f0 98ce",      // sm_length, UDH part 1 of 2 ref 7, 台风
		"0204 0002 0007", // a TLV: user_message_reference
	)
	b[3] = byte(len(b))
	return b
}

func submitSample() ShortMessage {
	return ShortMessage{
		Sequence: 42, ServiceType: []byte{}, SourceNPI: 1, Source: []byte("10657"), DestTON: 1, DestNPI: 1, Dest: []byte("8613800000000"),
		EsmClass: EsmUDHI, ScheduleTime: []byte{}, ValidityPeriod: []byte("251124001500000+"), RegisteredDelivery: ReceiptAlways,
		DataCoding: CodingUCS2, Text: []byte{5, 0, 3, 7, 2, 1, 0x53, 0xf0, 0x98, 0xce}, TLVs: TLVs{2, 4, 0, 2, 0, 7},
	}
}

func TestSubmitSMIsLaidOutAsSpecified(t *testing.T) {
	in := submitSample()
	in.ValidityPeriod = []byte("251124001500000+")
	got, err := AppendSubmitSM(nil, &in)
	want := goldenSubmit(t)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got  %x, %v\nwant %x", got, err, want)
	}
	var out ShortMessage
	if err := DecodeShortMessage(want, &out); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in, out) {
		t.Fatalf("got %+v, want %+v", out, in)
	}
	if v, ok := out.TLVs.Get(0x0204); !ok || !bytes.Equal(v, []byte{0, 7}) {
		t.Fatalf("an unknown TLV was not kept: %x", v)
	}
}

func TestAnswersAreLaidOutAsSpecified(t *testing.T) {
	for name, c := range map[string]struct{ got, want []byte }{
		"submit_sm_resp": {
			must(AppendMessageResp(nil, &MessageResp{Command: SubmitSMResp, Sequence: 42, MessageID: []byte("7f3a")})),
			golden(t, "00000015", "80000004", "00000000", "0000002a", "37663361 00")},
		"submit_sm_resp, refused: no body": {
			must(AppendMessageResp(nil, &MessageResp{Command: SubmitSMResp, Status: StatusThrottled, Sequence: 42})),
			golden(t, "00000010", "80000004", "00000058", "0000002a")},
		"deliver_sm_resp: message_id is empty": {
			must(AppendMessageResp(nil, &MessageResp{Command: DeliverSMResp, Sequence: 9})),
			golden(t, "00000011", "80000005", "00000000", "00000009", "00")},
		"bind_transceiver_resp with sc_interface_version": {
			must(AppendBindResp(nil, &BindResp{Command: BindTransceiverResp, Sequence: 1, SystemID: []byte("SMSC"), TLVs: TLVs{2, 0x10, 0, 1, 0x34}})),
			golden(t, "0000001a", "80000009", "00000000", "00000001", "534d5343 00", "0210 0001 34")},
		"enquire_link":       {AppendEmpty(nil, EnquireLink, 0, 3), golden(t, "00000010", "00000015", "00000000", "00000003")},
		"unbind_resp":        {AppendEmpty(nil, UnbindResp, 0, 4), golden(t, "00000010", "80000006", "00000000", "00000004")},
		"generic_nack":       {AppendEmpty(nil, GenericNack, StatusInvCmdID, 5), golden(t, "00000010", "80000000", "00000003", "00000005")},
		"appended, not over": {AppendEmpty([]byte{1}, Unbind, 0, 6), golden(t, "01", "00000010", "00000006", "00000000", "00000006")},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("%s:\ngot  %x\nwant %x", name, c.got, c.want)
		}
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestFieldsOverTheirRoomAreRefusedAndLeaveTheBufferAlone(t *testing.T) {
	long := bytes.Repeat([]byte("9"), 300)
	for name, spoil := range map[string]func(*ShortMessage){
		"destination of 21 bytes":   func(m *ShortMessage) { m.Dest = long[:21] },
		"source of 21 bytes":        func(m *ShortMessage) { m.Source = long[:21] },
		"service type of 6 bytes":   func(m *ShortMessage) { m.ServiceType = long[:6] },
		"validity of 17 bytes":      func(m *ShortMessage) { m.ValidityPeriod = long[:17] },
		"text of 255 bytes":         func(m *ShortMessage) { m.Text = long[:255] },
		"zero byte in an address":   func(m *ShortMessage) { m.Dest = []byte("86\x0013") },
		"TLV cut short":             func(m *ShortMessage) { m.TLVs = TLVs{0, 1, 0, 9, 1} },
		"message payload too large": func(m *ShortMessage) { m.TLVs, _ = AppendTLV(nil, TagMessagePayload, make([]byte, 0xFFFF)) },
	} {
		m := submitSample()
		spoil(&m)
		if got, err := AppendSubmitSM([]byte("before"), &m); err == nil || string(got) != "before" {
			t.Errorf("%s: got %d bytes, error %v", name, len(got), err)
		}
	}
	bind := Bind{Command: BindTransceiver, Password: []byte("ninechars")}
	if _, err := AppendBind(nil, &bind); !errors.Is(err, ErrString) {
		t.Errorf("a password of 9 bytes: %v", err)
	}
}

func TestDamagedPDUsAreRefused(t *testing.T) {
	whole := goldenSubmit(t)
	var m ShortMessage
	for n := range whole {
		cut := bytes.Clone(whole[:n])
		if n >= 4 {
			cut[2], cut[3] = byte(n>>8), byte(n) // the length agrees, the fields do not
		}
		if err := DecodeShortMessage(cut, &m); err == nil && n != len(whole)-6 { // without its TLV it is whole again
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
	for name, head := range map[string]string{"15 bytes": "0000000f", "4 GiB": "ffffffff", "64 KiB and one": "00010001", "0": "00000000"} {
		if _, err := Length(golden(t, head)); !errors.Is(err, ErrLength) {
			t.Errorf("length %s: %v", name, err)
		}
	}
	if n, err := Length(golden(t, "00010000")); n != MaxPDU || err != nil {
		t.Errorf("64 KiB: %d, %v", n, err)
	}
}

func TestErrorAnswersMayComeWithoutABody(t *testing.T) {
	var m MessageResp
	if err := DecodeMessageResp(AppendEmpty(nil, SubmitSMResp, StatusInvDest, 7), &m); err != nil || m.Status != StatusInvDest {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := DecodeMessageResp(AppendEmpty(nil, SubmitSMResp, StatusOK, 7), &m); err == nil {
		t.Fatal("an acceptance without a message id was taken")
	}
	var b BindResp
	if err := DecodeBindResp(AppendEmpty(nil, BindTransceiverResp, StatusInvPassword, 1), &b); err != nil || b.Status != StatusInvPassword {
		t.Fatalf("%+v, %v", b, err)
	}
}

func TestTimesKeepTheirInstant(t *testing.T) {
	at := time.Date(2025, 11, 24, 8, 15, 0, 300e6, time.FixedZone("CST", 8*3600))
	if got := string(AbsoluteTime(at)); got != "251124001500300+" {
		t.Fatalf("got %s", got)
	}
	back, err := ParseAbsoluteTime([]byte("251124081500332+"))
	if err != nil || !back.Equal(at) {
		t.Fatalf("got %s, %v", back, err)
	}
	for _, bad := range []string{"", "251124081500332R", "25112408150033x+", "251324081500332+", "251124081500399+"} {
		if _, err := ParseAbsoluteTime([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestStatusCodesReadAsInTheSpecification(t *testing.T) {
	if got := StatusInvDest.Code(); got != "0x0000000b" {
		t.Error(got)
	}
	if got := Status(0x1403).String(); got != "0x00001403" {
		t.Error(got)
	}
	if got := StatusThrottled.String(); !strings.HasPrefix(got, "0x00000058 Throttling error") {
		t.Error(got)
	}
	if SubmitSMResp.String() != "submit_sm_resp" || CommandID(0x103).String() != "command 0x00000103" {
		t.Error(SubmitSMResp, CommandID(0x103))
	}
}

func TestCodecDoesNotAllocate(t *testing.T) {
	m, buf, pdu := submitSample(), make([]byte, 0, 512), goldenSubmit(t)
	resp := golden(t, "00000015", "80000004", "00000000", "0000002a", "37663361 00")
	var out ShortMessage
	var r MessageResp
	if n := testing.AllocsPerRun(100, func() {
		buf, _ = AppendSubmitSM(buf[:0], &m)
		_ = DecodeShortMessage(pdu, &out)
		_ = DecodeMessageResp(resp, &r)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkEncodeSubmit(b *testing.B) {
	m, buf := submitSample(), make([]byte, 0, 512)
	m.Text = make([]byte, 140)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = AppendSubmitSM(buf[:0], &m)
	}
}

func BenchmarkDecodeSubmit(b *testing.B) {
	pdu := goldenSubmit(b)
	var m ShortMessage
	b.ReportAllocs()
	for b.Loop() {
		if err := DecodeShortMessage(pdu, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeSubmitResp(b *testing.B) {
	pdu := must(AppendMessageResp(nil, &MessageResp{Command: SubmitSMResp, Sequence: 42, MessageID: []byte("7f3a99012")}))
	var m MessageResp
	b.ReportAllocs()
	for b.Loop() {
		if err := DecodeMessageResp(pdu, &m); err != nil {
			b.Fatal(err)
		}
	}
}
