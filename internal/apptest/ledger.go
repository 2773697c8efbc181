package apptest

import (
	"context"
	"fmt"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// Ledger is what the record says of every recipient of a revision: the outcome
// that nothing overtook, by "<channel> <recipient id>".
type Ledger map[string]alert.Outcome

// Settled returns how many recipients need nothing more.
func (l Ledger) Settled() (n int) {
	for _, o := range l {
		if o.Settled() {
			n++
		}
	}
	return n
}

// Reached returns those who may hold the revision.
func (l Ledger) Reached() map[string]bool {
	out := map[string]bool{}
	for who, o := range l {
		if o.State.Reached() {
			out[who] = true
		}
	}
	return out
}

// Record is the record of a town whose service does not run.
type Record struct {
	town  *Town
	store *journal.Store
	State *alert.State // what the journal adds up to; it does not change
}

// Record opens the town's record, as after a crash, without a service at work
// on it, shows it, and closes it again.
func (w *Town) Record(look func(r *Record)) {
	w.t.Helper()
	ctx := w.t.Context()
	store, err := journal.Open(ctx, journal.Config{Dir: w.Dir, AllowUnsafeStore: true, Log: appOptions(w.log).Log})
	if err != nil {
		w.t.Fatalf("open the record: %v", err)
	}
	defer func() {
		if err := store.Close(context.WithoutCancel(ctx)); err != nil {
			w.t.Errorf("close the record: %v", err)
		}
	}()
	book, err := store.OpenBook(ctx)
	if err != nil {
		w.t.Fatalf("read the journal: %v", err)
	}
	defer book.Close()
	r := &Record{town: w, store: store}
	book.Read(func(st *alert.State) { r.State = st })
	look(r)
}

// Count returns how many messages a stream holds.
func (r *Record) Count(stream string) (n int) {
	r.town.t.Helper()
	_, err := r.store.Scan(r.town.t.Context(), stream, "", 0, func(alert.Record) error { n++; return nil })
	if err != nil {
		r.town.t.Fatal(err)
	}
	return n
}

// LastSeq returns how many messages a stream ever took.
func (r *Record) LastSeq(stream string) uint64 {
	r.town.t.Helper()
	seq, err := r.store.LastSeq(r.town.t.Context(), stream)
	if err != nil {
		r.town.t.Fatal(err)
	}
	return seq
}

// Ledger returns the outcomes of a revision.
func (r *Record) Ledger(n Notice) Ledger { r.town.t.Helper(); return r.town.ledger(r.store, n) }

// Ledger returns the outcomes of a revision.
func (s *Service) Ledger(n Notice) Ledger { s.Town.t.Helper(); return s.Town.ledger(s.Store, n) }

func (w *Town) ledger(store *journal.Store, n Notice) Ledger {
	w.t.Helper()
	out := Ledger{}
	filter := fmt.Sprintf("outcome.*.%s.%d.>", n.ID, n.Rev)
	_, err := store.Scan(w.t.Context(), alert.StreamOutcomes, filter, 0, func(r alert.Record) error {
		channel := strings.Split(r.Subject, ".")[1]
		return alert.DecodeOutcomes(r.Data, func(o alert.Outcome) {
			key := channel + " " + o.ID.String()
			if o.State != alert.StateClosed && o.State.Supersedes(out[key].State) {
				out[key] = o
			}
		})
	})
	if err != nil {
		w.t.Fatalf("read the ledger of %s/%d: %v", n.ID, n.Rev, err)
	}
	return out
}

// Closed reports whether a slice of a revision was closed on a channel: a
// correction of it is at work there.
func (s *Service) Closed(n Notice, channel string) (closed bool) {
	s.Town.t.Helper()
	filter := fmt.Sprintf("outcome.%s.%s.%d.>", channel, n.ID, n.Rev)
	_, err := s.Store.Scan(s.Town.t.Context(), alert.StreamOutcomes, filter, 0, func(r alert.Record) error {
		return alert.DecodeOutcomes(r.Data, func(o alert.Outcome) { closed = closed || o.State == alert.StateClosed })
	})
	if err != nil {
		s.Town.t.Fatalf("look for marks of %s/%d: %v", n.ID, n.Rev, err)
	}
	return closed
}
