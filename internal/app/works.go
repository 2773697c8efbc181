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
// pacer asks before every single hand-over, so the answers are prepared at
// each event of the journal and read without a lock.
type works struct {
	book    fold
	pageURL func(notice string) string

	mu      sync.RWMutex
	notices map[string]*noticeWork
}

// fold is the part of the journal's book that works needs.
type fold interface {
	Read(fn func(st *alert.State))
	Tail(ctx context.Context, after uint64, fn func(e alert.Event, stored []byte) error) error
}

// noticeWork is one notice's prepared answers; revs is replaced whole.
type noticeWork struct {
	revs atomic.Pointer[map[int]revWork]
}

type revWork struct {
	work    channels.Work
	planned bool
	stop    channels.Stop
	until   time.Time
}

func newWorks(book fold, pageURL func(string) string) *works {
	return &works{book: book, pageURL: pageURL, notices: map[string]*noticeWork{}}
}

// Run follows the journal until ctx ends.
func (w *works) Run(ctx context.Context) error {
	return w.book.Tail(ctx, 0, func(e alert.Event, _ []byte) error {
		switch e.Kind {
		case "notice":
			w.refresh(e.ID)
		case "plan":
			if f, err := e.Fact(); err == nil {
				w.refresh(f.(alert.Plan).Notice)
			}
		}
		return nil
	})
}

// refresh prepares one notice anew from the state at the head, which is never
// older than the event that asks for it.
func (w *works) refresh(id string) {
	revs := map[int]revWork{}
	w.book.Read(func(st *alert.State) {
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
				rw.work = channels.Work{Plan: *p, Message: message(n, r, w.pageURL), Earlier: earlier[:len(earlier):len(earlier)]}
				if p.Held != "" && !st.Confirmed[pid] && rw.stop == channels.GoOn {
					rw.stop = channels.Paused
				}
				earlier = append(earlier, *p)
			}
			revs[r.No] = rw
		}
	})
	w.mu.Lock()
	nw := w.notices[id]
	if nw == nil {
		nw = &noticeWork{}
		w.notices[id] = nw
	}
	w.mu.Unlock()
	nw.revs.Store(&revs)
}

func stopOf(n *alert.Notice, r *alert.Revision) channels.Stop {
	switch {
	case n.Superseded(r.No):
		return channels.Superseded
	case r.Paused != nil:
		return channels.Paused
	}
	return channels.GoOn
}

func (w *works) rev(notice string, rev int) (revWork, bool) {
	w.mu.RLock()
	nw := w.notices[notice]
	w.mu.RUnlock()
	if nw == nil {
		return revWork{}, false
	}
	revs := nw.revs.Load()
	if revs == nil {
		return revWork{}, false
	}
	rw, ok := (*revs)[rev]
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
	case rw.stop == channels.Superseded:
		return channels.Superseded
	case !time.Now().Before(rw.until):
		return channels.Ended
	}
	return rw.stop
}
