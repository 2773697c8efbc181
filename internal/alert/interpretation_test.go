package alert

import "testing"

// A policy document passes with its interpretation or with the reason why it has
// none; a warning has none, and its hash is what it was before there were any.
func TestInterpretationGoesWithTheDocument(t *testing.T) {
	for _, i := range []*Interpretation{{Text: "本通告要求……"}, {None: "内容简单，不需要解读"}} {
		c := good()
		c.Kind, c.Interpretation = KindPolicy, i
		if ps := c.Check(Foshan(), Drill, t0); ps != nil {
			t.Errorf("%+v: %v", i, ps)
		}
	}
	c := good()
	hash := c.Hash("n", 1, Issue, Drill)
	c.Interpretation = &Interpretation{Text: " \r\n", None: " "}
	if c.Tidy(); c.Interpretation != nil || c.Hash("n", 1, Issue, Drill) != hash {
		t.Error("an empty interpretation is not none")
	}
	c.Interpretation = &Interpretation{Text: "一\r\n二 "}
	if c.Tidy(); c.Explained("en") != "一\n二" || c.Hash("n", 1, Issue, Drill) == hash {
		t.Error("the hash does not bind the interpretation")
	}
}
