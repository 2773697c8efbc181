package link_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
)

func deliverSM(seq uint32) []byte {
	b, _ := smpp.AppendDeliverSM(nil, &smpp.ShortMessage{Sequence: seq, Source: []byte("8613800000000"), Dest: []byte("10657"), Text: []byte("TD")})
	return b
}

// listening answers like polite and remembers the answers to deliver_sm.
func listening(statuses chan<- smpp.Header) func(smpp.Header, []byte) []byte {
	return func(h smpp.Header, pdu []byte) []byte {
		if h.Command == smpp.DeliverSMResp || h.Command == smpp.GenericNack {
			statuses <- h
			return nil
		}
		return polite(h, pdu)
	}
}

func TestIncomingIsAcknowledgedOnlyWhenItIsOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(chan smpp.Header, 10)
		onRecord := make(chan link.Reply)
		g := &gateway{answer: listening(said)}
		l, stop := begin(t, g, link.Config{Incoming: func(context.Context, []byte) link.Reply { return <-onRecord }})
		defer stop()
		synctest.Wait()
		g.write(deliverSM(5))
		time.Sleep(10 * time.Second)
		if len(said) != 0 {
			t.Fatal("acknowledged before it was on record")
		}
		// The wait holds nothing up.
		x := submit(t, l, 1)[0]
		synctest.Wait()
		x.once(t)
		onRecord <- link.Done
		if h := <-said; h.Status != 0 || h.Sequence != 5 || h.Command != smpp.DeliverSMResp {
			t.Errorf("%+v", h)
		}
		g.write(deliverSM(6))
		onRecord <- link.Later
		if h := <-said; h.Status != smpp.StatusReceiverTemp || h.Sequence != 6 {
			t.Errorf("a record that was not there: %+v", h)
		}
	})
}

func TestFloodOfReceiptsIsBoundedAndAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(chan smpp.Header, 100)
		hold := make(chan struct{})
		var most, now atomic.Int32
		g := &gateway{answer: listening(said)}
		l, stop := begin(t, g, link.Config{MaxIncoming: 4, Incoming: func(context.Context, []byte) link.Reply {
			most.Store(max(most.Load(), now.Add(1)))
			<-hold
			now.Add(-1)
			return link.Done
		}})
		defer stop()
		synctest.Wait()
		for seq := range uint32(20) {
			g.write(deliverSM(seq + 1))
		}
		synctest.Wait()
		if len(said) != 16 {
			t.Errorf("%d were answered while 4 wait", len(said))
		}
		for range len(said) {
			if h := <-said; h.Status != smpp.StatusReceiverTemp {
				t.Errorf("%+v", h)
			}
		}
		close(hold)
		synctest.Wait()
		if most.Load() != 4 || l.Stats().Busy != 16 {
			t.Errorf("%d at once, %d asked again", most.Load(), l.Stats().Busy)
		}
	})
}

// A PDU that cannot be read must not end the link: the carrier would send it
// again on the next one, and so for ever.
func TestDamagedPDUsAreRejectedAndTheLinkStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(chan smpp.Header, 10)
		g := &gateway{answer: listening(said)}
		l, stop := begin(t, g, link.Config{})
		defer stop()
		synctest.Wait()
		bad := deliverSM(9)
		bad[17] = 'A' // the address type's place: fields slide, the text is too long
		bad[len(bad)-3] = 200
		g.write(bad)
		if h := <-said; h.Command != smpp.DeliverSMResp || h.Status != smpp.StatusReceiverPerm || h.Sequence != 9 {
			t.Errorf("%+v", h)
		}
		g.write(smpp.AppendEmpty(nil, smpp.CommandID(0x103), 0, 10))
		if h := <-said; h.Command != smpp.GenericNack || h.Status != smpp.StatusInvCmdID || h.Sequence != 10 {
			t.Errorf("%+v", h)
		}
		// Answers to nothing, and rejections of nothing, are not answered.
		for _, c := range []smpp.CommandID{smpp.SubmitSMResp, smpp.GenericNack, smpp.EnquireLinkResp, 0x80000103} {
			g.write(smpp.AppendEmpty(nil, c, 0, 999))
		}
		synctest.Wait()
		if len(said) != 0 || !l.State().Up || g.connections() != 1 {
			t.Errorf("%d answers, %+v", len(said), l.State())
		}
	})
}

func TestBytesThatAreNoPDUsEndTheLinkWithAReason(t *testing.T) {
	for name, junk := range map[string]string{
		"HTTP":        "HTTP/1.1 400 Bad Request\r\n\r\n",
		"zeros":       strings.Repeat("\x00", 64),
		"four GiB":    "\xff\xff\xff\xff\x00\x00\x00\x04",
		"fifteen":     "\x00\x00\x00\x0f\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00",
		"64 KiB plus": "\x00\x01\x00\x01\x00\x00\x00\x05",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gateway{answer: quiet}
				l, stop := begin(t, g, link.Config{})
				defer stop()
				synctest.Wait()
				x := submit(t, l, 1)[0]
				synctest.Wait()
				go g.write([]byte(junk))
				synctest.Wait()
				if a := x.once(t); !isLost(a.Err) {
					t.Errorf("%+v", a)
				}
				if st := l.State(); !strings.Contains(st.Reason, "something else than PDUs") {
					t.Errorf("%+v", st)
				}
				time.Sleep(time.Second)
				if !l.State().Up {
					t.Error("the link did not come back")
				}
			})
		})
	}
}

// FuzzCarrier lets a carrier say anything after the sign-in.
func FuzzCarrier(f *testing.F) {
	f.Add(deliverSM(1))
	f.Add(append(smpp.AppendEmpty(nil, smpp.SubmitSMResp, 0, 2), deliverSM(3)...))
	f.Add(smpp.AppendEmpty(nil, smpp.Unbind, 0, 1))
	f.Add([]byte("\x00\x00\x00\x10\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, said []byte) {
		synctest.Test(t, func(t *testing.T) {
			g := &gateway{answer: quiet}
			l, stop := begin(t, g, link.Config{Incoming: func(context.Context, []byte) link.Reply { return link.Done }})
			synctest.Wait()
			x := submit(t, l, 1)[0]
			synctest.Wait()
			go g.write(said)
			synctest.Wait()
			stop()
			x.once(t)
		})
	})
}
