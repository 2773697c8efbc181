package desk_test

import (
	"testing"
	"time"

	"mingluo/internal/alert"
)

// applied is a public notice under the city's authority, reviewed and signed,
// with what an application for it says.
func (n *night) applied() (notice string, rev int, a alert.ApplicationMade) {
	n.t.Helper()
	c := leak()
	c.Authority.Basis = "city"
	notice, rev, hash := n.submitted(writer, c)
	n.must(n.Review(n.t.Context(), approver, notice, rev, hash, "", alert.Checked()...))
	n.must(n.Approve(n.t.Context(), approver, notice, rev, hash))
	return notice, rev, alert.ApplicationMade{Notice: notice, Rev: rev, Hash: hash, Form: "发布机关：佛山市应急管理局"}
}

// A notice on application goes out when the platform accepted exactly its text
// and returned an id, and not one step before.
func TestWhatNeedsAnApplicationWaitsForIt(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	notice, rev, a := n.applied()
	blocked := func(when string) {
		t.Helper()
		if ps := alert.AsProblems(n.Release(ctx, approver, notice, rev)); len(ps) == 0 || ps[0].Kind != alert.Blocked || ps[0].Field != "application" {
			t.Errorf("%s: %v", when, ps)
		}
	}
	answer := func(f alert.ApplicationAnswered) error { return n.AnswerApplication(ctx, writer, notice, f) }
	handed := alert.ApplicationHanded{Way: "online", To: "张工"}
	blocked("nothing was applied for")
	refused(t, answer(alert.ApplicationAnswered{Granted: true, Ref: "FS-1"}), alert.NotFound, "")

	other := a
	other.Hash = n.hash(notice, rev)[:63] + "x"
	refused(t, n.Apply(ctx, writer, other), alert.Conflict, "R1")
	n.must(n.Apply(ctx, writer, a))
	refused(t, n.Apply(ctx, writer, a), alert.Conflict, "")
	blocked("it was prepared only")
	refused(t, answer(alert.ApplicationAnswered{Granted: true, Ref: "FS-1"}), alert.Conflict, "")

	late := handed
	late.At = time.Now().Add(time.Hour)
	refused(t, n.HandOver(ctx, writer, notice, late), alert.Invalid, "")
	late.At = time.Now().Add(-time.Hour)
	refused(t, n.HandOver(ctx, writer, notice, late), alert.Invalid, "")
	refused(t, n.HandOver(ctx, writer, notice, alert.ApplicationHanded{Way: "pigeon"}), alert.Invalid, "R15")
	n.must(n.HandOver(ctx, writer, notice, handed))
	blocked("it was handed over only")

	refused(t, answer(alert.ApplicationAnswered{Granted: true, Ref: "  "}), alert.Invalid, "")
	refused(t, answer(alert.ApplicationAnswered{}), alert.Invalid, "")
	n.must(answer(alert.ApplicationAnswered{Note: "范围不明确"}))
	blocked("the platform refused it")
	n.must(n.Apply(ctx, writer, a))
	n.must(n.HandOver(ctx, writer, notice, handed))
	n.must(answer(alert.ApplicationAnswered{Granted: true, Ref: "FS-1"}))
	n.must(n.WithdrawApplication(ctx, writer, notice, "再核实"))
	blocked("it was withdrawn")
	n.must(n.Apply(ctx, writer, a))
	n.must(n.HandOver(ctx, writer, notice, handed))
	n.must(answer(alert.ApplicationAnswered{Granted: true, Ref: "FS-2"}))
	n.must(n.Release(ctx, approver, notice, rev))
	refused(t, n.WithdrawApplication(ctx, writer, notice, "晚了"), alert.Blocked, "")

	// One id is one notice's.
	second, _, b := n.applied()
	n.must(n.Apply(ctx, writer, b))
	n.must(n.HandOver(ctx, writer, second, handed))
	refused(t, n.AnswerApplication(ctx, writer, second, alert.ApplicationAnswered{Granted: true, Ref: "FS-2"}), alert.Conflict, "")

	// A correction does not wait for anybody (R3).
	if _, err := n.Follow(ctx, writer, notice, alert.Retract, ""); err != nil {
		t.Error(err)
	}
}

// What was accepted is one text: a changed one needs an answer of its own. And
// nobody applies for what is not released on application, or in another mode.
func TestAnApplicationIsForOneText(t *testing.T) {
	n := newNight(t)
	ctx := t.Context()
	notice, rev, a := n.applied()
	n.must(n.Apply(ctx, writer, a))
	n.must(n.HandOver(ctx, writer, notice, alert.ApplicationHanded{Way: "fax"}))
	n.must(n.AnswerApplication(ctx, writer, notice, alert.ApplicationAnswered{Granted: true, Ref: "FS-1"}))
	d, err := n.Return(ctx, approver, notice, rev, "写明哪条街")
	n.must(err)
	c := d.Content
	c.Description += "在张槎一路。"
	d, err = n.SaveDraft(ctx, writer, d.ID, d.Seq, c)
	n.must(err)
	_, rev, err = n.Submit(ctx, writer, d.ID, d.Seq)
	n.must(err)
	hash := n.hash(notice, rev)
	n.must(n.Review(ctx, approver, notice, rev, hash, "", alert.Checked()...))
	n.must(n.Approve(ctx, approver, notice, rev, hash))
	refused(t, n.Release(ctx, approver, notice, rev), alert.Blocked, "")
	refused(t, n.Apply(ctx, writer, a), alert.Conflict, "")
	a.Rev, a.Hash = rev, hash
	live := writer
	live.Mode = alert.Live
	refused(t, n.Apply(ctx, live, a), alert.Forbidden, "R5")
	n.must(n.Apply(ctx, writer, a))
	refused(t, n.HandOver(ctx, live, notice, alert.ApplicationHanded{Way: "fax"}), alert.Forbidden, "R5")

	own, rev, hash := n.submitted(writer, leak())
	refused(t, n.Apply(ctx, writer, alert.ApplicationMade{Notice: own, Rev: rev, Hash: hash, Form: "x"}), alert.Blocked, "")
}
