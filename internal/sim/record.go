package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
)

var errDead = errors.New("the process was killed")

// record is the streams. What is stored is there: its processes come and go.
type record struct {
	w       *world
	streams map[string]*stream
}

// stream is one log. Newest-only streams keep the older messages too, unseen.
type stream struct {
	log    []alert.Record
	newest map[string]int // subject to place in log
}

func newRecord(w *world) *record { return &record{w: w, streams: map[string]*stream{}} }

func (r *record) of(name string) *stream {
	s := r.streams[name]
	if s == nil {
		s = &stream{newest: map[string]int{}}
		r.streams[name] = s
	}
	return s
}

// streamOf knows a stream by its subjects' first word.
func streamOf(subject string) string {
	word, _, _ := strings.Cut(subject, ".")
	return map[string]string{"journal": alert.StreamJournal, "draft": alert.StreamDrafts, "roll": alert.StreamRoll,
		"outcome": alert.StreamOutcomes, "tally": alert.StreamTallies}[word]
}

func (s *stream) last(subject string) uint64 {
	if at, ok := s.newest[subject]; ok {
		return s.log[at].Seq
	}
	return 0
}

// store appends messages, all or none. head, when it is given, is the stream's
// expected last sequence.
func (r *record) store(puts []alert.Put, head *uint64) (uint64, error) {
	s := r.of(streamOf(puts[0].Subject))
	if head != nil && *head != uint64(len(s.log)) {
		return 0, alert.ErrStale
	}
	for _, p := range puts {
		if p.ExpectSubject != nil && *p.ExpectSubject != s.last(p.Subject) {
			return 0, fmt.Errorf("%s: %w", p.Subject, alert.ErrStale)
		}
	}
	for _, p := range puts {
		s.newest[p.Subject] = len(s.log)
		s.log = append(s.log, alert.Record{Subject: p.Subject, Seq: uint64(len(s.log)) + 1, At: r.w.now, Data: append([]byte(nil), p.Data...), Deleted: p.Delete})
		r.w.say("stored %s as %d: %x", p.Subject, len(s.log), sha256.Sum256(p.Data))
		r.w.truth.take(&s.log[len(s.log)-1])
	}
	return uint64(len(s.log)), nil
}

// actorKey finds the actor behind a call.
type actorKey struct{}

func (a *actor) context() context.Context {
	return context.WithValue(context.Background(), actorKey{}, a)
}

func actorOf(ctx context.Context) *actor { return ctx.Value(actorKey{}).(*actor) }

// write is a write on its way: it takes time there and back, and in between is
// everything that can go wrong.
func (p *process) write(ctx context.Context, what string, store func() (uint64, error)) (uint64, error) {
	a, w := actorOf(ctx), p.w
	a.blink(4 * time.Millisecond)
	if a.gone() || !p.alive {
		return 0, errDead
	}
	troubled, f := w.now.Before(w.calm), &w.faults
	if troubled && w.rnd.Float64() < f.full {
		w.say("%s: %s is refused: full", a.name, what)
		return 0, alert.ErrFull
	}
	dies, lost := troubled && w.rnd.Float64() < f.diesAt, troubled && w.rnd.Float64() < f.lost
	if dies && w.rnd.IntN(2) == 0 {
		w.say("%s: dies before %s", a.name, what)
		p.perish()
		return 0, errDead
	}
	if lost && w.rnd.IntN(2) == 0 {
		w.say("%s: %s never arrives", a.name, what)
		return 0, alert.ErrUnknown
	}
	seq, err := store()
	w.say("%s: %s: %d, %v", a.name, what, seq, err)
	if dies {
		w.say("%s: dies after %s", a.name, what)
		p.perish()
		return 0, errDead
	}
	a.blink(4 * time.Millisecond)
	switch {
	case a.gone() || !p.alive:
		return 0, errDead
	case lost && err == nil:
		w.say("%s: the answer to %s is lost", a.name, what)
		return 0, alert.ErrUnknown
	}
	return seq, err
}

// shelf is the record as one process reaches it. It is the desk's Store.
type shelf struct{ p *process }

func (s shelf) Put(ctx context.Context, put alert.Put) (uint64, error) {
	return s.p.write(ctx, "put "+put.Subject, func() (uint64, error) { return s.p.w.rec.store([]alert.Put{put}, nil) })
}

func (s shelf) Get(_ context.Context, subject string) (alert.Record, error) {
	st := s.p.w.rec.of(streamOf(subject))
	at, ok := st.newest[subject]
	if !ok {
		return alert.Record{}, alert.ErrNotFound
	}
	if st.log[at].Deleted {
		return st.log[at], alert.ErrNotFound
	}
	return st.log[at], nil
}

func (s shelf) Scan(_ context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (uint64, error) {
	st := s.p.w.rec.of(stream)
	newest := stream != alert.StreamOutcomes && stream != alert.StreamJournal
	for i := int(max(from, 1)) - 1; i < len(st.log); i++ {
		r := st.log[i]
		if newest && st.newest[r.Subject] != i || !strings.HasPrefix(r.Subject, strings.TrimSuffix(filter, ">")) {
			continue
		}
		if err := fn(r); err != nil {
			return r.Seq, err
		}
	}
	return uint64(len(st.log)), nil
}

// subject calls fn for every message of one subject.
func (s shelf) subject(subject string, fn func(alert.Record)) {
	for _, r := range s.p.w.rec.of(streamOf(subject)).log {
		if r.Subject == subject {
			fn(r)
		}
	}
}

func (s shelf) LastSeq(_ context.Context, stream string) (uint64, error) {
	return uint64(len(s.p.w.rec.of(stream).log)), nil
}

func (s shelf) PutTasks(ctx context.Context, subjects []string) (put int, err error) {
	_, err = s.p.write(ctx, fmt.Sprintf("put %d tasks", len(subjects)), func() (uint64, error) {
		put = s.p.w.queue.put(subjects)
		return 0, nil
	})
	return put, err
}
