package journal

import (
	"fmt"
	"testing"

	"mingluo/internal/alert"
)

// One act: decide, append with the expected sequence, sync, apply.
func BenchmarkAppend(b *testing.B) {
	book := openBook(b, openStore(b, b.TempDir()))
	e := keySet(b, "one")
	for b.Loop() {
		appendAll(b, book, e)
	}
}

// The same with a guard: the signed head is on the disk too before it is
// acknowledged, and the mirror follows.
func BenchmarkAppendGuarded(b *testing.B) {
	w := watch(b, b.TempDir(), GuardConfig{})
	e := keySet(b, "one")
	for b.Loop() {
		appendAll(b, w.Book(), e)
	}
}

// The fold of a journal of 20,000 events: read, check the chain, apply.
func BenchmarkReplay(b *testing.B) {
	const events = 20_000
	s := openStore(b, b.TempDir())
	book := openBook(b, s)
	for n := 0; n < events; n += maxBatch {
		batch := make([]alert.Event, maxBatch)
		for i := range batch {
			batch[i] = reached(b, fmt.Sprintf("i%d-public-due", n+i))
		}
		appendAll(b, book, batch...)
	}
	for b.Loop() {
		if err := openBook(b, s).Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// Bulk: atomic batches of 1,000 messages of 200 bytes, synced.
func BenchmarkPutBatch(b *testing.B) {
	for _, prefix := range []string{"outcome.sms.n1", "roll"} {
		b.Run(prefix, func(b *testing.B) {
			s := openStore(b, b.TempDir())
			data := string(make([]byte, 200))
			n := 0
			for b.Loop() {
				if _, err := s.PutBatch(b.Context(), puts(fmt.Sprintf("%s.%d", prefix, n), maxBatch, data)); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(maxBatch*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// Reading a stream of 50,000 small messages from its beginning.
func BenchmarkScan(b *testing.B) {
	const messages = 50_000
	s := openStore(b, b.TempDir())
	for n := range messages / maxBatch {
		if _, err := s.PutBatch(b.Context(), puts(fmt.Sprintf("roll.%d", n), maxBatch, string(make([]byte, 200)))); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n := 0
		if _, err := s.Scan(b.Context(), alert.StreamRoll, "", 1, func(alert.Record) error { n++; return nil }); err != nil || n != messages {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(messages*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// Asking for a slice's outcomes when there are none, beside 100,000 of others.
func BenchmarkSubjectNone(b *testing.B) {
	s := openStore(b, b.TempDir())
	for n := range 100 {
		if _, err := s.PutBatch(b.Context(), puts(fmt.Sprintf("outcome.sms.n%d.1", n), maxBatch, string(make([]byte, 200)))); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := s.Subject(b.Context(), "outcome.sms.n7.1.none", 1, func(alert.Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubjectOne(b *testing.B) {
	s := openStore(b, b.TempDir())
	for n := range 100 {
		if _, err := s.PutBatch(b.Context(), puts(fmt.Sprintf("outcome.sms.n%d.1", n), maxBatch, string(make([]byte, 200)))); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := s.Subject(b.Context(), "outcome.sms.n7.1.0007", 1, func(alert.Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := openStore(b, b.TempDir())
	if _, err := s.PutBatch(b.Context(), puts("draft", maxBatch, "text")); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Get(b.Context(), "draft.0500"); err != nil {
			b.Fatal(err)
		}
	}
}
