package cap

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

var dawn = beijing("2026-11-24 05:30")

// draft reads and drafts a spoilt sample.
func draft(t *testing.T, doc string, opts ...DraftOption) *Imported {
	t.Helper()
	a, _, err := Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	im, err := Draft(a, alert.Foshan(), dawn, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func warnsOf(im *Imported, field string) bool {
	return slices.ContainsFunc(im.Warnings, func(w Warning) bool { return w.Field == field && w.ZH != "" && w.EN != "" })
}

// The demo's signal becomes a relay that needs nothing but two officers.
func TestSampleTyphoonBecomesADraft(t *testing.T) {
	raw := SampleTyphoon(dawn)
	a, _, err := Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if a.Identifier != "44060041600000_20261124053000" || !a.Sent.Equal(dawn) || !strings.Contains(a.Info[0].Description, "2026年11月24日05时30分") {
		t.Errorf("the sample was not moved to now: %s %v %s", a.Identifier, a.Sent, a.Info[0].Description)
	}
	g := alert.Foshan()
	im, err := Draft(a, g, dawn, Original(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := im.Content
	if ps := c.Check(g, alert.Drill, dawn); ps != nil {
		t.Errorf("the desk says: %v", ps)
	}
	if c.Kind != alert.KindRelay || c.Hazard != "11B01" || c.Level != alert.Yellow || im.LevelFrom != LevelFromColour {
		t.Errorf("kind %s hazard %s level %s from %s", c.Kind, c.Hazard, c.Level, im.LevelFrom)
	}
	if !slices.Equal(c.Areas, g.Districts()) || im.AreasFound[0].By != "code" || len(im.Unmapped) > 0 {
		t.Errorf("areas %v by %+v, unmapped %v", c.Areas, im.AreasFound, im.Unmapped)
	}
	if im.Mode != alert.Drill {
		t.Errorf("R5: a sample became %s", im.Mode)
	}
	s := c.Source
	if s == nil || s.Name != "佛山市气象台" || s.Identifier != a.Identifier || !s.Sent.Equal(dawn) || len(s.Original) != 64 {
		t.Errorf("R25: source %+v", s)
	}
	if im.Language != "zh-CN" || !strings.HasPrefix(c.HeadlineEN, "Foshan Meteorological") || !strings.Contains(c.TextEN, "scaffolds") {
		t.Errorf("language %s, English %q %q", im.Language, c.HeadlineEN, c.TextEN)
	}
	if c.Expires.Sub(c.Effective) != 24*time.Hour || im.Shifted {
		t.Errorf("from %v to %v, shifted %v", c.Effective, c.Expires, im.Shifted)
	}
}

func TestR15OnlyAlertAndUpdateBecomeDrafts(t *testing.T) {
	refs := []string{"</scope>", "</scope><references>station@weather.example,earlier-1,2026-11-24T05:00:00+08:00</references>"}
	for _, typ := range []string{"Cancel", "Ack", "Error"} {
		a, _, err := Parse(strings.NewReader(spoil(t, append(refs, ">Alert<", ">"+typ+"<")...)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Draft(a, alert.Foshan(), dawn)
		ps := alert.AsProblems(err)
		if len(ps) != 1 || ps[0].Rule != "R15" || ps[0].Field != "msgType" || !strings.Contains(ps[0].EN, typ) || !strings.Contains(ps[0].EN, "earlier-1") {
			t.Errorf("%s: %v", typ, err)
		}
	}
	im := draft(t, spoil(t, append(refs, ">Alert<", ">Update<")...))
	if im.Content.Headline == "" {
		t.Error("an Update made no draft")
	}
	a, _, err := Parse(strings.NewReader(sound[:strings.Index(sound, "  <info>")] + "</alert>"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Draft(a, alert.Foshan(), dawn); len(alert.AsProblems(err)) != 1 {
		t.Errorf("without info: %v", err)
	}
}

func TestR5OnlyActualMayGoLive(t *testing.T) {
	for status, want := range map[string]alert.Mode{"Actual": alert.Live, "Test": alert.Drill, "Exercise": alert.Drill, "System": alert.Drill, "Draft": alert.Drill} {
		im := draft(t, spoil(t, ">Actual<", ">"+status+"<"))
		if im.Mode != want || want == alert.Drill != warnsOf(im, "mode") {
			t.Errorf("%s became %s, warnings %v", status, im.Mode, im.Warnings)
		}
	}
}

// The place is found by code, by name or by shape; what is not ours is not
// taken for everybody.
func TestR11Areas(t *testing.T) {
	five := alert.Foshan().Districts()
	code := func(name, value string) string {
		return "<geocode><valueName>" + name + "</valueName><value>" + value + "</value></geocode>"
	}
	const elsewhere = "<polygon>40.0,116.0 40.0,116.2 40.1,116.2 40.0,116.0</polygon>"
	for _, c := range []struct {
		area string // what stands in <area>
		want []string
		by   string
	}{
		{"<areaDesc>x</areaDesc>" + code("行政区划", "440604"), []string{"440604"}, "code"},
		{"<areaDesc>x</areaDesc>" + code("any", "440604012"), []string{"440604012"}, "code"},
		{"<areaDesc>x</areaDesc>" + code("CPEAS Geographic Code", "440605000000"), []string{"440605"}, "code"},
		{"<areaDesc>x</areaDesc>" + code("any", "440604012005"), []string{"440604012"}, "code"}, // a village's town
		{"<areaDesc>x</areaDesc>" + code("any", "440604 440608000"), []string{"440604", "440608"}, "code"},
		{"<areaDesc>x</areaDesc>" + code("any", "440604") + code("any", "440604012"), []string{"440604"}, "code"},
		{"<areaDesc>x</areaDesc>" + code("any", "440600"), five, "code"},
		{"<areaDesc>x</areaDesc>" + code("any", "440000000000"), five, "code"}, // the province covers the city
		{"<areaDesc>x</areaDesc>" + code("行政区划代码", "000000"), five, "code"},
		{"<areaDesc>x</areaDesc>" + code("ISO 3166-2", "CN-GD"), five, "code"},
		{"<areaDesc>x</areaDesc>" + code("SAME", "000000"), nil, ""}, // all of the United States
		{"<areaDesc>x</areaDesc>" + code("SAME", "440604"), nil, ""},
		{"<areaDesc>x</areaDesc>" + code("any", "000000"), nil, ""},
		{"<areaDesc>x</areaDesc>" + code("any", "440300"), nil, ""},       // Shenzhen
		{"<areaDesc>x</areaDesc>" + code("any", "440604999"), nil, ""},    // no such town: not its district
		{"<areaDesc>x</areaDesc>" + code("any", "130602000000"), nil, ""}, // Baoding
		{"<areaDesc>禅城区</areaDesc>", []string{"440604"}, "name"},
		{"<areaDesc>佛山市禅城区、南海区桂城街道</areaDesc>", []string{"440604", "440605011"}, "name"},
		{"<areaDesc>佛山三水</areaDesc>", []string{"440607"}, "name"},
		{"<areaDesc>佛山市</areaDesc>", five, "name"},
		{"<areaDesc>全市</areaDesc>", five, "name"}, // the sender is Foshan's station
		{"<areaDesc>广东省</areaDesc>", five, "name"},
		{"<areaDesc>Chancheng District, Foshan</areaDesc>", []string{"440604"}, "name"},
		{"<areaDesc>Foshan</areaDesc>", five, "name"},
		{"<areaDesc>深圳市南山区</areaDesc>", nil, ""},
		{"<areaDesc>江西省九江市</areaDesc>", nil, ""},
		{"<areaDesc>南海北部海面</areaDesc>", nil, ""},
		{"<areaDesc>粤西地区</areaDesc>", nil, ""},
		{"<areaDesc></areaDesc>", nil, ""},
		{"<areaDesc>x</areaDesc><polygon>23.0,113.08 23.0,113.10 23.02,113.10 23.0,113.08</polygon>", []string{"440604"}, "polygon"},
		{"<areaDesc>x</areaDesc><polygon>0,90 60,90 60,130 0,130 0,90</polygon>", five, "polygon"},
		{"<areaDesc>x</areaDesc><circle>23.01,113.09 0</circle>", []string{"440604"}, "polygon"},
		{"<areaDesc>x</areaDesc><circle>40,116 10</circle>", nil, ""},
		{"<areaDesc>x</areaDesc>" + elsewhere, nil, ""},
		{"<areaDesc>x</areaDesc><polygon>20,179 20,-179 30,-179 30,179 20,179</polygon>", nil, ""}, // the Pacific, not the rest of the world
		{"<areaDesc>禅城区</areaDesc>" + elsewhere, []string{"440604"}, "name"},
	} {
		a, _, err := Parse(strings.NewReader(spoil(t, "<areaDesc>禅城区</areaDesc>", "", "      <polygon>22.9,113.0 22.9,113.2 23.1,113.2 22.9,113.0</polygon>\n", c.area)))
		if err != nil {
			t.Errorf("%s: %v", c.area, err)
			continue
		}
		im, err := Draft(a, alert.Foshan(), dawn)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(im.Content.Areas, c.want) {
			t.Errorf("%s: areas %v, want %v", c.area, im.Content.Areas, c.want)
		}
		for _, f := range im.AreasFound {
			if f.By != c.by {
				t.Errorf("%s: %s found by %s, want %s", c.area, f.Code, f.By, c.by)
			}
		}
		if len(c.want) == 0 && (!warnsOf(im, "areas") || len(im.Unmapped) != 1) {
			t.Errorf("%s: nothing maps, but no word of it: %v %v", c.area, im.Warnings, im.Unmapped)
		}
	}
}

func TestAreasBelongToTheInfoThatIsTaken(t *testing.T) {
	// A province's message with one info per city: ours is the second.
	first := sound[strings.Index(sound, "  <info>") : strings.Index(sound, "</info>")+len("</info>\n")]
	other := strings.NewReplacer("禅城区", "深圳市南山区", "22.9,113.0", "22.5,113.9", "22.9,113.2", "22.5,114.0", "23.1,113.2", "22.6,114.0", "暴雨橙色", "暴雨红色").Replace(first)
	im := draft(t, strings.Replace(sound, "  <info>", other+"  <info>", 1))
	if im.Content.Level != alert.Orange || !slices.Equal(im.Content.Areas, []string{"440604"}) || !warnsOf(im, "description") {
		t.Errorf("level %s areas %v warnings %v", im.Content.Level, im.Content.Areas, im.Warnings)
	}
}

func TestLevelAndHazard(t *testing.T) {
	with := func(name, value string) []string {
		return []string{"<area>", "<parameter><valueName>" + name + "</valueName><value>" + value + "</value></parameter><area>",
			"佛山市气象台发布暴雨橙色预警信号", "Rain"}
	}
	for _, c := range []struct {
		name   string
		spoil  []string
		hazard alert.Hazard
		level  alert.Level
		from   LevelSource
	}{
		{"words of the headline", nil, "11B03", alert.Orange, LevelFromColour},
		{"the weather service's code", append(with("x", "11B20_RED"), "暴雨", "rain"), "11B20", alert.Red, LevelFromColour},
		{"its compact form", with("x", "11B0304"), "11B03", alert.Red, LevelFromColour},
		{"its other code", with("x", "p0002003"), "11B03", alert.Yellow, LevelFromColour},
		{"MeteoAlarm", with("awareness_level", "3; orange; Severe"), "11B03", alert.Orange, LevelFromColour},
		{"another's parameter", with("system_event_level_color", "YELLOW"), "11B03", alert.Yellow, LevelFromColour},
		{"a parameter about cars", with("vehicle", "red"), "11B03", alert.Orange, LevelFromSeverity},
		{"an English headline", []string{"佛山市气象台发布暴雨橙色预警信号", "Amber rainstorm warning"}, "11B03", alert.Orange, LevelFromColour},
		{"a red flag is no colour", []string{"佛山市气象台发布暴雨橙色预警信号", "Red Flag Warning", "暴雨</event>", "Red Flag Warning</event>", "Severe<", "Moderate<"}, "XWILD", alert.Yellow, LevelFromSeverity},
		{"severity", []string{"佛山市气象台发布暴雨橙色预警信号", "Rain"}, "11B03", alert.Orange, LevelFromSeverity},
		{"nothing", []string{"佛山市气象台发布暴雨橙色预警信号", "Tsunami", "暴雨</event>", "海啸</event>", "Severe<", "Unknown<"}, "海啸", alert.Blue, LevelFromNothing},
		{"a colour that Guangdong does not have", []string{"暴雨橙色", "暴雨蓝色"}, "暴雨", alert.Blue, LevelFromColour},
		{"white typhoon", []string{"暴雨</event>", "台风</event>", "暴雨橙色", "台风白色"}, "11B01", alert.White, LevelFromColour},
		{"training is not rain", []string{"暴雨</event>", "Training of theatre staff</event>", "佛山市气象台发布暴雨橙色预警信号", "Training"}, "Training of theatre staff", alert.Orange, LevelFromSeverity},
	} {
		im := draft(t, spoil(t, c.spoil...))
		if got := im.Content; got.Hazard != c.hazard || got.Level != c.level || im.LevelFrom != c.from {
			t.Errorf("%s: hazard %s level %s from %s, want %s %s %s", c.name, got.Hazard, got.Level, im.LevelFrom, c.hazard, c.level, c.from)
		}
		if c.from != LevelFromColour && !warnsOf(im, "level") {
			t.Errorf("%s: a level was derived without a word", c.name)
		}
	}
}

func TestR14EveryDraftHasAnEnd(t *testing.T) {
	const end = "<expires>2026-11-24T11:20:00+08:00</expires>"
	im := draft(t, spoil(t, end, ""))
	if im.Content.Expires.Sub(im.Content.Effective) != DefaultValid || !warnsOf(im, "expires") {
		t.Errorf("without an end: to %v, warnings %v", im.Content.Expires, im.Warnings)
	}
	im = draft(t, spoil(t, end, "<expires>2027-06-24T11:20:00+08:00</expires>"))
	if im.Content.Expires.Sub(dawn) != alert.MaxAhead || !warnsOf(im, "expires") {
		t.Errorf("with a distant end: to %v, warnings %v", im.Content.Expires, im.Warnings)
	}
	im = draft(t, spoil(t, end, "<onset>2026-11-24T20:20:00+08:00</onset>"+end))
	if !im.Content.Onset.IsZero() || !warnsOf(im, "onset") {
		t.Errorf("onset after the end: %v", im.Content.Onset)
	}
}

func TestShiftKeepsDurations(t *testing.T) {
	for name, year := range map[string]string{"the past": "2019", "a Thai year": "2568"} {
		doc := strings.NewReplacer("2026-11-24T05:20", year+"-11-24T05:20", "<expires>2026", "<onset>"+year+"-11-24T06:20:00+08:00</onset><expires>"+year).Replace(sound)
		im := draft(t, doc, Shift())
		c := im.Content
		if !im.Shifted || !c.Effective.Equal(dawn) || c.Onset.Sub(c.Effective) != time.Hour || c.Expires.Sub(c.Effective) != 6*time.Hour || !warnsOf(im, "effective") {
			t.Errorf("%s: from %v onset %v to %v, shifted %v", name, c.Effective, c.Onset, c.Expires, im.Shifted)
		}
		if got := c.Source.Sent.In(alert.Beijing()).Format("2006"); got != year {
			t.Errorf("%s: R25: the source's own time became %s", name, got)
		}
		if im = draft(t, doc); im.Shifted || len(im.Warnings) == 0 {
			t.Errorf("%s, not asked to shift: %v %v", name, im.Shifted, im.Warnings)
		}
	}
	if im := draft(t, sound, Shift()); im.Shifted {
		t.Error("an alert of today was shifted")
	}
}

func TestTextsAreMadeToFit(t *testing.T) {
	long := strings.Repeat("长", 5000)
	im := draft(t, spoil(t, "佛山市气象台发布暴雨橙色预警信号", long, "预计未来3小时", long+"\u202e\u200b", "暂停户外作业。", "", "<area>", "<web>javascript:alert(1)</web><contact>"+long+"</contact><area>"))
	c := im.Content
	if ps := c.Check(alert.Foshan(), alert.Live, dawn); ps != nil {
		t.Errorf("the desk says: %v", ps)
	}
	if !strings.HasPrefix(c.Description, "长") || strings.ContainsAny(c.Description, "\u202e\u200b") || c.Web != "" || c.Contact != "" || c.Instruction == "" {
		t.Errorf("web %q contact %q instruction %q", c.Web, c.Contact, c.Instruction)
	}
	for _, field := range []string{"headline", "description", "instruction", "contact"} {
		if !warnsOf(im, field) {
			t.Errorf("%s was changed without a word", field)
		}
	}
	im = draft(t, spoil(t, "暂停户外作业", "停止{{什么}}作业&lt;br/&gt;"))
	if !warnsOf(im, "instruction") || !strings.Contains(im.Content.Instruction, "<br/>") {
		t.Errorf("R10: %q %v", im.Content.Instruction, im.Warnings)
	}
}

func TestPrivateAlertsStayInTheSector(t *testing.T) {
	im := draft(t, spoil(t, ">Public</scope>", `>Private</scope><addresses>"duty officer" ops</addresses>`))
	c := im.Content
	if c.Scope != alert.ScopeSector || c.Openness.Attribute == "active" || !warnsOf(im, "scope") {
		t.Errorf("scope %s openness %+v", c.Scope, c.Openness)
	}
	c.Groups = []string{"应急责任人"} // the officer's choice
	if ps := c.Check(alert.Foshan(), alert.Live, dawn); ps != nil {
		t.Errorf("the desk says: %v", ps)
	}
}
