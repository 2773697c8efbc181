package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

// One process owns the folder; the second is told who.
func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	_, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true})
	locked, ok := errors.AsType[*LockedError](err)
	if !ok || locked.PID != os.Getpid() {
		t.Fatalf("the second open says: %v", err)
	}
	closeStore(t, s)
	closeStore(t, s) // twice is no error
	openStore(t, dir)
}

// A batch is stored whole or not at all, and a stale expectation is told apart
// from everything else.
func TestBatchIsWholeOrNothing(t *testing.T) {
	s := openStore(t, t.TempDir())
	first, err := s.Put(t.Context(), alert.Put{Subject: "tally.n1.1.sms.0000-0fff", Data: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	batch := puts("tally.n2.1.sms", 50, "x")
	batch[49] = alert.Put{Subject: "tally.n1.1.sms.0000-0fff", Data: []byte("2"), ExpectSubject: seqOf(first + 7)}
	if _, err := s.PutBatch(t.Context(), batch); !errors.Is(err, alert.ErrStale) {
		t.Fatalf("a stale batch: %v", err)
	}
	if last, _ := s.LastSeq(t.Context(), alert.StreamTallies); last != first {
		t.Errorf("a refused batch left messages: last is %d, want %d", last, first)
	}
	batch[49].ExpectSubject = seqOf(first)
	last, err := s.PutBatch(t.Context(), batch)
	if err != nil || last != first+50 {
		t.Fatalf("the batch: %d, %v", last, err)
	}
	r, err := s.Get(t.Context(), "tally.n1.1.sms.0000-0fff")
	if err != nil || string(r.Data) != "2" || r.Seq != last {
		t.Errorf("newest: %+v, %v", r, err)
	}
	if _, err := s.Put(t.Context(), alert.Put{Subject: "tally.n1.1.sms.0000-0fff", ExpectSubject: seqOf(0)}); !errors.Is(err, alert.ErrStale) {
		t.Errorf("expecting it new: %v", err)
	}
	// More than one atomic batch takes is cut, in order.
	if last, err = s.PutBatch(t.Context(), puts("outcome.sms.n1.1", 2500, "y")); err != nil || last != 2500 {
		t.Errorf("2,500 messages: %d, %v", last, err)
	}
}

func TestPutRefusesWhatIsNoneOfItsBusiness(t *testing.T) {
	s := openStore(t, t.TempDir())
	for _, p := range []alert.Put{
		{Subject: "journal.key.roll"}, {Subject: "nowhere.x"}, {Subject: "draft"}, {Subject: "draft.*"}, {Subject: "draft.a b"},
		{Subject: "draft..a"}, {Subject: "draft.a."}, {Subject: "draft." + strings.Repeat("x", 300)},
		{Subject: "draft.a", Data: make([]byte, alert.MaxEventBytes+1)},
	} {
		if _, err := s.Put(t.Context(), p); err == nil {
			t.Errorf("%q with %d bytes was stored", p.Subject, len(p.Data))
		}
	}
	if _, err := s.PutBatch(t.Context(), []alert.Put{{Subject: "draft.a"}, {Subject: "roll.0.b"}}); err == nil {
		t.Error("a batch for two streams was stored")
	}
	if _, err := s.Put(t.Context(), alert.Put{Subject: "draft.a", Data: make([]byte, alert.MaxEventBytes)}); err != nil {
		t.Errorf("the largest message: %v", err)
	}
}

// A tombstone is the newest message that says that there is nothing; its sequence
// can still be expected.
func TestTombstone(t *testing.T) {
	s := openStore(t, t.TempDir())
	if _, err := s.Get(t.Context(), "draft.d1"); !errors.Is(err, alert.ErrNotFound) {
		t.Errorf("never written: %v", err)
	}
	for _, p := range []alert.Put{{Subject: "draft.d1", Data: []byte("text")}, {Subject: "draft.d1", Delete: true}} {
		if _, err := s.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Get(t.Context(), "draft.d1")
	if !errors.Is(err, alert.ErrNotFound) || !r.Deleted || r.Seq != 2 {
		t.Errorf("deleted: %+v, %v", r, err)
	}
	if _, err := s.Put(t.Context(), alert.Put{Subject: "draft.d1", Data: []byte("again"), ExpectSubject: &r.Seq}); err != nil {
		t.Errorf("writing it anew: %v", err)
	}
}

// Subject, Scan and Follow see the same messages in the same order.
func TestReadingInOrder(t *testing.T) {
	s := openStore(t, t.TempDir())
	const slices, rounds = 7, 300
	var all []alert.Put
	for r := range rounds {
		for i := range slices {
			all = append(all, alert.Put{Subject: fmt.Sprintf("outcome.sms.n1.1.%d", i), Data: []byte{byte(r), byte(r >> 8)}})
		}
	}
	if _, err := s.PutBatch(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	var n int
	inOrder := func(r alert.Record) error {
		if got := int(r.Data[0]) | int(r.Data[1])<<8; got != n || r.At.IsZero() {
			return fmt.Errorf("message %d came as number %d", got, n)
		}
		n++
		return nil
	}
	if err := s.Subject(t.Context(), "outcome.sms.n1.1.3", 0, inOrder); err != nil || n != rounds {
		t.Errorf("Subject: %d messages, %v", n, err)
	}
	n = 100
	if err := s.Subject(t.Context(), "outcome.sms.n1.1.3", 100*slices+1, inOrder); err != nil || n != rounds {
		t.Errorf("Subject from the 100th: up to %d, %v", n, err)
	}
	if err := s.Subject(t.Context(), "outcome.sms.n9.1.3", 0, func(alert.Record) error { return errEnd }); err != nil {
		t.Errorf("Subject without any: %v", err)
	}
	n = 0
	last, err := s.Scan(t.Context(), alert.StreamOutcomes, "outcome.*.n1.1.3", 0, inOrder)
	if err != nil || n != rounds || last != slices*rounds {
		t.Errorf("Scan: %d messages up to %d, %v", n, last, err)
	}
	next := uint64(1)
	err = s.Follow(t.Context(), alert.StreamOutcomes, "", 0, func(r alert.Record) error {
		if r.Seq != next {
			return fmt.Errorf("%d came after %d", r.Seq, next-1)
		}
		if next++; next == slices*rounds+1 {
			go s.PutBatch(t.Context(), puts("outcome.sms.n2.1", 500, "live"))
		}
		if next == slices*rounds+501 {
			return errEnd
		}
		return nil
	})
	if err != errEnd {
		t.Errorf("Follow: %v", err)
	}
}

// A long replay meets subjects that nothing matches, that were overwritten and
// that are deleted, and still ends, with what is there.
func TestScanAcrossHoles(t *testing.T) {
	s := openStore(t, t.TempDir())
	for range 3 { // the newest of each subject stays
		if _, err := s.PutBatch(t.Context(), puts("roll.0001", 2*bulk, "x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(t.Context(), alert.Put{Subject: "roll.0001.0007", Delete: true}); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]int{"": 2 * bulk, "roll.0001.>": 2 * bulk, "roll.0001.0007": 1, "roll.0002.>": 0, "roll.0001.0008": 1} {
		n, tombstones, before := 0, 0, uint64(0)
		last, err := s.Scan(t.Context(), alert.StreamRoll, filter, 1, func(r alert.Record) error {
			if r.Seq <= before {
				return fmt.Errorf("%d came after %d", r.Seq, before)
			}
			before = r.Seq
			if n++; r.Deleted {
				tombstones++
			}
			return nil
		})
		if err != nil || n != want || last != 6*bulk+1 {
			t.Errorf("filter %q: %d messages (%d tombstones) up to %d, %v; want %d", filter, n, tombstones, last, err, want)
		}
	}
}

// Originals come back as they were, and one that is damaged is noticed.
func TestAttachments(t *testing.T) {
	s := openStore(t, t.TempDir())
	for _, size := range []int{1, chunkSize, chunkSize + 1, maxAttachment} {
		data := bytes.Repeat([]byte{byte(size), 2, 3}, size/3+1)[:size]
		sha, err := s.PutAttachment(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		last, _ := s.LastSeq(t.Context(), alert.StreamAttachments)
		if again, err := s.PutAttachment(t.Context(), data); again != sha || err != nil {
			t.Errorf("again: %s, %v", again, err)
		}
		if now, _ := s.LastSeq(t.Context(), alert.StreamAttachments); now != last {
			t.Error("keeping the same again wrote something")
		}
		back, err := s.GetAttachment(t.Context(), sha)
		if err != nil || !bytes.Equal(back, data) {
			t.Errorf("%d bytes came back as %d, %v", size, len(back), err)
		}
		if _, err := s.Put(t.Context(), alert.Put{Subject: "attachment." + sha + ".0", Data: []byte("spoilt")}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.GetAttachment(t.Context(), sha); err == nil {
			t.Errorf("%d bytes: damage was not noticed", size)
		}
		if _, err := s.PutAttachment(t.Context(), data); err != nil {
			t.Error(err)
		}
		if back, err := s.GetAttachment(t.Context(), sha); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%d bytes were not repaired: %v", size, err)
		}
	}
	if _, err := s.GetAttachment(t.Context(), strings.Repeat("0", 64)); !errors.Is(err, alert.ErrNotFound) {
		t.Errorf("never kept: %v", err)
	}
	for _, data := range [][]byte{nil, make([]byte, maxAttachment+1)} {
		if _, err := s.PutAttachment(t.Context(), data); err == nil {
			t.Errorf("%d bytes were kept", len(data))
		}
	}
}

// A stream that somebody made with weaker promises is refused, with the reason.
func TestWeakStreamIsRefused(t *testing.T) {
	for name, weaken := range map[string]func(c *jetstream.StreamConfig){
		"memory": func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"async": func(c *jetstream.StreamConfig) {
			c.PersistMode, c.AllowAtomicPublish = jetstream.AsyncPersistMode, false
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir)
			if err := s.js.DeleteStream(t.Context(), alert.StreamRoll); err != nil {
				t.Fatal(err)
			}
			cfg := jetstream.StreamConfig{Name: alert.StreamRoll, Subjects: []string{"roll.>"}, MaxMsgsPerSubject: 1, Replicas: 1}
			weaken(&cfg)
			if _, err := s.js.CreateStream(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
			if err := s.ensureStreams(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("it was taken: %v", err)
			}
		})
	}
}

// The nats command line on the same machine may look at everything and change
// nothing.
func TestLookerCannotWrite(t *testing.T) {
	s, err := Open(t.Context(), Config{Dir: t.TempDir(), AllowUnsafeStore: true, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	if _, err := s.Put(t.Context(), alert.Put{Subject: "draft.d1", Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	looker := lookAt(t, s.ClientURL())
	js, err := jetstream.New(looker, jetstream.WithDefaultTimeout(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	st, err := js.Stream(t.Context(), alert.StreamDrafts)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := st.GetLastMsgForSubject(t.Context(), "draft.d1"); err != nil || string(m.Data) != "x" {
		t.Errorf("looking: %v", err)
	}
	cons, err := js.OrderedConsumer(t.Context(), alert.StreamDrafts, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := cons.Next(); err != nil || string(m.Data()) != "x" {
		t.Errorf("following: %v", err)
	}
	js, err = jetstream.New(looker, jetstream.WithDefaultTimeout(100*time.Millisecond)) // what is refused gets no answer
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "draft.d1", nil); err == nil {
		t.Error("it wrote")
	}
	if err := js.DeleteStream(t.Context(), alert.StreamDrafts); err == nil {
		t.Error("it deleted a stream")
	}
	if _, err := js.CreateConsumer(t.Context(), alert.StreamTasks, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy}); err == nil {
		t.Error("it may take tasks")
	}
}

func TestConfigIsRefusedBeforeAnythingOpens(t *testing.T) {
	for name, c := range map[string]Config{
		"no folder":              {AllowUnsafeStore: true},
		"temporary folder":       {Dir: t.TempDir()},
		"open to other machines": {Dir: t.TempDir(), AllowUnsafeStore: true, Listen: "0.0.0.0:4222"},
		"no port":                {Dir: t.TempDir(), AllowUnsafeStore: true, Listen: "127.0.0.1"},
		"three of itself":        {Dir: t.TempDir(), AllowUnsafeStore: true, Replicas: 3},
	} {
		if s, err := Open(t.Context(), c); err == nil {
			closeStore(t, s)
			t.Errorf("%s was accepted", name)
		}
	}
}
