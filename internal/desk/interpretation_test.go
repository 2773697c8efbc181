package desk_test

import (
	"testing"

	"mingluo/internal/alert"
)

// A policy document is not submitted without its interpretation. With it both go
// through the same two officers in the same acts, and are taken back together.
func TestADocumentGoesOutWithItsInterpretation(t *testing.T) {
	n := newNight(t)
	c := leak()
	c.Kind = alert.KindPolicy
	d, err := n.NewDraft(t.Context(), writer, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = n.Submit(t.Context(), writer, d.ID, d.Seq)
	if ps := alert.AsProblems(err); len(ps) != 1 || ps[0].Field != "interpretation" {
		t.Fatalf("submitted without an interpretation: %v", err)
	}
	c.Interpretation = &alert.Interpretation{Text: "通告对有限空间作业的企业有效。"}
	notice := n.released(c)
	rev, err := n.Follow(t.Context(), approver, notice, alert.Correct, "适用范围写错了")
	if err != nil {
		t.Fatal(err)
	}
	n.Read(func(st *alert.State) {
		if r := st.Notices[notice].Rev(1); r.Content.Explained("zh") != c.Interpretation.Text {
			t.Error("the released document has lost its interpretation")
		}
		if r := st.Notices[notice].Rev(rev); r.Content.Interpretation != nil {
			t.Error("the correction says what the wrong text meant")
		}
	})
}
