package smsc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mingluo/channels/sms/gsm"
	"mingluo/channels/sms/smpp"
)

func TestOnlyTheAccountIsLetIn(t *testing.T) {
	s := start(t, Config{SystemID: "mingluo", Password: "right"})
	if got := dial(t, s).bind("mingluo", "wrong"); got != smpp.StatusInvPassword {
		t.Errorf("wrong password: %s", got)
	}
	if got := dial(t, s).bind("somebody", "right"); got != smpp.StatusInvSystemID {
		t.Errorf("wrong account: %s", got)
	}
	c := dial(t, s)
	if got, _ := c.submit("8613800000000", sms("x", 0)[0]); got != smpp.StatusInvBindStatus {
		t.Errorf("a submission before the bind: %s", got)
	}
	if got := c.bind("mingluo", "right"); got != smpp.StatusOK {
		t.Errorf("the account: %s", got)
	}
	if got := c.bind("mingluo", "right"); got != smpp.StatusAlreadyBound {
		t.Errorf("twice: %s", got)
	}
}

func TestPhonesShowWhatArrived(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.bind("x", "")
	long := strings.Repeat("台风🌀", 40) + "[end]"
	for i, m := range sms(long, 7) {
		if _, id := c.submit("8613800000001", m); id == "" {
			t.Fatalf("part %d has no id", i)
		}
	}
	c.submit("8613800000002", sms("Typhoon [€]", 0)[0])
	if got := s.Phones(); len(got) != 2 || got[0] != "+8613800000001" {
		t.Fatalf("phones %v", got)
	}
	if m := s.Messages("+8613800000001"); len(m) != 1 || m[0].Text != long || m[0].Parts != 3 || m[0].From != "10657" {
		t.Errorf("%+v", m)
	}
	if m := s.Messages("+8613800000002"); len(m) != 1 || m[0].Text != "Typhoon [€]" {
		t.Errorf("%+v", m)
	}
	if n := s.Counts(); n.Submissions != 4 || n.Messages != 2 || n.Addresses != 2 || n.Doubled != 0 {
		t.Errorf("%+v", n)
	}
}

func TestPartsMayComeInAnyOrderAndTwice(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.bind("x", "")
	text := strings.Repeat("演练", 50)
	parts := sms(text, 9)
	for _, i := range []int{1, 1, 0} {
		c.submit("8613800000001", parts[i])
	}
	if m := s.Messages("+8613800000001"); len(m) != 1 || m[0].Text != text {
		t.Errorf("%+v", m)
	}
	for _, m := range sms(text, 10) {
		c.submit("8613800000001", m)
	}
	if n := s.Counts(); n.Messages != 2 || n.Doubled != 1 || n.Addresses != 1 {
		t.Errorf("the same text a second time: %+v", n)
	}
}

func TestReceiptsComeUntilTheyAreTaken(t *testing.T) {
	s := start(t, Config{FailShare: 0.5})
	c := dial(t, s)
	c.bind("x", "")
	c.post("8613800000001", sms("a", 0)[0])
	c.post("8613800000002", sms("b", 0)[0])
	first := c.receipt(smpp.StatusReceiverTemp)
	second := c.receipt(smpp.StatusOK)
	again := c.receipt(smpp.StatusOK)
	if string(again.ID) != string(first.ID) || string(first.ID) == string(second.ID) {
		t.Errorf("receipts of %s, %s, %s", first.ID, second.ID, again.ID)
	}
	if first.State == second.State {
		t.Errorf("half of them fail: %s and %s", first.Stat, second.Stat)
	}
	until(t, "both are acknowledged", func() bool { return s.Counts().ReceiptsAcked == 2 })
}

func TestReceiptsWaitForALink(t *testing.T) {
	s := start(t, Config{ReceiptDelay: 30 * time.Millisecond})
	c := dial(t, s)
	c.bind("x", "")
	_, id := c.submit("8613800000001", sms("a", 0)[0])
	c.conn.Close()
	until(t, "the link is gone and the receipt waits", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.queue) == 1
	})
	c = dial(t, s)
	c.bind("x", "")
	if r := c.receipt(smpp.StatusOK); string(r.ID) != id {
		t.Errorf("receipt of %s, want %s", r.ID, id)
	}
}

func TestFaults(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.bind("x", "")

	s.SetFaults(Faults{NoReceipts: true, Refuse: map[string]smpp.Status{"+8613800000001": smpp.StatusInvDest}})
	if got, id := c.submit("8613800000001", sms("a", 0)[0]); got != smpp.StatusInvDest || id != "" {
		t.Errorf("refused number: %s %q", got, id)
	}

	s.SetFaults(Faults{NoReceipts: true, PerSecond: 1})
	throttled := 0
	for range 5 {
		if got, _ := c.submit("8613800000002", sms("a", 0)[0]); got == smpp.StatusThrottled {
			throttled++
		}
	}
	if throttled < 3 { // a second may end between two of them
		t.Errorf("%d of 5 throttled at one a second", throttled)
	}

	s.SetFaults(Faults{NoReceipts: true, AnswerDelay: 30 * time.Millisecond})
	began := time.Now()
	c.submit("8613800000002", sms("b", 0)[0])
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Errorf("a late answer came after %s", took)
	}

	s.SetFaults(Faults{NoReceipts: true, SilentAt: map[string]bool{"+8613800000003": true}})
	c.post("8613800000003", sms("c", 0)[0])
	if _, id := c.submit("8613800000004", sms("d", 0)[0]); id == "" {
		t.Error("the number beside the silent one")
	}

	before := s.Counts().Messages
	s.SetFaults(Faults{NoReceipts: true, CutAt: map[string]bool{"+8613800000005": true}})
	c.post("8613800000005", sms("e", 0)[0])
	if _, _, ok := c.next(); ok {
		t.Error("the link was not cut")
	}
	if n := s.Counts(); n.Messages != before+1 || n.Cuts != 1 {
		t.Errorf("the message before the cut: %+v", n)
	}
}

func TestThrottleCountsInFixedWindows(t *testing.T) {
	var th throttle
	now := time.UnixMilli(1_700_000_000_050)
	for i, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {10, true}, {40, false}, {50, true}, {60, true}, {149, false}, {150, true}} { // 20 a second, by tenths
		if got := th.allow(now.Add(c.after*time.Millisecond), 20, 100*time.Millisecond); got != c.want {
			t.Errorf("%d, after %d ms: %v", i, c.after, got)
		}
	}
}

func TestReceiptFaults(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.bind("x", "")
	s.SetFaults(Faults{ReceiptsEarly: true})
	c.post("8613800000001", sms("a", 0)[0])
	if h, _, _ := c.next(); h.Command != smpp.DeliverSM {
		t.Errorf("an early receipt, and first came %s", h.Command)
	}
	c.expect(smpp.SubmitSMResp)
	s.SetFaults(Faults{ReceiptsTwice: true})
	c.post("8613800000001", sms("b", 0)[0])
	if a, b := c.receipt(0), c.receipt(0); string(a.ID) != string(b.ID) {
		t.Errorf("receipts of %s and %s", a.ID, b.ID)
	}
}

func TestSubmissionsThatNoNetworkWouldTakeAreRefused(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.bind("x", "")
	for name, m := range map[string]struct {
		phone string
		m     smpp.ShortMessage
		want  smpp.Status
	}{
		"71 characters in one":  {"8613800000001", smpp.ShortMessage{DataCoding: smpp.CodingUCS2, Text: make([]byte, 142)}, smpp.StatusInvMsgLen},
		"161 septets in one":    {"8613800000001", smpp.ShortMessage{Text: make([]byte, 161)}, smpp.StatusInvMsgLen},
		"68 characters a part":  {"8613800000001", smpp.ShortMessage{DataCoding: smpp.CodingUCS2, EsmClass: smpp.EsmUDHI, Text: append([]byte{5, 0, 3, 1, 2, 1}, make([]byte, 136)...)}, smpp.StatusInvMsgLen},
		"154 septets a part":    {"8613800000001", smpp.ShortMessage{EsmClass: smpp.EsmUDHI, Text: append([]byte{5, 0, 3, 1, 2, 1}, make([]byte, 154)...)}, smpp.StatusInvMsgLen},
		"a header that is none": {"8613800000001", smpp.ShortMessage{EsmClass: smpp.EsmUDHI, Text: []byte{9, 0}}, smpp.StatusInvEsmClass},
		"letters for a number":  {"86138abc", smpp.ShortMessage{Text: []byte("x")}, smpp.StatusInvDest},
		"a date in words":       {"8613800000001", smpp.ShortMessage{Text: []byte("x"), ValidityPeriod: []byte("tomorrow morning")}, smpp.StatusInvExpiry},
		"160 septets are fine":  {"8613800000001", smpp.ShortMessage{Text: make([]byte, 160)}, smpp.StatusOK},
		"153 in a part too":     {"8613800000001", smpp.ShortMessage{EsmClass: smpp.EsmUDHI, Text: append([]byte{5, 0, 3, 1, 2, 1}, make([]byte, 153)...)}, smpp.StatusOK},
	} {
		if got, _ := c.submit(m.phone, m.m); got != m.want {
			t.Errorf("%s: %s, want %s", name, got, m.want)
		}
	}
}

func TestPersonsMessagesReachTheApplication(t *testing.T) {
	s := start(t, Config{Number: "10657"})
	c := dial(t, s)
	c.bind("x", "")
	if err := s.SendMO("+8613800000001", "退订"); err != nil {
		t.Fatal(err)
	}
	_, pdu := c.expect(smpp.DeliverSM)
	var m smpp.ShortMessage
	if err := smpp.DecodeShortMessage(pdu, &m); err != nil {
		t.Fatal(err)
	}
	if string(m.Source) != "8613800000001" || m.SourceTON != 1 || string(m.Dest) != "10657" || gsm.Decode(gsm.UCS2, m.Text) != "退订" || m.IsReceipt() {
		t.Errorf("%+v", m)
	}
}

func TestJunkEndsOnlyItsOwnConnection(t *testing.T) {
	s := start(t, Config{})
	good := dial(t, s)
	good.bind("x", "")
	bad := dial(t, s)
	bad.write([]byte("GET / HTTP/1.1\r\n\r\n"), nil)
	for {
		if _, _, ok := bad.next(); !ok {
			break
		}
	}
	if got, _ := good.submit("8613800000001", sms("x", 0)[0]); got != smpp.StatusOK {
		t.Errorf("%s", got)
	}
}

func TestPhonesSurviveARestart(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.bind("x", "")
	c.submit("8613800000001", sms("before", 0)[0])
	b, err := json.Marshal(s.Snapshot())
	if err != nil {
		t.Fatal(err)
	}

	next := start(t, Config{})
	var snap Snapshot
	if err := json.Unmarshal(b, &snap); err != nil {
		t.Fatal(err)
	}
	if err := next.Restore(snap); err != nil {
		t.Fatal(err)
	}
	c = dial(t, next)
	c.bind("x", "")
	_, id := c.submit("8613800000001", sms("before", 0)[0])
	if m := next.Messages("+8613800000001"); len(m) != 2 || id != "2" {
		t.Errorf("id %s, %+v", id, m)
	}
	if n := next.Counts(); n.Messages != 2 || n.Addresses != 1 || n.Doubled != 1 {
		t.Errorf("%+v", n)
	}
	if err := next.Restore(Snapshot{Addresses: []byte{1}}); err == nil {
		t.Error("a damaged snapshot was taken")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := start(t, Config{KeepPerPhone: 3, KeepMessages: 10})
	b := s.book
	for i := range 100 {
		m := sms(fmt.Sprint("text ", i), 0)[0]
		b.take(fmt.Sprint("+86138", i%20), &m, time.Now())
		b.take("+8613999", &m, time.Now())
	}
	kept := 0
	for _, p := range s.Phones() {
		kept += len(s.Messages(p))
	}
	if kept > 10 || len(s.Messages("+8613999")) > 3 {
		t.Errorf("%d messages are kept", kept)
	}
	half := sms(strings.Repeat("长", 80), 1)[0]
	for i := range maxPartial + 500 {
		b.take(fmt.Sprint("+86137", i), &half, time.Now())
	}
	if len(b.partial) > maxPartial || len(b.oldest) > maxPartial+1 {
		t.Errorf("%d unfinished messages are kept", len(b.partial))
	}
}
