package app

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// works answers the engine what a task is about and whether it may go on. The
// pacer asks before every single hand-over, so the answers are prepared: when a
// notice is first asked about, and anew at each event about it. A notice of the
// past that nobody works costs nothing.
type works struct {
	book    fold
	pageURL func(notice string) string
	from    uint64      // the journal's sequence when there was nothing prepared
	current func() bool // whether the book is known to hold what others recorded; nil: there are no others

	prepared atomic.Uint64 // the answers hold what was recorded up to this sequence

	mu      sync.RWMutex
	notices map[string]*noticeWork
}

// fold is the part of the journal's book that works needs.
type fold interface {
	Read(fn func(st *alert.State))
	Tail(ctx context.Context, after uint64, fn func(e alert.Event, stored []byte) error) error
}

// noticeWork is one notice's prepared answers; they are replaced whole.
type noticeWork struct {
	answers atomic.Pointer[answers]
}

type answers struct {
	seq  uint64 // of the journal's state that they were made from
	revs map[int]revWork
}

type revWork struct {
	work    channels.Work
	planned bool
	stop    channels.Stop
	until   time.Time
}

func newWorks(book fold, pageURL func(string) string) *works {
	w := &works{book: book, pageURL: pageURL, notices: map[string]*noticeWork{}}
	book.Read(func(st *alert.State) { w.from = st.Seq })
	w.prepared.Store(w.from)
	return w
}

// Run follows the journal until ctx ends.
func (w *works) Run(ctx context.Context) error {
	return w.book.Tail(ctx, w.from, func(e alert.Event, _ []byte) error {
		defer w.prepared.Store(e.Seq)
		switch e.Kind {
		case "notice":
			w.renew(e.ID)
		case "plan":
			if f, err := e.Fact(); err == nil {
				w.renew(f.(alert.Plan).Notice)
			}
		}
		return nil
	})
}

// renew prepares a notice anew that somebody asked about before.
func (w *works) renew(id string) {
	w.mu.RLock()
	asked := w.notices[id] != nil
	w.mu.RUnlock()
	if asked {
		w.refresh(id)
	}
}

// refresh prepares one notice from the state at the head, which is never older
// than the event that asks for it.
func (w *works) refresh(id string) {
	w.mu.Lock()
	nw := w.notices[id]
	if nw == nil {
		nw = &noticeWork{}
		w.notices[id] = nw
	}
	w.mu.Unlock()
	fresh := w.prepare(id)
	for {
		old := nw.answers.Load()
		if old != nil && old.seq > fresh.seq || nw.answers.CompareAndSwap(old, fresh) {
			return // of two that prepare at once the newer state stands
		}
	}
}

func (w *works) prepare(id string) *answers {
	out := &answers{revs: map[int]revWork{}}
	w.book.Read(func(st *alert.State) {
		out.seq = st.Seq
		n := st.Notices[id]
		if n == nil {
			return
		}
		var earlier []alert.Plan
		for _, r := range n.Released() {
			rw := revWork{until: r.Content.Expires, stop: stopOf(n, r)}
			pid := alert.PlanID(id, r.No)
			if p := st.Plans[pid]; p != nil {
				rw.planned = true
				rw.work = channels.Work{Plan: *p, Message: message(n, r, w.pageURL), Earlier: earlier[:len(earlier):len(earlier)], Bursts: r.Bursts}
				if p.Held != "" && !st.Confirmed[pid] && rw.stop == channels.GoOn {
					rw.stop = channels.Paused
				}
				earlier = append(earlier, *p)
			}
			out.revs[r.No] = rw
		}
	})
	return out
}

func stopOf(n *alert.Notice, r *alert.Revision) channels.Stop {
	switch {
	case n.Superseded(r.No):
		return channels.Superseded
	case r.Stopped != nil:
		return channels.Stopped
	case r.Paused != nil:
		return channels.Paused
	}
	return channels.GoOn
}

// rev returns a revision's answers; a notice that nobody asked about before is
// prepared now.
func (w *works) rev(notice string, rev int) (revWork, bool) {
	w.mu.RLock()
	nw := w.notices[notice]
	w.mu.RUnlock()
	if nw == nil || nw.answers.Load() == nil {
		w.refresh(notice)
		return w.rev(notice, rev)
	}
	rw, ok := nw.answers.Load().revs[rev]
	return rw, ok
}

// Work implements [channels.Notices]. A task may be quicker than the follower:
// its plan is in the book by then, so it is looked up instead of sent away.
func (w *works) Work(notice string, rev int) (channels.Work, bool) {
	rw, ok := w.rev(notice, rev)
	if !ok || !rw.planned {
		w.refresh(notice)
		rw, ok = w.rev(notice, rev)
	}
	return rw.work, ok && rw.planned
}

// Stopped implements [channels.Notices]. A revision that is not known (yet) is
// paused: nothing is sent that the journal does not say.
func (w *works) Stopped(notice string, rev int) channels.Stop {
	rw, ok := w.rev(notice, rev)
	switch {
	case !ok:
		return channels.Paused
	case rw.stop == channels.Superseded, rw.stop == channels.Stopped:
		return rw.stop
	case !time.Now().Before(rw.until):
		return channels.Ended
	case w.current != nil && !w.current():
		return channels.Paused // it may have been paused or retracted while this process was frozen or cut off
	}
	return rw.stop
}
