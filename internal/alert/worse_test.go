package alert

import (
	"testing"
	"time"
)

// W5: what disturbs people again, and what does not.
func TestW5OnlyWorseNewsDisturbsAgain(t *testing.T) {
	now := time.Date(2026, 9, 1, 3, 0, 0, 0, time.UTC)
	was := Content{Hazard: "11B01", Level: Yellow, Effective: now, Onset: now.Add(6 * time.Hour), Expires: now.Add(24 * time.Hour), Areas: []string{"440604"}}
	for name, c := range map[string]struct {
		change func(c *Content)
		worse  bool
	}{
		"the same again":     {func(*Content) {}, false},
		"longer":             {func(c *Content) { c.Expires = c.Expires.Add(6 * time.Hour) }, false},
		"other words":        {func(c *Content) { c.Instruction = "请继续留在室内。" }, false},
		"a further district": {func(c *Content) { c.Areas = append(c.Areas, "440605") }, false},
		"a lower colour":     {func(c *Content) { c.Level = Blue }, false},
		"a higher colour":    {func(c *Content) { c.Level = Orange }, true},
		"another danger":     {func(c *Content) { c.Hazard = "11B03" }, true},
		"sooner":             {func(c *Content) { c.Onset = now.Add(2 * time.Hour) }, true},
		"no classes":         {func(c *Content) { c.Suspend = []Suspension{{District: "440604", Confirmed: true}} }, true},
		"none further off":   {func(c *Content) { c.Suspend = []Suspension{{District: "440605", Confirmed: true}} }, false},
		"not confirmed yet":  {func(c *Content) { c.Suspend = []Suspension{{District: "440604"}} }, false},
		"the officer says":   {func(c *Content) { c.Again = true }, true},
	} {
		next := was
		c.change(&next)
		if Worse(&was, &next) != c.worse {
			t.Errorf("%s: worse is %v", name, !c.worse)
		}
	}
}

// Who is spared holds a revision that says at least as much as the last
// worsening. A correction told its people to wait, so they are told.
func TestW5WhoIsSparedHoldsTheLastWorsening(t *testing.T) {
	level := func(l Level) Content { return Content{Hazard: "11B01", Level: l} }
	at := &Decision{}
	rev := func(no int, v Verb, l Level) *Revision {
		return &Revision{No: no, Verb: v, Content: level(l), Released: at}
	}
	for name, c := range map[string]struct {
		revs []*Revision
		next Level
		from int
	}{
		"the first update":      {[]*Revision{rev(1, Issue, Yellow)}, Yellow, 1},
		"it got worse":          {[]*Revision{rev(1, Issue, Yellow)}, Red, 0},
		"two quiet updates":     {[]*Revision{rev(1, Issue, Yellow), rev(2, Update, Yellow)}, Yellow, 1},
		"it got worse before":   {[]*Revision{rev(1, Issue, Yellow), rev(2, Update, Orange)}, Orange, 2},
		"after a correction":    {[]*Revision{rev(1, Issue, Yellow), rev(2, Correct, Yellow)}, Yellow, 0},
		"some time after one":   {[]*Revision{rev(1, Issue, Yellow), rev(2, Correct, Yellow), rev(3, Update, Yellow)}, Yellow, 3},
		"published again":       {[]*Revision{rev(1, Issue, Yellow), rev(2, Retract, Yellow)}, Yellow, 0},
		"an unreleased between": {[]*Revision{rev(1, Issue, Yellow), {No: 2, Verb: Update, Content: level(Red)}}, Yellow, 1},
	} {
		n := &Notice{Revisions: c.revs}
		next := level(c.next)
		if got := n.SparedFrom(len(c.revs)+1, &next); got != c.from {
			t.Errorf("%s: spared from %d, want %d", name, got, c.from)
		}
	}
}
