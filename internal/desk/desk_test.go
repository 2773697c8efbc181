package desk_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// An information officer drafts and submits, another officer returns it with a
// reason; mended and resubmitted it is reviewed, approved and released.
func TestANoticeGoesThroughTwoPeople(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	notice, rev, _ := n.submitted(writer, leak())

	d, err := n.Return(ctx, approver, notice, rev, "请写明仓库的位置")
	n.must(err)
	if got := n.state(notice); got != alert.StateReturned {
		t.Fatalf("after the return: %s", got)
	}
	c := d.Content
	c.Description = "张槎街道大沙工业区一仓库发生泄漏。"
	d, err = n.SaveDraft(ctx, writer, d.ID, d.Seq, c)
	n.must(err)
	again, rev2, err := n.Submit(ctx, writer, d.ID, d.Seq)
	n.must(err)
	if again != notice || rev2 != rev+1 {
		t.Fatalf("resubmitted as %s/%d", again, rev2)
	}
	hash := n.hash(notice, rev2)
	refused(t, n.Approve(ctx, approver, notice, rev2, hash), alert.Blocked, "") // the review comes first
	n.must(n.Review(ctx, approver, notice, rev2, hash, "不含涉密内容", alert.Checked()...))
	n.must(n.Approve(ctx, approver, notice, rev2, hash))
	n.must(n.Release(ctx, approver, notice, rev2))
	if got := n.state(notice); got != alert.StateReleased {
		t.Errorf("after the release: %s", got)
	}
	n.Read(func(st *alert.State) {
		r := st.Notices[notice].Current()
		if r.Verb != alert.Issue || r.Audience["sms"] != alert.Buckets || r.Submitted.By != "chen" || r.Released.By != "li" {
			t.Errorf("released revision %+v", r)
		}
	})
}

// Whoever touched the text may not judge it, in whatever role; the approval is
// bound to the hash; nothing is released unapproved.
func TestR1TwoPeopleAndOneText(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	notice, rev, hash := n.submitted(approver2, leak())
	refused(t, n.Review(ctx, approver2, notice, rev, hash, "", alert.Checked()...), alert.Forbidden, "R1")
	n.must(n.Review(ctx, approver, notice, rev, hash, "", alert.Checked()...))
	refused(t, n.Approve(ctx, approver2, notice, rev, hash), alert.Forbidden, "R1")
	refused(t, n.Release(ctx, approver, notice, rev), alert.Blocked, "R1")
	refused(t, n.Approve(ctx, approver, notice, rev, "0000"), alert.Conflict, "R1")
	refused(t, n.Approve(ctx, writer, notice, rev, hash), alert.Forbidden, "")
	n.must(n.Approve(ctx, approver, notice, rev, hash))
	n.must(n.Release(ctx, approver, notice, rev))
	refused(t, n.Release(ctx, approver, notice, rev), alert.Conflict, "")
}

// An editor who only saved the draft once has touched it too.
func TestR1TouchingADraftIsEnough(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	d, err := n.NewDraft(ctx, writer, leak(), nil)
	n.must(err)
	c := d.Content
	c.Headline += "（一）"
	d, err = n.SaveDraft(ctx, approver2, d.ID, d.Seq, c)
	n.must(err)
	notice, rev, err := n.Submit(ctx, writer, d.ID, d.Seq)
	n.must(err)
	refused(t, n.Review(ctx, approver2, notice, rev, n.hash(notice, rev), "", alert.Checked()...), alert.Forbidden, "R1")
}

// Of two officers saving the same draft one wins, the other looks again.
func TestTwoSavesOfOneDraftConflict(t *testing.T) {
	n := newNight(t)
	d, err := n.NewDraft(t.Context(), writer, leak(), nil)
	n.must(err)
	c := d.Content
	c.Headline = "甲"
	_, err = n.SaveDraft(t.Context(), writer, d.ID, d.Seq, c)
	n.must(err)
	c.Headline = "乙"
	_, err = n.SaveDraft(t.Context(), approver2, d.ID, d.Seq, c)
	refused(t, err, alert.Conflict, "")
}

// A hundred approvals and releases at once: exactly one of each stands.
func TestHundredParallelApprovals(t *testing.T) {
	n := newNight(t)
	notice, rev, hash := n.submitted(writer, leak())
	n.must(n.Review(t.Context(), approver, notice, rev, hash, "", alert.Checked()...))
	for _, act := range []struct {
		name string
		do   func() error
	}{
		{"approve", func() error { return n.Approve(t.Context(), approver, notice, rev, hash) }},
		{"release", func() error { return n.Release(t.Context(), approver, notice, rev) }},
	} {
		var won atomic.Int32
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if act.do() == nil {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%s: %d of 100 stood", act.name, won.Load())
		}
	}
}

// What was drafted in a drill is never released live, nor the reverse.
func TestR5DrillAndLiveStayApart(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	notice, rev, hash := n.submitted(writer, leak())
	live := approver
	live.Mode = alert.Live
	refused(t, n.Review(ctx, live, notice, rev, hash, "", alert.Checked()...), alert.Forbidden, "R5")
	refused(t, n.Approve(ctx, live, notice, rev, hash), alert.Forbidden, "R5")
	refused(t, n.Release(ctx, live, notice, rev), alert.Forbidden, "R5")
	_, err := n.Follow(ctx, live, notice, alert.Retract, "")
	refused(t, err, alert.Forbidden, "R5")
	live.Mode = ""
	refused(t, n.Release(ctx, live, notice, rev), alert.Forbidden, "R4")
}

// No area, no submission: there is no default of everyone.
func TestR11MissingAreaFailsClosed(t *testing.T) {
	n := newNight(t)
	c := leak()
	c.Areas = nil
	d, err := n.NewDraft(t.Context(), writer, c, nil)
	n.must(err)
	_, _, err = n.Submit(t.Context(), writer, d.ID, d.Seq)
	refused(t, err, alert.Invalid, "R11")
	p, err := n.Preview(t.Context(), alert.Drill, c)
	n.must(err)
	if p.Audience["sms"] != 0 {
		t.Errorf("audience without an area: %v", p.Audience)
	}
}

// A retraction is one person's single act, with its text ready; it ends the
// notice, and nothing more can be done to it.
func TestR3OnePersonRetracts(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	notice := n.released(leak())
	ready, err := n.FollowText(notice, alert.Retract, "")
	n.must(err)
	if ready.Areas[0] != "440604" || !ready.Expires.After(time.Now()) {
		t.Errorf("ready text %+v", ready)
	}
	rev, err := n.Follow(ctx, writer, notice, alert.Retract, "误发")
	n.must(err)
	if rev != 2 || n.state(notice) != alert.StateRetracted {
		t.Errorf("revision %d, state %s", rev, n.state(notice))
	}
	_, err = n.Follow(ctx, approver, notice, alert.Lift, "")
	refused(t, err, alert.Conflict, "")
	_, err = n.UpdateDraft(ctx, writer, notice)
	refused(t, err, alert.Blocked, "")
}

// However long the notice was, its retraction fits the channel.
func TestR3ARetractionAlwaysFits(t *testing.T) {
	n := newNight(t)
	c := leak()
	c.Headline = strings.Repeat("很长的标题", 20)
	c.AreaDesc = strings.Repeat("很长的地点", 100)
	notice := n.released(c)
	n.limit = 60 // the carrier's limit shrinks to less than the old text
	ready, err := n.FollowText(notice, alert.Retract, "原因")
	n.must(err)
	if got := len([]rune(ready.Headline + ready.AreaDesc)); got > n.limit || !strings.HasPrefix(ready.Headline, "撤回：") {
		t.Errorf("%d characters: %s %s", got, ready.Headline, ready.AreaDesc)
	}
}

// An update keeps area, audience and channels, and needs two people again.
func TestW1UpdateReusesEverything(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	notice := n.released(leak())
	d, err := n.UpdateDraft(ctx, writer, notice)
	n.must(err)
	c := d.Content
	c.Level = alert.Red
	d, err = n.SaveDraft(ctx, writer, d.ID, d.Seq, c)
	n.must(err)
	same, rev, err := n.Submit(ctx, writer, d.ID, d.Seq)
	n.must(err)
	if same != notice || rev != 2 || n.state(notice) != alert.StateReleased {
		t.Fatalf("%s/%d, %s: an update in review must leave the notice in force", same, rev, n.state(notice))
	}
	hash := n.hash(notice, rev)
	n.must(n.Review(ctx, approver, notice, rev, hash, "", alert.Checked()...))
	n.must(n.Approve(ctx, approver, notice, rev, hash))
	n.must(n.Release(ctx, approver, notice, rev))
	if n.state(notice) != alert.StateUpdated {
		t.Error(n.state(notice))
	}
}

// A restart on the same folder shows the same state.
func TestRestartKeepsEverything(t *testing.T) {
	n := newNight(t)
	dir := t.TempDir()
	n.open(dir)
	notice := n.released(leak())
	waiting, _, _ := n.submitted(writer, leak())
	seq := n.book.Seq()
	n.must(n.book.Close())
	n.must(n.store.Close(context.Background()))
	n.open(dir)
	if n.book.Seq() != seq || n.state(notice) != alert.StateReleased || n.state(waiting) != alert.StateSubmitted {
		t.Errorf("after the restart: event %d of %d, %s, %s", n.book.Seq(), seq, n.state(notice), n.state(waiting))
	}
}
