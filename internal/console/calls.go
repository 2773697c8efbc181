package console

import (
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// callsView is who was called to a revision that waits, and whom one can ring.
type callsView struct {
	Waiting bool // nobody has signed yet
	Made    []callLine
	Numbers []phoneLine
}

// callLine is one call as the author sees it.
type callLine struct {
	No      int
	Officer string
	Name    string
	At      time.Time
	Means   []meansLine
	Opened  time.Time
	Next    time.Time // when the next one is called; zero when that is over
}

// meansLine is one way in which the officer was called.
type meansLine struct {
	Means     string
	Word      string // Chinese, a key of the catalogue
	Bad       bool
	Imitation bool
}

// phoneLine is a colleague who may be rung up.
type phoneLine struct {
	Name, Phone string
	OnDuty      bool
	Called      bool
}

// ringWord says what came of a means.
func ringWord(state string) (word string, bad bool) {
	switch state {
	case "":
		return "正在呼叫", false
	case "accepted":
		return "运营方已接收", false
	case "simulated":
		return "只模拟，没有发送", true
	case "unsure":
		return "不确定是否送出", true
	}
	return "没有送出", true
}

// callsTo is what an officer sees of the calls to a revision; nil when there
// are none to see.
func (c *Console) callsTo(r *http.Request, n *alert.Notice, rev *alert.Revision) *callsView {
	v := &callsView{Waiting: rev == n.Pending() && rev.Approved == nil || unsigned(rev)}
	people := c.colleagues(r.Context())
	called := map[string]bool{}
	var duty []alert.Callable
	c.Desk.Read(func(st *alert.State) {
		made := st.Calls[alert.PlanID(n.ID, rev.No)]
		for i, k := range made {
			o, _ := byID(people, k.Officer)
			called[k.Officer] = true
			l := callLine{No: k.No, Officer: k.Officer, Name: o.Name, At: k.Made.At}
			for _, m := range k.Means {
				l.Means = append(l.Means, meansOf(m, k.Rung))
			}
			if k.Opened != nil {
				l.Opened = k.Opened.At
			}
			if v.Waiting && i == len(made)-1 && k.Opened == nil {
				l.Next = k.Next
			}
			v.Made = append(v.Made, l)
		}
		duty = st.OnDuty(time.Now())
		if v.Waiting {
			v.Numbers = c.numbers(st, rev, people, duty, called)
		}
	})
	if len(v.Made) == 0 && !v.Waiting {
		return nil
	}
	return v
}

func meansOf(means string, rung []alert.Rung) meansLine {
	m := meansLine{Means: means}
	if means == "console" {
		m.Word = "打开的页面上"
		return m
	}
	for _, x := range rung {
		if x.Means == means {
			m.Word, m.Bad = ringWord(x.State)
			m.Imitation = x.Imitation
			return m
		}
	}
	m.Word, _ = ringWord("")
	return m
}

// numbers are the telephones of those who can take the revision a step on: on
// duty first, then on call, then everybody else.
func (c *Console) numbers(st *alert.State, rev *alert.Revision, people []Account, duty []alert.Callable, called map[string]bool) (out []phoneLine) {
	rank := func(id string) int {
		if i := slices.IndexFunc(duty, func(x alert.Callable) bool { return x.Officer == id }); i >= 0 {
			return i
		}
		return len(duty)
	}
	var found []alert.Officer
	for _, o := range usable(people) {
		review := rev.Reviewed == nil && rev.Released == nil && o.Has(alert.RoleReviewer)
		sign := o.Has(alert.RoleApprover) && st.MayApprove(o.ID, &rev.Content, c.Gazetteer) == nil
		if o.Phone != "" && !slices.Contains(rev.Touched, o.ID) && (review || sign) {
			found = append(found, o)
		}
	}
	slices.SortStableFunc(found, func(a, b alert.Officer) int { return rank(a.ID) - rank(b.ID) })
	for _, o := range found {
		out = append(out, phoneLine{Name: o.Name, Phone: o.Phone, OnDuty: rank(o.ID) < len(duty), Called: called[o.ID]})
	}
	return out
}

// looked records that a called officer sees the text. A page that refreshes
// itself is not a person who looks, and a record that does not take it must not
// keep the officer from the page.
func (c *Console) looked(r *http.Request, s *seat, n *alert.Notice) {
	rev := n.Pending()
	for _, x := range n.Revisions {
		if rev == nil && unsigned(x) {
			rev = x
		}
	}
	if rev == nil || !byPerson(r) {
		return
	}
	if err := c.Desk.OpenCall(r.Context(), s.Actor, n.ID, rev.No); err != nil {
		c.Log.Warn("record that a call was opened", "notice", n.ID, "rev", rev.No, "err", err)
	}
}

// unsigned reports whether a revision is an emergency release without its
// second signature.
func unsigned(r *alert.Revision) bool { return r.Emergency != nil && r.Countersigned == nil }
