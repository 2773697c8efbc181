package progress

import (
	"mingluo/internal/alert"
)

// late returns the tasks of corrections that are done and should look again: a
// process that was frozen recorded, after it woke, that more people hold an
// earlier revision than the correction knew of. It looks only at notices whose
// corrected slices changed, and comes back to those until all is well.
func (t *Tracker) late() (due []alert.Task) {
	for _, plans := range t.corrected() {
		again := t.missed(plans)
		if len(again) == 0 {
			t.clear(plans[0].Notice)
		}
		due = append(due, again...)
	}
	return due
}

// corrected returns the plans of each suspect notice, oldest first.
func (t *Tracker) corrected() (out [][]*alert.Plan) {
	t.mu.Lock()
	var ids []string
	for id := range t.suspect {
		ids = append(ids, id)
	}
	t.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	t.book.Read(func(st *alert.State) {
		for _, id := range ids {
			var plans []*alert.Plan
			for no := 1; st.Notices[id] != nil && no <= len(st.Notices[id].Revisions); no++ {
				if p := st.Plans[alert.PlanID(id, no)]; p != nil {
					plans = append(plans, p) // a plan is never changed
				}
			}
			if len(plans) > 0 {
				out = append(out, plans)
			}
		}
	})
	return out
}

// missed compares what each finished correction knew with what is known now.
func (t *Tracker) missed(plans []*alert.Plan) (due []alert.Task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, p := range plans {
		if !p.Follow {
			continue
		}
		for _, c := range p.Channels {
			for _, sl := range c.Slices {
				task := alert.Task{Channel: c.Channel, Notice: p.Notice, Rev: p.Rev, Slice: sl}
				k, ok := t.shares[keyOf(task)].get(sl)
				if !ok || !k.whole || k.superseded || t.holding(plans[:i], task) <= int(k.chased) {
					continue
				}
				task.Attempt = int(k.attempt) + 1
				due = append(due, task)
			}
		}
	}
	return due
}

// holding is how many hold one of the earlier revisions in the slices that the
// task's slice overlaps: what its worker counts as Chased.
func (t *Tracker) holding(earlier []*alert.Plan, task alert.Task) (n int) {
	for _, p := range earlier {
		for _, c := range p.Channels {
			for _, sl := range c.Slices {
				if c.Channel == task.Channel && sl.Lo <= task.Slice.Hi && sl.Hi >= task.Slice.Lo {
					n += t.reached(alert.Task{Channel: c.Channel, Notice: p.Notice, Rev: p.Rev, Slice: sl})
				}
			}
		}
	}
	return n
}

func (t *Tracker) clear(notice string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.suspect, notice)
}
