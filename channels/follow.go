package channels

import (
	"context"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// pursuit is a correction's view of the slices it corrects.
type pursuit struct {
	lane    *lane
	task    alert.Task
	ledgers []*ledger // the earlier revisions' slices that overlap the task's
	revs    []int     // by ledger
	finally []bool    // by ledger: everybody was settled before the mark
	holding int       // how many are known to hold a revision, by ledger and summed
}

// pursue opens the earlier slices and puts the mark `closed` behind their
// outcomes. From then on nothing more is handed over for them: this process's
// workers are stopped when the mark is recorded, another's commit is refused
// because the slice's sequence moved, and it finds the mark. What was handed
// over until then is recorded behind the mark, and is corrected too.
func (ln *lane) pursue(ctx context.Context, task alert.Task, earlier []alert.Plan) (*pursuit, error) {
	p := &pursuit{lane: ln, task: task}
	for i := range earlier {
		for _, s := range overlapping(&earlier[i], task) {
			t := alert.Task{Channel: task.Channel, Notice: task.Notice, Rev: earlier[i].Rev, Slice: s}
			l, err := ln.eng.ledgers.open(ctx, t)
			if err != nil {
				p.release()
				return nil, err
			}
			l.mu.Lock()
			whole := l.whole
			l.mu.Unlock()
			p.ledgers, p.revs, p.finally = append(p.ledgers, l), append(p.revs, t.Rev), append(p.finally, whole)
			if _, closed := l.closed(); !closed {
				ln.eng.recorder.add(l, alert.Outcome{State: alert.StateClosed, At: time.Now()})
			}
		}
	}
	for _, l := range p.ledgers {
		if err := ln.eng.recorder.settle(ctx, l); err != nil {
			p.release()
			return nil, fmt.Errorf("close the slices before a correction: %w", err)
		}
	}
	return p, nil
}

func overlapping(plan *alert.Plan, task alert.Task) (out []alert.Slice) {
	for _, c := range plan.Channels {
		if c.Channel != task.Channel {
			continue
		}
		for _, s := range c.Slices {
			if s.Lo <= task.Slice.Hi && s.Hi >= task.Slice.Lo {
				out = append(out, s)
			}
		}
	}
	return out
}

func (p *pursuit) release() {
	for _, l := range p.ledgers {
		p.lane.eng.ledgers.release(l)
	}
}

// members returns those who may hold the notice, before or behind the mark,
// and whose bucket is in the task's slice.
func (p *pursuit) members(ctx context.Context) ([]Member, error) {
	p.holding = 0
	held := map[alert.RecipientID]bool{}
	var ids []alert.RecipientID
	for _, l := range p.ledgers {
		if err := p.lane.eng.ledgers.refresh(ctx, l); err != nil {
			return nil, err
		}
		l.reached(func(id alert.RecipientID) {
			p.holding++
			if p.task.Slice.Contains(id) && !held[id] {
				held[id] = true
				ids = append(ids, id)
			}
		})
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := p.lane.eng.conf.Audience.ByID(ctx, p.task.Channel, ids)
	if err != nil {
		return nil, fmt.Errorf("addresses of those to be corrected: %w", err)
	}
	members := make([]Member, 0, len(ids))
	for _, m := range found {
		if held[m.ID] {
			held[m.ID] = false
			members = append(members, m)
		}
	}
	for _, id := range ids { // erased: nothing can reach them any more
		if held[id] {
			members = append(members, Member{ID: id, Left: true})
		}
	}
	return members, nil
}

// quiet reports whether nothing can come behind the marks any more. Workers of
// this process are known. Another process's worker stops when it loses its
// lease or sees the mark, and then waits for its answers in flight.
func (p *pursuit) quiet(now time.Time) bool {
	for i, l := range p.ledgers {
		if !l.quiet() {
			return false
		}
		at, _ := l.closed()
		if !p.lane.eng.conf.Alone && !p.finally[i] && now.Sub(at) < p.lane.eng.conf.Settle {
			return false
		}
	}
	return true
}
