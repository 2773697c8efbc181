package desk

import (
	"context"
	"fmt"
	"slices"

	"mingluo/internal/alert"
)

// Telling is whom an update disturbs and whom it does not (W5), per channel.
type Telling struct {
	// Everybody: it is worse news, so that holders of the notice are told again.
	Everybody bool           `json:"everybody"`
	Told      map[string]int `json:"told"`
	Silent    map[string]int `json:"silent"` // they hold the notice; for them the pages change, nothing rings
}

// Telling counts whom an update with this content would tell; nil when it is no
// update of something in force. Holders are those that are recorded by now, so
// the figures move while an earlier revision is still being sent. rev is the
// update's number, 0 for one that was not submitted yet.
func (d *Desk) Telling(ctx context.Context, notice string, rev int, c alert.Content) (*Telling, error) {
	var h holders
	d.Read(func(st *alert.State) { h = d.holders(st, notice, rev, c) })
	if !h.update {
		return nil, nil
	}
	per, _, err := d.Audience.Count(ctx, c.Query())
	if err != nil {
		return nil, fmt.Errorf("count the audience: %w", err)
	}
	common := map[string]int{}
	if len(h.areas) > 0 {
		q := c.Query()
		q.Areas = h.areas
		if common, _, err = d.Audience.Count(ctx, q); err != nil {
			return nil, fmt.Errorf("count those who hold it: %w", err)
		}
	}
	t := &Telling{Everybody: h.from == 0, Told: map[string]int{}, Silent: map[string]int{}}
	for _, ch := range c.Channels {
		t.Silent[ch] = min(h.per[ch], common[ch])
		t.Told[ch] = per[ch] - t.Silent[ch]
	}
	return t, nil
}

// holders are who would be left in peace.
type holders struct {
	update bool
	from   int
	areas  []string       // where both the update and what they hold apply
	per    map[string]int // per channel
}

func (d *Desk) holders(st *alert.State, notice string, rev int, c alert.Content) holders {
	h := holders{per: map[string]int{}}
	n := st.Notices[notice]
	if n == nil {
		return h
	}
	if rev == 0 {
		rev = len(n.Revisions) + 1
	}
	h.update = slices.ContainsFunc(n.Released(), func(r *alert.Revision) bool { return r.No < rev })
	if h.from = n.SparedFrom(rev, &c); h.from == 0 || d.Reached == nil {
		return h
	}
	for no := h.from; no < rev; no++ {
		p := st.Plans[alert.PlanID(notice, no)]
		if p == nil {
			continue
		}
		h.areas = append(h.areas, d.common(c.Areas, p.Query.Areas)...)
		for _, ch := range p.Channels {
			for _, sl := range ch.Slices {
				h.per[ch.Channel] += d.Reached(alert.Task{Channel: ch.Channel, Notice: notice, Rev: no, Slice: sl, Attempt: 1})
			}
		}
	}
	slices.Sort(h.areas)
	h.areas = slices.Compact(h.areas)
	return h
}

// common is where both lists of areas apply.
func (d *Desk) common(a, b []string) (out []string) {
	for _, x := range a {
		for _, y := range b {
			switch {
			case !d.Gazetteer.Covers(x, y):
			case d.inside(y, x):
				out = append(out, y)
			default:
				out = append(out, x)
			}
		}
	}
	return out
}

func (d *Desk) inside(inner, outer string) bool {
	for code := inner; code != ""; code = d.Gazetteer.Parent(code) {
		if code == outer {
			return true
		}
	}
	return false
}
