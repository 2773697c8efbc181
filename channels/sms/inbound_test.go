package sms

import (
	"context"
	"errors"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
)

// tray takes receipts, or nothing while it is broken.
type tray struct {
	got    []channels.Receipt
	broken bool
}

func (t *tray) Receipt(_ context.Context, r channels.Receipt) error {
	if t.broken {
		return errors.New("the record is away")
	}
	t.got = append(t.got, r)
	return nil
}

func (t *tray) Reply(context.Context, channels.Reply) error { return nil }

// long is a route with one long message of three parts, a, b and c.
func long(t *testing.T) (*Route, *group) {
	r := New(Config{}, nil, nil)
	g := r.groups.open(3)
	for _, id := range []string{"a", "b", "c"} {
		r.groups.add(g, id)
	}
	return r, g
}

func TestR23OnePartThatDidNotArriveIsEnough(t *testing.T) {
	for name, c := range map[string]struct {
		receipts string // part and what became of it
		want     []alert.OutcomeState
	}{
		"all arrive":                       {"a+ b+ c+", []alert.OutcomeState{alert.StateDelivered}},
		"in another order, some twice":     {"c+ a+ c+ b+", []alert.OutcomeState{alert.StateDelivered}},
		"two of three":                     {"a+ c+", nil},
		"the first fails":                  {"a- b+ c+", []alert.OutcomeState{alert.StateUndelivered}},
		"the last arrives, then one fails": {"c+ b+ a-", []alert.OutcomeState{alert.StateUndelivered}},
		"all fail":                         {"a- b- c-", []alert.OutcomeState{alert.StateUndelivered}},
		"on their way":                     {"a? b? c?", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, g := long(t)
			g.settle(true, "c")
			in := &tray{}
			for i := 0; i < len(c.receipts); i += 3 {
				state := map[byte]smpp.MessageState{'+': smpp.StateDelivered, '-': smpp.StateExpired, '?': smpp.StateEnroute}[c.receipts[i+1]]
				if err := r.receipt(t.Context(), in, &smpp.Receipt{ID: []byte(c.receipts[i : i+1]), State: state, Stat: []byte(state.Word())}); err != nil {
					t.Fatal(err)
				}
			}
			if len(in.got) != len(c.want) {
				t.Fatalf("%+v", in.got)
			}
			for i, w := range c.want {
				if in.got[i].State != w || in.got[i].MessageID != "c" {
					t.Errorf("%+v", in.got[i])
				}
			}
		})
	}
}

// A receipt that was quicker than the answer to the message's last part waits
// for that: before it, the message has no id.
func TestReceiptQuickerThanTheAnswerWaits(t *testing.T) {
	r, g := long(t)
	in := &tray{}
	done := make(chan error, 1)
	go func() {
		done <- r.receipt(t.Context(), in, &smpp.Receipt{ID: []byte("a"), State: smpp.StateUndeliverable, Stat: []byte("UNDELIV")})
	}()
	select {
	case <-done:
		t.Fatal("it did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	g.settle(true, "c")
	if err := <-done; err != nil || len(in.got) != 1 || in.got[0].MessageID != "c" {
		t.Errorf("%v %+v", err, in.got)
	}
}

func TestReceiptThatIsNotOnRecordComesAgain(t *testing.T) {
	r, g := long(t)
	g.settle(true, "c")
	in := &tray{broken: true}
	say := func(id string) error {
		return r.receipt(t.Context(), in, &smpp.Receipt{ID: []byte(id), State: smpp.StateDelivered, Stat: []byte("DELIVRD")})
	}
	if say("a") != nil || say("b") != nil || say("c") == nil {
		t.Fatal("the receipt that completes the message was taken although the record is away")
	}
	in.broken = false
	if err := say("c"); err != nil || len(in.got) != 1 {
		t.Errorf("%v %+v", err, in.got)
	}
}

func TestOldestLongMessagesAreForgotten(t *testing.T) {
	gs := newGroups(2)
	for _, id := range []string{"a", "b", "c"} {
		gs.add(gs.open(1), id)
	}
	if _, ok := gs.find("a"); ok {
		t.Error("the oldest is still known")
	}
	if _, ok := gs.find("c"); !ok || len(gs.order) != 2 || len(gs.parts) != 2 {
		t.Error("the newest is not known")
	}
}

func TestReceiptWordsBecomeStates(t *testing.T) {
	for word, want := range map[string]alert.OutcomeState{
		"DELIVRD": alert.StateDelivered, "EXPIRED": alert.StateUndelivered, "DELETED": alert.StateUndelivered, "UNDELIV": alert.StateUndelivered,
		"REJECTD": alert.StateUndelivered, "ACCEPTD": alert.StateAccepted, "UNKNOWN": alert.StateAccepted, "ENROUTE": alert.StateAccepted, "MA:0001": alert.StateAccepted,
	} {
		rc, _ := smpp.ParseReceipt([]byte("id:9 stat:" + word + " err:012"))
		in := &tray{}
		if err := New(Config{}, nil, nil).receipt(t.Context(), in, &rc); err != nil {
			t.Fatal(err)
		}
		if got := in.got[0]; got.State != want || got.Code != word+" 012" || got.MessageID != "9" {
			t.Errorf("%s: %+v", word, got)
		}
		if want == alert.StateAccepted && alert.StateAccepted.Supersedes(alert.StateAccepted) {
			t.Error("a word that says nothing new changes the state")
		}
	}
}

func TestStrangeDeliveriesAreNotTaken(t *testing.T) {
	r := New(Config{}, nil, nil)
	encode := func(m smpp.ShortMessage) []byte {
		b, err := smpp.AppendDeliverSM(nil, &m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	hello := encode(smpp.ShortMessage{Source: []byte("13800000000"), Text: []byte("hello")})
	if got := r.incoming(t.Context(), hello); got != link.Later {
		t.Errorf("without an inbox: %d", got)
	}
	var in channels.Inbox = &tray{}
	r.inbox.Store(&in)
	payload, err := smpp.AppendTLV(nil, smpp.TagMessagePayload, make([]byte, 5000))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		pdu  []byte
		want link.Reply
	}{
		"hello":                        {hello, link.Done},
		"no PDU":                       {hello[:20], link.Never},
		"a novel":                      {encode(smpp.ShortMessage{Source: []byte("1"), TLVs: payload}), link.Never},
		"a broken header":              {encode(smpp.ShortMessage{EsmClass: smpp.EsmUDHI, Text: []byte{200}}), link.Never},
		"a receipt of nothing":         {encode(smpp.ShortMessage{EsmClass: smpp.EsmReceipt, Text: []byte("hello")}), link.Done},
		"an intermediate notification": {encode(smpp.ShortMessage{EsmClass: 0x20, Text: []byte("id:1 stat:ENROUTE")}), link.Done},
	} {
		if got := r.incoming(t.Context(), c.pdu); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestSendersAreSpelledAsSubscriptionsAre(t *testing.T) {
	for _, c := range []struct {
		ton  byte
		from string
		want string
	}{{1, "8613800000000", "+8613800000000"}, {0, "8613800000000", "+8613800000000"}, {0, "13800000000", "+8613800000000"}, {2, "+8613800000000", "+8613800000000"}, {0, "10086", "10086"}} {
		if got := addressOf(&smpp.ShortMessage{SourceTON: c.ton, Source: []byte(c.from)}); got != c.want {
			t.Errorf("%d %s: %s", c.ton, c.from, got)
		}
	}
}

func FuzzIncoming(f *testing.F) {
	m := smpp.ShortMessage{EsmClass: smpp.EsmReceipt, Text: []byte("id:1 stat:DELIVRD err:000 text:")}
	seed, _ := smpp.AppendDeliverSM(nil, &m)
	f.Add(seed)
	m = smpp.ShortMessage{EsmClass: smpp.EsmUDHI, DataCoding: smpp.CodingUCS2, Text: []byte{5, 0, 3, 1, 2, 1, 0x53}}
	seed, _ = smpp.AppendDeliverSM(nil, &m)
	f.Add(seed)
	r := New(Config{}, nil, nil)
	f.Fuzz(func(t *testing.T, pdu []byte) {
		in := &tray{}
		var box channels.Inbox = in
		r.inbox.Store(&box)
		r.incoming(t.Context(), pdu)
		for _, rc := range in.got {
			if len(rc.MessageID) > 64 || len(rc.Code) > 40 {
				t.Fatalf("%+v", rc)
			}
		}
	})
}
