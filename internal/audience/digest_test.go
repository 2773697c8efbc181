package audience_test

import (
	"bytes"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/roll"
	"mingluo/internal/roll/rolltest"
)

// digests adds up the roll itself, message by message.
func digests(t *testing.T, store *rolltest.Store) *roll.Table {
	t.Helper()
	var table roll.Table
	_, err := store.Scan(t.Context(), alert.StreamRoll, roll.Filter, 1, func(r alert.Record) error {
		id, err := roll.ParseSubject(r.Subject)
		if err != nil || r.Deleted {
			return err
		}
		rec, err := roll.ParseRecord(r.Data)
		table[id.Bucket()].Add(roll.DigestOf(id, r.Seq, roll.AppendRecord(nil, rec.At(r.Seq))))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &table
}

// Whatever happened to people, in whatever order it was heard of, the index
// carries the digests that the roll itself adds up to, and every record can be
// made from it again, byte by byte.
func TestTheIndexCarriesTheDigestsOfTheRoll(t *testing.T) {
	store, keys, places := rolltest.New(), roll.NewKeys(), alert.Foshan()
	followed := follow(t, store, keys, places)
	r := roll.New(store, keys, places, roll.Rules{Sample: true})
	ctx := t.Context()
	for i, s := range roll.Sample(places, 200, 100) {
		joined, _, err := r.Join(ctx, s)
		if err == nil && i%5 == 1 {
			err = r.Leave(ctx, s.Channel, s.Address, s.Joined.Add(time.Hour), s.Joined.Add(time.Duration(i%3)*time.Hour))
		}
		if err == nil && i%5 == 2 {
			err = r.Erase(ctx, s.Channel, s.Address, s.Joined)
		}
		if err == nil && i%5 == 3 {
			s.Areas = []string{"440608"}
			_, _, err = r.Join(ctx, s)
		}
		if err == nil && i%25 == 4 {
			_, err = store.Put(ctx, alert.Put{Subject: roll.Subject(joined.ID), Delete: true})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	last, _ := store.LastSeq(ctx, alert.StreamRoll)
	if err := followed.WaitFor(ctx, last); err != nil {
		t.Fatal(err)
	}
	built := audience.NewMemory(keys, places, quiet())
	if err := built.Build(ctx, store); err != nil {
		t.Fatal(err)
	}
	want := digests(t, store)
	for _, m := range []*audience.Memory{followed, built} {
		m.Cut(func(seq uint64, have *roll.Table) {
			if seq != last || *have != *want {
				t.Errorf("at %d of %d: %d people, want %d", seq, last, have.People(), want.People())
			}
		})
		compareRecords(t, store, m)
	}
}

func compareRecords(t *testing.T, store *rolltest.Store, m *audience.Memory) {
	t.Helper()
	for n := range alert.Buckets {
		err := m.Records(n, func(id alert.RecipientID, seq uint64, rec roll.Record) error {
			stored, err := store.Get(t.Context(), roll.Subject(id))
			if err != nil {
				return err
			}
			there, err := roll.ParseRecord(stored.Data)
			if got := roll.AppendRecord(nil, rec); seq != stored.Seq || !bytes.Equal(got, roll.AppendRecord(nil, there.At(seq))) {
				t.Errorf("%s at %d: %x", id, seq, got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What hears of changes is told each with the bucket's digest behind it.
func TestChangesAreToldWithTheDigestBehindThem(t *testing.T) {
	store, keys, places := rolltest.New(), roll.NewKeys(), alert.Foshan()
	m := audience.NewMemory(keys, places, quiet())
	r := roll.New(store, keys, places, roll.Rules{Sample: true})
	var heard roll.Table
	var last uint64
	m.Listen(func(c roll.Change) { heard[c.ID.Bucket()] = c.After; last = c.Seq })
	for i, s := range roll.Sample(places, 40, 0) {
		_, _, err := r.Join(t.Context(), s)
		if err == nil && i%3 == 0 {
			err = r.Erase(t.Context(), s.Channel, s.Address, s.Joined)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Build(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	m.Cut(func(seq uint64, table *roll.Table) {
		if heard != *table || last != seq {
			t.Errorf("heard of %d people up to %d, there are %d at %d", heard.People(), last, table.People(), seq)
		}
	})
}
