package desk_test

import (
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// W17: a fan-out is paused, resumed and stopped. Doing it twice is doing it
// once; a stop is final and needs a reason; the notice stays in force, and a
// retraction may still follow.
func TestW17PauseResumeAndStop(t *testing.T) {
	n := newNight(t)
	notice := n.released(leak())
	rev := func() (r alert.Revision) {
		n.Read(func(st *alert.State) { r = *st.Notices[notice].Rev(1) })
		return r
	}
	events := func() uint64 { return n.book.Seq() }
	refused(t, n.Pause(t.Context(), writer, notice, 2, ""), alert.NotFound, "")
	refused(t, n.Pause(t.Context(), writer, notice, 1, strings.Repeat("长", 201)), alert.Invalid, "")
	n.must(n.Pause(t.Context(), writer, notice, 1, " 核对人数 "))
	before := events()
	n.must(n.Pause(t.Context(), approver, notice, 1, "再一次"))
	if r := rev(); events() != before || r.Paused == nil || r.Paused.Reason != "核对人数" || r.Bursts != 0 {
		t.Errorf("paused twice: %d events more, %+v", events()-before, r.Paused)
	}
	n.must(n.Resume(t.Context(), writer, notice, 1))
	refused(t, n.Stop(t.Context(), writer, notice, 1, "  "), alert.Invalid, "")
	live := writer
	live.Mode = map[alert.Mode]alert.Mode{alert.Live: alert.Drill, alert.Drill: alert.Live}[writer.Mode]
	refused(t, n.Stop(t.Context(), live, notice, 1, "范围不对"), alert.Forbidden, "R5")
	n.must(n.Pause(t.Context(), writer, notice, 1, ""))
	n.must(n.Stop(t.Context(), writer, notice, 1, "范围不对"))
	n.must(n.Stop(t.Context(), writer, notice, 1, "范围不对"))
	refused(t, n.Resume(t.Context(), writer, notice, 1), alert.Blocked, "")
	refused(t, n.Pause(t.Context(), writer, notice, 1, ""), alert.Blocked, "")
	if r := rev(); r.Stopped == nil || r.Stopped.Reason != "范围不对" || r.Paused != nil {
		t.Errorf("stopped %+v, paused %+v", r.Stopped, r.Paused)
	}
	if s := n.state(notice); s != alert.StateReleased {
		t.Errorf("the notice is %s", s)
	}
	_, err := n.Follow(t.Context(), writer, notice, alert.Retract, "")
	n.must(err)
	refused(t, n.Stop(t.Context(), writer, notice, 2, "晚了"), alert.Blocked, "")
	other := n.released(leak())
	_, err = n.Follow(t.Context(), writer, other, alert.Lift, "")
	n.must(err)
	refused(t, n.Stop(t.Context(), writer, other, 1, "晚了"), alert.Blocked, "")
}

// A burst pauses as the system, once for what was known; a retraction never.
func TestW17ABurstPausesAsTheSystem(t *testing.T) {
	n := newNight(t)
	notice := n.released(leak())
	pausedBy := func(no int) (by string, bursts int) {
		n.Read(func(st *alert.State) {
			r := st.Notices[notice].Rev(no)
			if bursts = r.Bursts; r.Paused != nil {
				by = r.Paused.By
			}
		})
		return by, bursts
	}
	n.must(n.PauseBurst(t.Context(), notice, 1, 0, "500 次中 250 次被拒绝 / 250 of 500 refused"))
	if by, bursts := pausedBy(1); by != alert.SystemActor || bursts != 1 {
		t.Errorf("paused by %q, %d bursts", by, bursts)
	}
	n.must(n.Resume(t.Context(), writer, notice, 1))
	n.must(n.PauseBurst(t.Context(), notice, 1, 0, "seen before the officer resumed"))
	if by, bursts := pausedBy(1); by != "" || bursts != 1 {
		t.Errorf("an old burst paused: by %q, %d bursts", by, bursts)
	}
	n.must(n.PauseBurst(t.Context(), notice, 1, 1, "a larger one"))
	if by, bursts := pausedBy(1); by != alert.SystemActor || bursts != 2 {
		t.Errorf("the second burst: by %q, %d bursts", by, bursts)
	}
	rev, err := n.Follow(t.Context(), writer, notice, alert.Retract, "")
	n.must(err)
	n.must(n.PauseBurst(t.Context(), notice, rev, 0, "a retraction"))
	if by, _ := pausedBy(rev); by != "" {
		t.Errorf("the retraction was paused by %q", by)
	}
}

// A stop before the plan, and one while the plan waits for an officer: the
// tasks are put all the same, so that everybody is settled as stopped.
func TestW17AStopLetsAHeldPlanBeSettled(t *testing.T) {
	n := newNight(t)
	notice, rev, hash := n.submitted(writer, leak())
	n.must(n.Review(t.Context(), approver, notice, rev, hash, "", alert.Checked()...))
	n.must(n.Approve(t.Context(), approver, notice, rev, hash))
	for i := range 200 {
		n.crowd.per[i]++
	}
	n.must(n.Release(t.Context(), approver, notice, rev))
	n.must(n.Stop(t.Context(), writer, notice, rev, "范围不对"))
	n.during(n.spread(nil).Run, func() {
		n.until("the plan", func(st *alert.State) bool {
			p := st.Plans[alert.PlanID(notice, 1)]
			return p != nil && p.Held != ""
		})
		deadline := time.Now().Add(10 * time.Second)
		for last := uint64(0); last == 0; {
			if time.Now().After(deadline) {
				t.Fatal("no tasks were put from the stopped plan")
			}
			last, _ = n.store.LastSeq(t.Context(), alert.StreamTasks)
		}
	})
}
