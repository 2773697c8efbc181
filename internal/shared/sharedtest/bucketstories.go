package sharedtest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"mingluo/internal/shared"
)

func at(seq uint64) shared.Head { return shared.Head{Edition: "first", Seq: seq} }

func put(id byte, value string) shared.Record {
	return shared.Record{ID: shared.ID{id}, Value: []byte(value)}
}

func write(t *testing.T, s Store, number int, c shared.Change) {
	t.Helper()
	if err := s.WriteBucket(t.Context(), number, c); err != nil {
		t.Fatal(err)
	}
}

// readOne returns a bucket, and its records as "1=a 2=b".
func readOne(t *testing.T, s Store, number int) (shared.Bucket, map[byte]string) {
	t.Helper()
	var got shared.Bucket
	records := map[byte]string{}
	err := s.ReadBuckets(t.Context(), []int{number}, func(n int, b shared.Bucket) error {
		got = b
		for id, v := range b.Records {
			records[id[0]] = v
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, records
}

func buckets(t *testing.T, s Store) {
	write(t, s, 1, shared.Change{To: at(7), Records: []shared.Record{put(1, "a"), put(2, "b\x00"), put(3, "")}})
	write(t, s, 1, shared.Change{After: at(7), To: at(9), Records: []shared.Record{put(1, "c"), {ID: shared.ID{2}}, {ID: shared.ID{9}}}})
	write(t, s, 3, shared.Change{To: at(8)})
	b, records := readOne(t, s, 1)
	if b.Head != at(9) || len(records) != 2 || records[1] != "c" || records[3] != "" {
		t.Fatalf("%+v %q", b.Head, records)
	}
	var order []int
	var heads []shared.Head
	err := s.ReadBuckets(t.Context(), []int{3, 2, 1}, func(n int, b shared.Bucket) error {
		order, heads = append(order, n), append(heads, b.Head)
		return nil
	})
	if err != nil || len(order) != 3 || order[0] != 3 || heads[0] != at(8) || heads[1] != (shared.Head{}) || heads[2] != at(9) {
		t.Fatalf("%v %+v %v", order, heads, err)
	}
	all, err := s.Heads(t.Context(), 1000)
	if err != nil || len(all) != 1000 || all[1] != at(9) || all[3] != at(8) || all[0] != (shared.Head{}) {
		t.Fatalf("%d heads, %v", len(all), err)
	}
	stop := errors.New("stop")
	if err := s.ReadBuckets(t.Context(), []int{1, 2}, func(int, shared.Bucket) error { return stop }); !errors.Is(err, stop) {
		t.Fatalf("it did not stop: %v", err)
	}
}

func moved(t *testing.T, s Store) {
	write(t, s, 10, shared.Change{To: at(5), Records: []shared.Record{put(1, "a")}})
	for _, after := range []shared.Head{{}, at(4), at(6), {Edition: "second", Seq: 5}} {
		err := s.WriteBucket(t.Context(), 10, shared.Change{After: after, To: at(9), Records: []shared.Record{put(1, "x")}})
		if !errors.Is(err, shared.ErrMoved) {
			t.Errorf("after %+v: %v", after, err)
		}
	}
	for _, c := range []shared.Change{{After: at(5), To: at(4)}, {After: at(5), To: shared.Head{Seq: 9}}} {
		if err := s.WriteBucket(t.Context(), 10, c); err == nil || errors.Is(err, shared.ErrMoved) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if b, records := readOne(t, s, 10); b.Head != at(5) || records[1] != "a" {
		t.Fatalf("%+v %q", b.Head, records)
	}
}

// Many writers go from the same head; whoever loses sees it.
func writers(t *testing.T, s Store) {
	for round := range uint64(20) {
		var won atomic.Int32
		var ws sync.WaitGroup
		for w := range byte(3) {
			ws.Go(func() {
				var after shared.Head
				if round > 0 {
					after = at(round)
				}
				err := s.WriteBucket(t.Context(), 11, shared.Change{After: after, To: at(round + 1), Records: []shared.Record{put(w, "w")}})
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, shared.ErrMoved):
					t.Error(err)
				}
			})
		}
		ws.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d won", round, won.Load())
		}
	}
}

func editions(t *testing.T, s Store) {
	write(t, s, 12, shared.Change{To: at(50), Records: []shared.Record{put(1, "old"), put(2, "old")}})
	second := shared.Head{Edition: "second", Seq: 3}
	write(t, s, 12, shared.Change{After: at(50), To: second, Records: []shared.Record{put(2, "new"), {ID: shared.ID{3}}}})
	if b, records := readOne(t, s, 12); b.Head != second || len(records) != 1 || records[2] != "new" {
		t.Fatalf("%+v %q", b.Head, records)
	}
}

// forgotten is a flush in the middle of everything: nothing looks as if it were
// still complete, and tokens do not begin anew.
func forgotten(t *testing.T, s Store, forget func()) {
	ctx := t.Context()
	l, err := s.Acquire(ctx, "flushed", 1e10)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, 20, shared.Change{To: at(5), Records: []shared.Record{put(1, "a")}})
	forget()
	if err := s.Health(ctx); err != nil {
		t.Fatal(err)
	}
	err = s.WriteBucket(ctx, 20, shared.Change{After: at(5), To: at(6), Records: []shared.Record{put(2, "b")}})
	if !errors.Is(err, shared.ErrMoved) {
		t.Errorf("the bucket was written as if it were whole: %v", err)
	}
	if b, records := readOne(t, s, 20); b.Head != (shared.Head{}) || len(records) != 0 {
		t.Errorf("%+v %q", b.Head, records)
	}
	if err := l.Renew(ctx); !errors.Is(err, shared.ErrLost) {
		t.Errorf("a lease that nobody remembers was renewed: %v", err)
	}
	next, err := s.Acquire(ctx, "flushed", 1e10)
	if err != nil || next.Token() <= l.Token() {
		t.Errorf("token %d after %d, %v", next.Token(), l.Token(), err)
	}
}
