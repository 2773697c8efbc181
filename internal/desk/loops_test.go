package desk_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

func (n *night) spread(reached map[string]int) *desk.Spread {
	return &desk.Spread{SliceSize: 1000, Book: n.book, Store: n.store, Audience: n.crowd, Log: slog.New(slog.DiscardHandler),
		Closed: func(alert.Task) bool { return false }, Finished: func(*alert.Plan) bool { return false },
		Reached: func(t alert.Task) int { return reached[t.Channel] }}
}

// during runs a loop while fn looks at what it does.
func (n *night) during(loop func(ctx context.Context) error, fn func()) {
	ctx, cancel := context.WithCancel(n.t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := loop(ctx); err != nil {
			n.t.Error(err)
		}
	})
	defer done.Wait()
	defer cancel()
	fn()
}

// until waits for the journal to show something.
func (n *night) until(what string, ok func(st *alert.State) bool) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 10*time.Second)
	defer cancel()
	for {
		var done bool
		seq := n.book.Seq()
		n.Read(func(st *alert.State) { done = ok(st) })
		if done {
			return
		}
		if _, err := n.book.Wait(ctx, seq); err != nil {
			n.t.Fatalf("%s: %v", what, err)
		}
	}
}

// A release becomes one plan that holds everybody, and a retraction a plan over
// the same slices.
func TestReleaseBecomesAPlanAndRetractionFollowsItsSlices(t *testing.T) {
	n := newNight(t)
	notice := n.released(leak())
	n.during(n.spread(map[string]int{"sms": 7}).Run, func() {
		n.until("the plan", func(st *alert.State) bool { return st.Plans[alert.PlanID(notice, 1)] != nil })
		_, err := n.Follow(t.Context(), writer, notice, alert.Retract, "")
		n.must(err)
		n.until("the retraction's plan", func(st *alert.State) bool { return st.Plans[alert.PlanID(notice, 2)] != nil })
	})
	n.Read(func(st *alert.State) {
		first, second := st.Plans[alert.PlanID(notice, 1)], st.Plans[alert.PlanID(notice, 2)]
		if first.Held != "" || first.Channels[0].Count != alert.Buckets || len(first.Channels[0].Slices) != 5 {
			t.Errorf("first plan: held %q, %d people in %d slices", first.Held, first.Channels[0].Count, len(first.Channels[0].Slices))
		}
		if !second.Follow || len(second.Channels[0].Slices) != 5 || second.Channels[0].Count != 35 {
			t.Errorf("retraction: %+v", second.Channels[0])
		}
	})
}

// More than 2 % or 50 people more than were approved: nothing is put before an
// officer has looked.
func TestR12AGrownAudienceIsHeld(t *testing.T) {
	n := newNight(t)
	notice, rev, hash := n.submitted(writer, leak())
	n.must(n.Review(t.Context(), approver, notice, rev, hash, "", alert.Checked()...))
	n.must(n.Approve(t.Context(), approver, notice, rev, hash))
	for i := range 60 {
		n.crowd.per[i]++
	}
	n.must(n.Release(t.Context(), approver, notice, rev))
	n.during(n.spread(nil).Run, func() {
		n.until("the plan", func(st *alert.State) bool { return st.Plans[alert.PlanID(notice, 1)] != nil })
		n.Read(func(st *alert.State) {
			if p := st.Plans[alert.PlanID(notice, 1)]; p.Held == "" || !slices.Equal(p.Differs, []string{"sms: 4096 → 4156"}) {
				t.Errorf("held %q, differs %v", p.Held, p.Differs)
			}
		})
		if last, err := n.store.LastSeq(t.Context(), alert.StreamTasks); err != nil || last != 0 {
			t.Errorf("%d tasks were put from a held plan (%v)", last, err)
		}
		n.must(n.ConfirmPlan(t.Context(), approver, notice, 1))
		deadline := time.Now().Add(10 * time.Second)
		for last := uint64(0); last != 5; {
			if time.Now().After(deadline) {
				t.Fatalf("%d tasks after the confirmation, want 5", last)
			}
			last, _ = n.store.LastSeq(t.Context(), alert.StreamTasks)
		}
	})
}

func explosion(occurred time.Time) alert.IncidentFacts {
	return alert.IncidentFacts{Title: "化工厂爆炸", Unit: "某化工厂", Place: "三水区白坭镇", Area: "440607104", Course: "02:40 发生爆炸", Measures: "已组织救援",
		Occurred: occurred, Received: occurred.Add(5 * time.Minute), Deaths: 12}
}

// An incident of five hours ago is missed at once, and only once, however many
// watches run and however often they start.
func TestTheMissIsRecordedOnce(t *testing.T) {
	n := newNight(t)
	now := time.Now().UTC()
	d := *n.Desk
	d.Now = func() time.Time { return now.Add(-290 * time.Minute) } // recorded ten minutes after it occurred
	id, err := d.RecordIncident(t.Context(), writer, "", explosion(now.Add(-5*time.Hour)), "")
	n.must(err)
	for range 2 {
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				w := desk.Watch{Book: n.book, Store: n.store, Rules: alert.FoshanDuties(), Log: slog.New(slog.DiscardHandler)}
				if _, err := w.Round(t.Context(), now); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	var got []alert.MilestoneWhat
	n.Read(func(st *alert.State) {
		for _, m := range st.Milestones {
			if m.Duty == "info5h" {
				got = append(got, m.What)
			}
		}
	})
	slices.Sort(got)
	if want := []alert.MilestoneWhat{"10min", "30min", "half", "missed", "most"}; !slices.Equal(got, want) {
		t.Errorf("milestones of %s: %v, want %v", id, got, want)
	}
}

// The release of a notice that answers the incident stops the 5 h clock; a
// press conference the other.
func TestAnswerAndConferenceMeetTheDuties(t *testing.T) {
	n := newNight(t)
	id, err := n.RecordIncident(t.Context(), writer, "", explosion(time.Now().Add(-time.Hour)), "")
	n.must(err)
	c := leak()
	c.Kind, c.Answers = alert.KindIncident, id
	n.released(c)
	n.must(n.HoldConference(t.Context(), approver, id, alert.ConferenceHeld{At: time.Now(), Place: "市新闻发布厅"}))
	w := desk.Watch{Book: n.book, Store: n.store, Rules: alert.FoshanDuties(), Log: slog.New(slog.DiscardHandler)}
	_, err = w.Round(t.Context(), time.Now())
	n.must(err)
	n.Read(func(st *alert.State) {
		for _, duty := range []string{"info5h", "press24h"} {
			if _, ok := st.Milestones[id+"-"+duty+"-met"]; !ok {
				t.Errorf("%s is not recorded as met", duty)
			}
		}
	})
}

// Another machine's clock may be a little ahead: what it recorded as done counts
// when our clock has come there, and the reminders until then are due.
func TestAConferenceAheadOfOurClockIsMetAtItsInstant(t *testing.T) {
	n := newNight(t)
	now := time.Now().UTC().Truncate(time.Second)
	id, err := n.RecordIncident(t.Context(), writer, "", explosion(now.Add(-time.Hour)), "")
	n.must(err)
	n.must(n.HoldConference(t.Context(), approver, id, alert.ConferenceHeld{At: now.Add(30 * time.Second), Place: "市新闻发布厅"}))
	w := desk.Watch{Book: n.book, Store: n.store, Rules: alert.FoshanDuties(), Log: slog.New(slog.DiscardHandler)}
	next, err := w.Round(t.Context(), now)
	n.must(err)
	if !next.Equal(now.Add(30 * time.Second)) {
		t.Errorf("the watch looks again at %s, want the conference's instant", next)
	}
	met := func() (ok bool) {
		n.Read(func(st *alert.State) { _, ok = st.Milestones[id+"-press24h-met"] })
		return ok
	}
	if met() {
		t.Error("it is met before its instant")
	}
	_, err = w.Round(t.Context(), next)
	n.must(err)
	if !met() {
		t.Error("it is not met at its instant")
	}
}

// A notice's end is recorded once at its instant, by the watch that saw it
// released as by one that starts later; after that nothing is looked at.
func TestTheEndOfANoticeIsRecordedAtItsInstant(t *testing.T) {
	n := newNight(t)
	notice := n.released(leak())
	var expires time.Time
	n.Read(func(st *alert.State) { expires = st.Notices[notice].Current().Content.Expires })
	w := desk.Watch{Book: n.book, Store: n.store, Rules: alert.FoshanDuties(), Log: slog.New(slog.DiscardHandler)}
	late := w
	for _, at := range []time.Time{time.Now(), expires.Add(-time.Second)} {
		next, err := w.Round(t.Context(), at)
		n.must(err)
		if !next.Equal(expires) {
			t.Errorf("at %s the watch looks again at %s, want the end %s", at, next, expires)
		}
	}
	for _, w := range []*desk.Watch{&w, &late, &w} {
		next, err := w.Round(t.Context(), expires)
		n.must(err)
		if !next.IsZero() {
			t.Errorf("after the end the watch looks again at %s", next)
		}
	}
	n.Read(func(st *alert.State) {
		if got := st.MilestonesOf(notice); len(got) != 1 || len(st.Live()) != 0 {
			t.Errorf("milestones %v, live %v; want one end and nothing live", got, st.Live())
		}
	})
}

// A level cannot be lowered, nor an instant moved, without a reason; the old
// facts stay.
func TestAmendingAnIncidentNeedsAReason(t *testing.T) {
	n := newNight(t)
	f := explosion(time.Now().Add(-time.Hour))
	id, err := n.RecordIncident(t.Context(), writer, "", f, "")
	n.must(err)
	f.Deaths = 2
	_, err = n.RecordIncident(t.Context(), writer, id, f, "")
	refused(t, err, alert.Invalid, "")
	_, err = n.RecordIncident(t.Context(), writer, id, f, "复核后更正")
	n.must(err)
	n.Read(func(st *alert.State) {
		if log := st.Incidents[id].Log; len(log) != 2 || log[0].Facts.Deaths != 12 || log[1].Reason == "" {
			t.Errorf("log %+v", log)
		}
	})
}
