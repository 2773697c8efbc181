package alert

import (
	"slices"
	"strings"
	"time"
)

// Worse reports whether an update is worse news than what stood before: only
// then are those who hold the notice disturbed again (W5). A higher colour,
// another danger, an earlier beginning and a new suspension are; for anything
// else an officer may say so ([Content.Again]). Places and groups that were
// added need no rule: nobody there holds the notice yet.
func Worse(was, now *Content) bool {
	switch {
	case now.Again, now.Level > was.Level, now.Hazard != was.Hazard:
		return true
	case begins(now).Before(begins(was)) && begins(was).After(was.Effective):
		return true
	}
	for _, s := range now.Suspend {
		if s.Confirmed && concerned(was, s.District) && !slices.ContainsFunc(was.Suspend, func(x Suspension) bool { return x.Confirmed && x.District == s.District }) {
			return true
		}
	}
	return false
}

// concerned reports whether a notice was in force in a district, or in a part of
// it. A division's code begins with that of the division it lies in.
func concerned(c *Content, district string) bool {
	return slices.ContainsFunc(c.Areas, func(a string) bool {
		return strings.HasPrefix(a, district) || strings.HasPrefix(district, strings.TrimRight(a, "0"))
	})
}

// begins is when the danger does, as far as the text says.
func begins(c *Content) time.Time {
	if c.Onset.IsZero() {
		return c.Effective
	}
	return c.Onset
}

// SparedFrom returns the released revision from which on a holder of the notice
// need not be told of an update with this content; 0 when everybody is told.
// before is the update's own number. Whoever holds only what is older than the
// last worsening never heard of it and is told; so is everybody after a
// correction, which told them to wait for this.
func (n *Notice) SparedFrom(before int, c *Content) (from int) {
	for _, r := range slices.Backward(n.Released()) {
		if r.No >= before {
			continue
		}
		if r.Verb.Follows() || Worse(&r.Content, c) {
			return from
		}
		from, c = r.No, &r.Content
	}
	return from
}
