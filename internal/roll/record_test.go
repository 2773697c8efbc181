package roll_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// onDisk is a roll over the real record.
func onDisk(t testing.TB) (*roll.Roll, *journal.Store) {
	t.Helper()
	s, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir(), AllowUnsafeStore: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return roll.New(s, roll.NewKeys(), alert.Foshan(), roll.Rules{Sample: true}), s
}

// What the twin in memory is taken to do, the record on disk does: the refusals
// of taken subjects, the look at a thousand at once, the order of a scan.
func TestTheRollOnTheRealRecord(t *testing.T) {
	r, store := onDisk(t)
	join(t, r, mei, "440604")
	join(t, r, mei, "440605")
	if err := r.Leave(t.Context(), roll.SMS, mei, noon, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	rows := roll.SampleRows(alert.Foshan(), 1500, 1000)
	want := roll.Report{Rows: 2500, Joined: 2500, Line: 2500, LastSeq: 2503}
	if rep, err := r.Import(t.Context(), noon, rows, roll.ImportOptions{}); err != nil || rep != want {
		t.Fatalf("import: %+v, %v", rep, err)
	}
	want = roll.Report{Rows: 2500, Unchanged: 2500, Line: 2500}
	if rep, err := r.Import(t.Context(), noon, rows, roll.ImportOptions{}); err != nil || rep != want {
		t.Fatalf("again: %+v, %v", rep, err)
	}
	rep, _ := importCSV(t, r, "channel,address,areas\nsms,13800138000,禅城\nsms,15400000001,高明\n")
	if rep.Suppressed != 1 || rep.Changed != 1 {
		t.Fatalf("a file with one who left and one who is there: %+v", rep)
	}
	if n, err := r.Forget(t.Context(), noon.Add(time.Hour)); n != 1 || err != nil {
		t.Fatalf("forgot %d, %v", n, err)
	}
	counts, err := r.Count(t.Context())
	if err != nil || counts[roll.SMS] != (roll.Tally{Active: 1500, Left: 1}) || counts[roll.WeChat].Active != 1000 {
		t.Fatalf("counts %+v, %v", counts, err)
	}
	if last, err := store.LastSeq(t.Context(), alert.StreamRoll); err != nil || last != 2505 {
		t.Fatalf("last sequence %d, %v", last, err)
	}
	var all []string
	if err := r.Each(t.Context(), func(s roll.Subscription) error { all = append(all, s.Address); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2501 || !slices.Contains(all, "+8615400001500") {
		t.Fatalf("an export of %d", len(all))
	}
}

// The import against bare batches of as many messages in the same run: the aim is
// 0.6. The same people again, whom it has to look up, take several times less;
// that is what resuming costs.
func BenchmarkImportOnDisk(b *testing.B) {
	const n = 20_000
	places := alert.Foshan()
	var bare, imported, again time.Duration
	for b.Loop() {
		r, store := onDisk(b)
		start := time.Now()
		if rep, err := r.Import(b.Context(), noon, roll.SampleRows(places, n, 0), roll.ImportOptions{}); err != nil || rep.Joined != n {
			b.Fatal(rep, err)
		}
		imported += time.Since(start)
		start = time.Now()
		if rep, err := r.Import(b.Context(), noon, roll.SampleRows(places, n, 0), roll.ImportOptions{}); err != nil || rep.Unchanged != n {
			b.Fatal(rep, err)
		}
		again += time.Since(start)
		bare += putBare(b, store, n)
	}
	b.ReportMetric(float64(n*b.N)/imported.Seconds(), "rows/s")
	b.ReportMetric(float64(n*b.N)/again.Seconds(), "again/s")
	b.ReportMetric(float64(n*b.N)/bare.Seconds(), "bare/s")
	b.ReportMetric(bare.Seconds()/imported.Seconds(), "of-bare")
}

func putBare(b *testing.B, store *journal.Store, n int) time.Duration {
	data := make([]byte, 90)
	var none uint64
	start := time.Now()
	for i := 0; i < n; i += 1000 {
		puts := make([]alert.Put, 1000)
		for j := range puts {
			puts[j] = alert.Put{Subject: fmt.Sprintf("roll.ffff.bare%020d", i+j), Data: data, ExpectSubject: &none}
		}
		if _, err := store.PutBatch(b.Context(), puts); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// A record whose beginning was shifted is damaged, not of a newer program: only
// the latter may keep the service from starting.
func TestAShiftedRecordIsNotTakenForANewerOne(t *testing.T) {
	for first, newer := range map[byte]bool{2: true, 9: true, 0: false, 10: false, 'G': false, '\r': false, 255: false} {
		_, err := roll.ParseRecord([]byte{first, 0, 0, 0})
		if err == nil || errors.Is(err, roll.ErrFormat) != newer {
			t.Errorf("first byte %d: %v", first, err)
		}
	}
}
