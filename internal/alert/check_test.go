package alert

import (
	"strings"
	"testing"
	"time"
)

// good is a content that may be released at t0.
func good() Content {
	return Content{
		Kind: KindCaution, Category: "Safety", Event: "危险化学品泄漏", Hazard: "XCHEM", Level: Orange,
		Urgency: "Immediate", Severity: "Severe", Certainty: "Observed",
		Headline: "禅城区危化品泄漏警示", Description: "张槎街道一仓库发生泄漏，气味可能影响周边。", Instruction: "请关好门窗，不要靠近。",
		SenderName: "佛山市应急管理局", Effective: t0, Expires: t0.Add(6 * time.Hour),
		Areas: []string{"440604"}, AreaDesc: "禅城区", Channels: []string{"sms"},
		Authority: Authority{Basis: "own"}, Scope: ScopePublic, Openness: Openness{Attribute: "active"},
	}
}

func TestAGoodNoticePasses(t *testing.T) {
	c := good()
	if ps := c.Check(Foshan(), Drill, t0); ps != nil {
		t.Fatal(ps)
	}
}

// Each way to be wrong is found, names its field and its rule.
func TestReleaseIsBlocked(t *testing.T) {
	for _, c := range []struct {
		name, field, rule string
		break_            func(c *Content)
	}{
		{"a document without its interpretation", "interpretation", "R8", func(c *Content) { c.Kind = KindPolicy }},
		{"too short a reason for none", "interpretation", "R8", func(c *Content) { c.Kind, c.Interpretation = KindPolicy, &Interpretation{None: "无"} }},
		{"a gap in the interpretation", "interpretation", "R10", func(c *Content) { c.Kind, c.Interpretation = KindPolicy, &Interpretation{Text: "对{谁}有效"} }},
		{"too long a reason", "interpretation_none", "", func(c *Content) {
			c.Kind, c.Interpretation = KindPolicy, &Interpretation{None: strings.Repeat("长", 201)}
		}},
		{"a warning with an interpretation", "interpretation", "", func(c *Content) { c.Interpretation = &Interpretation{Text: "解读"} }},
		{"no area", "areas", "R11", func(c *Content) { c.Areas = nil }},
		{"unknown area", "areas", "R11", func(c *Content) { c.Areas = []string{"440604", "999999"} }},
		{"no place in words", "area_desc", "R13", func(c *Content) { c.AreaDesc = " " }},
		{"no headline", "headline", "R8", func(c *Content) { c.Headline = "" }},
		{"no description", "description", "R8", func(c *Content) { c.Description = "" }},
		{"no instruction", "instruction", "R8", func(c *Content) { c.Instruction = "" }},
		{"no issuer", "sender_name", "R8", func(c *Content) { c.SenderName = "" }},
		{"no start", "effective", "R8", func(c *Content) { c.Effective = time.Time{} }},
		{"no end", "expires", "R14", func(c *Content) { c.Expires = time.Time{} }},
		{"end before start", "expires", "R14", func(c *Content) { c.Expires = c.Effective.Add(-time.Hour) }},
		{"end has passed", "expires", "R14", func(c *Content) { c.Effective, c.Expires = t0.Add(-2*time.Hour), t0.Add(-time.Hour) }},
		{"end in a year", "expires", "R14", func(c *Content) { c.Expires = t0.AddDate(1, 0, 0) }},
		{"placeholder", "description", "R10", func(c *Content) { c.Description = "请{地点}的居民注意" }},
		{"template braces", "headline", "R10", func(c *Content) { c.Headline = "{{hazard}}警示" }},
		{"Milwaukee", "description", "R10", func(c *Content) { c.Description = "ADD LONGER WEA MESSAGE HERE" }},
		{"xx district", "instruction", "R10", func(c *Content) { c.Instruction = "请XX区居民撤离" }},
		{"not a drill", "description", "R4", func(c *Content) { c.Description = "注意，这不是演习！" }},
		{"direction override", "headline", "", func(c *Content) { c.Headline = "警示\u202e" }},
		{"NUL", "headline", "", func(c *Content) { c.Headline = "警示\x00" }},
		{"unknown kind", "kind", "R15", func(c *Content) { c.Kind = "rumour" }},
		{"white for chemicals", "level", "R15", func(c *Content) { c.Level = White }},
		{"colour missing", "level", "R8", func(c *Content) { c.Level = NoLevel }},
		{"own weather signal", "kind", "R25", func(c *Content) { c.Hazard, c.Level = "11B03", Red }},
		{"relay without source", "source", "R25", func(c *Content) { c.Kind, c.Hazard, c.Level = KindRelay, "11B01", Yellow }},
		{"wrong urgency", "urgency", "R15", func(c *Content) { c.Urgency = "immediate" }},
		{"category list trick", "category", "R15", func(c *Content) { c.Category = "Met Safety" }},
		{"sector list to the public", "authority", "", func(c *Content) { c.Authority.Basis = "sector" }},
		{"an endless number", "authority", "", func(c *Content) { c.Authority.Ref = strings.Repeat("1", 61) }},
		{"the sector is nobody", "groups", "", func(c *Content) { c.Scope = ScopeSector }},
		{"the sector is the public", "groups", "", func(c *Content) { c.Scope, c.Groups = ScopeSector, []string{"学校", GroupPublic} }},
		{"closed without reason", "openness", "", func(c *Content) { c.Scope, c.Openness = ScopeSector, Openness{Attribute: "closed"} }},
		{"suspension of no signal", "suspend", "R26", func(c *Content) { c.Suspend = []Suspension{{District: "440604", Confirmed: true}} }},
		{"too long", "headline", "", func(c *Content) { c.Headline = strings.Repeat("长", MaxHeadline+1) }},
		{"script link", "web", "", func(c *Content) { c.Web = "javascript:alert(1)" }},
	} {
		content := good()
		c.break_(&content)
		found := false
		for _, p := range content.Check(Foshan(), Drill, t0) {
			found = found || p.Field == c.field && p.Rule == c.rule && p.ZH != "" && p.EN != ""
		}
		if !found {
			t.Errorf("%s: no problem of field %q and rule %q in %v", c.name, c.field, c.rule, content.Check(Foshan(), Drill, t0))
		}
	}
}

// 台风黄橙红 and 暴雨红 suspend classes, nothing else does; the proposal is per
// district and has to be confirmed.
func TestR26ClassSuspensionByRule(t *testing.T) {
	for _, h := range Hazards() {
		for _, l := range h.Levels {
			want := h.Code == "11B01" && l >= Yellow || h.Code == "11B03" && l == Red
			if got := SuspendsClasses(h.Code, l); got != want {
				t.Errorf("%s %s: %v", h.ZH, l.ZH(), got)
			}
		}
	}
	g := Foshan()
	s := ProposeSuspension(g, "11B01", Yellow, []string{"440604", "440605011"})
	if len(s) != 2 || s[0].Confirmed || !strings.HasPrefix(s[0].Text, "禅城区：") || !strings.HasPrefix(s[1].Text, "南海区桂城街道：") {
		t.Errorf("proposal %+v", s)
	}
	for i := range s {
		s[i].Confirmed = true
	}
	if said := SuspensionSentences(s); len(said) != 1 || !strings.HasPrefix(said[0], "禅城区、南海区桂城街道：信号生效期间") {
		t.Errorf("said as %q", said)
	}
	if s := ProposeSuspension(g, "11B01", Blue, []string{"440604"}); s != nil {
		t.Errorf("blue proposed %+v", s)
	}
}

// An approval is bound to everything that is said and to whom.
func TestR1HashChangesWithEverything(t *testing.T) {
	c := good()
	h := c.Hash("n", 1, Issue, Drill)
	for name, other := range map[string]string{
		"notice": c.Hash("m", 1, Issue, Drill), "revision": c.Hash("n", 2, Issue, Drill), "mode": c.Hash("n", 1, Issue, Live), "verb": c.Hash("n", 1, Update, Drill),
		"area": func() string { d := good(); d.Areas = []string{"440605"}; return d.Hash("n", 1, Issue, Drill) }(),
		"text": func() string { d := good(); d.Instruction += "。"; return d.Hash("n", 1, Issue, Drill) }(),
	} {
		if other == h {
			t.Errorf("another %s has the same hash", name)
		}
	}
	if len(VerifyCode(h)) != 8 {
		t.Errorf("code %q", VerifyCode(h))
	}
}

func FuzzPlaceholder(f *testing.F) {
	f.Add("请{地点}注意")
	f.Fuzz(func(t *testing.T, s string) {
		if p := Placeholder(s); p != "" && !strings.Contains(s, p) {
			t.Errorf("%q is not in the text", p)
		}
	})
}
