package progress_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

var t0 = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// book is a fixed state with one released notice of two slices.
type book struct{ st *alert.State }

func (b book) Read(fn func(*alert.State)) { fn(b.st) }

func released() book {
	st := alert.NewState()
	st.Notices["n"] = &alert.Notice{ID: "n", Mode: alert.Drill, Revisions: []*alert.Revision{{No: 1, Verb: alert.Issue, Released: &alert.Decision{At: t0}}}}
	st.Plans["n-1"] = &alert.Plan{Notice: "n", Rev: 1, Channels: []alert.ChannelPlan{{Channel: "sms", Count: 30, Slices: []alert.Slice{{Lo: 0, Hi: 99, Count: 10}, {Lo: 100, Hi: 4095, Count: 20}}}}}
	return book{st}
}

func tally(t *testing.T, slice string, v alert.Tally) alert.Record {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return alert.Record{Subject: "tally.n.1.sms." + slice, Data: b}
}

func tracker(b book) *progress.Tracker {
	return progress.NewTracker(b, func(string) progress.Route { return progress.Route{Name: "仿真", Imitation: true, Ready: true} })
}

// Before anything is recorded the plan's own figures stand; each newer tally
// replaces the older, and the release is done when every slice is closed.
func TestSumsFollowTheNewestTally(t *testing.T) {
	tr := tracker(released())
	if p, ok := tr.Of("n", 1); !ok || p.Done || p.Channels[0].Planned != 30 || !p.Channels[0].Imitation {
		t.Fatalf("before: %+v %v", p, ok)
	}
	steps := []struct {
		slice   string
		tally   alert.Tally
		settled int
		done    bool
	}{
		{"0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 4, "unsure": 1, "deferred": 2}, NextTry: t0}, 4, false},
		{"0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 9, "unsure": 1}, Closed: true, Repeats: 1}, 10, false},
		{"0064-0fff", alert.Tally{Expected: 21, Counts: map[string]int{"delivered": 21}, Closed: true, First: t0, Last: t0.Add(time.Second)}, 31, true},
	}
	for i, s := range steps {
		if err := tr.Take(tally(t, s.slice, s.tally)); err != nil {
			t.Fatal(err)
		}
		p, _ := tr.Of("n", 1)
		if p.Channels[0].Settled != s.settled || p.Done != s.done {
			t.Errorf("step %d: settled %d, done %v; want %d, %v", i, p.Channels[0].Settled, p.Done, s.settled, s.done)
		}
	}
	p, _ := tr.Of("n", 1)
	if c := p.Channels[0]; c.Planned != 31 || c.Repeats != 1 || !c.Last.Equal(t0.Add(time.Second)) {
		t.Errorf("in the end: %+v", c)
	}
	if _, ok := tr.Of("n", 2); ok {
		t.Error("a revision that was never released has progress")
	}
}

// Deferred people are tried at their instant, by the next attempt, until the
// slice is closed.
func TestLaterNamesTheNextAttempt(t *testing.T) {
	tr := tracker(released())
	at := t0.Add(time.Minute)
	if err := tr.Take(tally(t, "0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"deferred": 10}, NextTry: at, Attempt: 1})); err != nil {
		t.Fatal(err)
	}
	if due, next := tr.Later(t0); len(due) != 0 || !next.Equal(at) {
		t.Errorf("before its instant: %v %v", due, next)
	}
	due, next := tr.Later(at)
	if len(due) != 1 || due[0].Subject() != "task.sms.n.1.0000-0063.2" || !next.IsZero() {
		t.Errorf("at its instant: %v %v", due, next)
	}
	if err := tr.Take(tally(t, "0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 10}, Closed: true, Attempt: 2})); err != nil {
		t.Fatal(err)
	}
	if due, _ := tr.Later(at); len(due) != 0 {
		t.Errorf("after it was closed: %v", due)
	}
	task := alert.Task{Channel: "sms", Notice: "n", Rev: 1, Slice: alert.Slice{Lo: 0, Hi: 99}, Attempt: 1}
	if !tr.Closed(task) || tr.Reached(task) != 10 {
		t.Errorf("closed %v, reached %d", tr.Closed(task), tr.Reached(task))
	}
}

// Whoever waits is woken by the next change and takes the newest state.
func TestWaitWakes(t *testing.T) {
	tr := tracker(released())
	woken := make(chan uint64)
	go func() {
		v, err := tr.Wait(t.Context(), 0)
		if err != nil {
			t.Error(err)
		}
		woken <- v
	}()
	if err := tr.Take(tally(t, "0000-0063", alert.Tally{})); err != nil {
		t.Fatal(err)
	}
	if v := <-woken; v != tr.Version() {
		t.Errorf("woken at %d of %d", v, tr.Version())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.Wait(ctx, tr.Version()); err == nil {
		t.Error("a wait that was given up returned a version")
	}
}

func TestATallyThatCannotBeReadIsAnError(t *testing.T) {
	tr := tracker(released())
	for _, r := range []alert.Record{{Subject: "tally.n.1.sms"}, {Subject: "tally.n.x.sms.0000-0063", Data: []byte("{}")}, {Subject: "tally.n.1.sms.zz", Data: []byte("{}")}, {Subject: "tally.n.1.sms.0000-0063", Data: []byte("{")}} {
		if err := tr.Take(r); err == nil {
			t.Errorf("%s %s was taken", r.Subject, r.Data)
		}
	}
	if tr.Version() != 0 {
		t.Error("a bad tally changed something")
	}
}

// Somebody waits for a second try in half an hour. When the fan-out is stopped
// the slice is due at once, so that he is settled.
func TestWhatWasStoppedIsDueAtOnce(t *testing.T) {
	b := released()
	tr := tracker(b)
	if err := tr.Take(tally(t, "0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 9, "deferred": 1}, Attempt: 2, NextTry: t0.Add(30 * time.Minute)})); err != nil {
		t.Fatal(err)
	}
	if due, next := tr.Later(t0); len(due) != 0 || !next.Equal(t0.Add(30*time.Minute)) {
		t.Errorf("before: %v, next %s", due, next)
	}
	b.st.Notices["n"].Revisions[0].Stopped = &alert.Decision{At: t0}
	due, next := tr.Later(t0)
	if len(due) != 1 || due[0].Attempt != 3 || !next.IsZero() {
		t.Errorf("after the stop: %v, next %s", due, next)
	}
	if p, _ := tr.Of("n", 1); !p.Stopped {
		t.Error("progress does not say that it was stopped")
	}
}

// A process that was frozen wakes after the retraction was done and records
// that two more people hold the notice: the retraction looks again, once, and
// is content when it knows of them.
func TestARetractionLooksAgainForThoseWhoWereRecordedLate(t *testing.T) {
	b := released()
	first := b.st.Plans["n-1"]
	n := b.st.Notices["n"]
	n.Revisions = append(n.Revisions, &alert.Revision{No: 2, Verb: alert.Retract, Released: &alert.Decision{At: t0}})
	b.st.Plans["n-2"] = &alert.Plan{Notice: "n", Rev: 2, Verb: alert.Retract, Follow: true, Channels: first.Channels}
	tr := tracker(b)
	take := func(rev string, v alert.Tally) {
		t.Helper()
		r := tally(t, "0000-0063", v)
		r.Subject = "tally.n." + rev + ".sms.0000-0063"
		if err := tr.Take(r); err != nil {
			t.Fatal(err)
		}
	}
	looks := func(want int) {
		t.Helper()
		due, _ := tr.Later(t0)
		if len(due) != want || want == 1 && (due[0].Rev != 2 || due[0].Attempt != 2) {
			t.Errorf("due: %+v, want %d", due, want)
		}
	}
	take("1", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 3}, Closed: true, Superseded: true})
	looks(0)
	take("2", alert.Tally{Expected: 3, Chased: 3, Attempt: 1, Counts: map[string]int{"accepted": 3}, Closed: true})
	looks(0)
	take("1", alert.Tally{Expected: 10, Counts: map[string]int{"delivered": 3, "unsure": 2}, Closed: true, Superseded: true})
	looks(1)
	looks(1) // until somebody did
	take("2", alert.Tally{Expected: 5, Chased: 5, Attempt: 2, Counts: map[string]int{"accepted": 5}, Closed: true})
	looks(0)
}
