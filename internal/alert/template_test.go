package alert

import (
	"strings"
	"testing"
	"time"
)

func gasTemplate() *Template {
	return &Template{ID: "gas-leak", Version: 2, ZH: "燃气泄漏", EN: "Gas leak", Kind: KindCaution, Hazard: "XGAS", Level: Orange,
		Category: "Safety", Event: "燃气泄漏", Urgency: "Immediate", Certainty: "Observed", Hours: 6, Scope: ScopePublic,
		Headline: "{{地点}}燃气泄漏警示", Description: "{{开始}}起，{{地点}}{{路段}}燃气泄漏，影响约{{户数}}户，预计{{结束}}前恢复。", Instruction: "请撤离到上风处。",
		Fields: []TemplateField{
			{Name: "路段", ZH: "路段", EN: "Road", Type: FieldPlace, Max: 20},
			{Name: "户数", ZH: "影响户数", EN: "Households", Type: FieldNumber, Min: 1, Max: 100000},
		}}
}

func placed() Content {
	return Content{AreaDesc: "禅城区祖庙街道", SenderName: "佛山市应急管理局", Effective: time.Date(2026, 11, 23, 19, 0, 0, 0, time.UTC), Expires: time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)}
}

func TestAFilledTemplateHasNoFreeText(t *testing.T) {
	tpl := gasTemplate()
	if ps := tpl.Check(); ps != nil {
		t.Fatal(ps)
	}
	c, ps := tpl.Fill(placed(), map[string]string{"路段": "人民路", "户数": "320"})
	if ps != nil {
		t.Fatal(ps)
	}
	if want := "11月24日 03:00起，禅城区祖庙街道人民路燃气泄漏，影响约320户，预计11月24日 09:00前恢复。"; c.Description != want {
		t.Errorf("%s", c.Description)
	}
	if !tpl.Made(&c) {
		t.Error("the content was not recognised as the template's")
	}
	changed := c
	changed.Instruction += "并拨打 110。"
	if tpl.Made(&changed) {
		t.Error("free text passed as the template's (R1: it carries no review)")
	}
	lowered := c
	lowered.Level = Blue
	if tpl.Made(&lowered) {
		t.Error("another level passed as the template's")
	}
	newer := gasTemplate()
	newer.Version = 3
	if newer.Made(&c) {
		t.Error("another version's review was carried over")
	}
}

func TestR10AGapThatIsNotFilledStaysAndIsNamed(t *testing.T) {
	c, ps := gasTemplate().Fill(placed(), map[string]string{"户数": "很多", "别的": "x"})
	if len(ps) != 3 {
		t.Errorf("%d problems: %v", len(ps), ps)
	}
	if Placeholder(c.Description) == "" {
		t.Errorf("no gap is left in %q", c.Description)
	}
}

func TestAValueCannotBringAGapOrALineIn(t *testing.T) {
	for _, v := range []string{"{{电话}}", "a\nb", strings.Repeat("长", 21), "a\u202Eb"} {
		if _, ps := gasTemplate().Fill(placed(), map[string]string{"路段": v, "户数": "1"}); len(ps) != 1 {
			t.Errorf("%q: %v", v, ps)
		}
	}
}

func TestATemplateThatCannotWorkIsRefused(t *testing.T) {
	for what, spoil := range map[string]func(*Template){
		"a gap nobody described": func(t *Template) { t.Headline += "{{没有}}" },
		"a name used twice":      func(t *Template) { t.Fields[1].Name = "路段" },
		"a reserved name":        func(t *Template) { t.Fields[0].Name = "地点" },
		"no limit":               func(t *Template) { t.Fields[0].Max = 0 },
		"one choice":             func(t *Template) { t.Fields[0].Type = FieldChoice },
		"an id with a dot":       func(t *Template) { t.ID = "a.b" },
		"no end":                 func(t *Template) { t.Hours = 0 },
	} {
		tpl := gasTemplate()
		spoil(tpl)
		if tpl.Check() == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func FuzzFillTemplate(f *testing.F) {
	f.Add("人民路", "320")
	f.Add("{{x}}", "-1")
	f.Fuzz(func(t *testing.T, road, n string) {
		tpl := gasTemplate()
		c, ps := tpl.Fill(placed(), map[string]string{"路段": road, "户数": n})
		if ps == nil && (!tpl.Made(&c) || gap.MatchString(c.Description)) {
			t.Errorf("filled without a problem, but not the template's: %q", c.Description)
		}
	})
}
