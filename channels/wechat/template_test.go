package wechat

import (
	"strings"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/internal/alert"
)

func account(t *testing.T) *Account {
	t.Helper()
	return New(Config{AppID: "wx", AppSecret: "s", Template: Template{ID: "T", Fields: DefaultFields()}}, nil, nil)
}

func lines(t *testing.T, m channels.Message, lang string) []string {
	t.Helper()
	r, err := account(t).Render(m, lang)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(r.Text, "\n")
	for i, f := range DefaultFields() {
		if r.Fields[f.Name] != got[i] {
			t.Errorf("field %s is %q, the text's line %q", f.Name, r.Fields[f.Name], got[i])
		}
		if _, limit := fieldLimit(f.Name); width(got[i]) > limit {
			t.Errorf("field %s has %d characters, at most %d: %q", f.Name, width(got[i]), limit, got[i])
		}
	}
	return got
}

func sameLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestWhatAFollowerReads: the whole of a signal fits, with its place and times
// (R13), its issuer (R25) and its code.
func TestR13WhatAFollowerReads(t *testing.T) {
	sameLines(t, lines(t, channeltest.Message(alert.Live), "zh"),
		"台风黄色预警信号", "禅城区", "2026年8月1日 14:00~2026年8月1日 20:00", "停止高空和户外作业，尽快返回室内。", "佛山市气象台 ABCD2345")
}

// TestR6DrillAndVerb: the mark first and last, the verb right after it.
func TestR6DrillAndVerb(t *testing.T) {
	for verb, want := range map[alert.Verb]string{
		alert.Issue: "【演练】台风黄色预警信号", alert.Update: "【演练】更新台风黄色预警信号", alert.Correct: "【演练】更正台风黄色预警信号",
		alert.Lift: "【演练】解除台风黄色预警信号", alert.Retract: "【演练】撤回台风黄色预警信号",
	} {
		m := channeltest.Message(alert.Drill)
		m.Verb = verb
		got := lines(t, m, "zh")
		if got[0] != want || got[4] != "佛山市气象台 ABCD2345【演练】" {
			t.Errorf("%s: %q … %q", verb, got[0], got[4])
		}
		if times := strings.Count(got[2], "~"); times == 1 == verb.Ends() {
			t.Errorf("%s: the time is %q", verb, got[2])
		}
	}
}

// TestW13NothingIsCutSilently: what is too long ends with … and the drill's
// mark still stands behind it; places are cut between names, and counted; the
// code moves when the issuer needs the room.
func TestW13NothingIsCutSilently(t *testing.T) {
	m := channeltest.Message(alert.Drill)
	m.Content.AreaDesc = "禅城区、南海区、顺德区、高明区、三水区、桂城街道、狮山镇"
	m.Content.Instruction = "立即停止一切高空、水上和户外作业，\n人员撤离到安全的地方，切断电源。"
	m.Content.Source.Name = "佛山市突发事件预警信息发布中心"
	sameLines(t, lines(t, m, "zh"),
		"【演练】台风黄色预警信号", "禅城区、南海区、顺德区、高明区等7处…", "2026年8月1日 14:00~2026年8月1日 20:00", "立即停止一切高空、水… ABCD2345", "佛山市突发事件预警信息发布中心【演练】")
	m.Content.Source.Name = "佛山市突发事件预警信息发布中心办公室值班处"
	if got := lines(t, m, "zh"); got[4] != "佛山市突发事件预警信息发布中心…【演练】" {
		t.Errorf("issuer: %q", got[4])
	}
}

// TestOtherMatters: a caution of the bureau's own, an instruction by its
// headline, a foreign hazard by its words, a headline that has its verb.
func TestOtherMatters(t *testing.T) {
	m := channeltest.Message(alert.Live)
	m.Content.Kind, m.Content.Hazard, m.Content.Level, m.Content.SenderName = alert.KindCaution, "XCHEM", alert.Orange, "佛山市应急管理局"
	if got := lines(t, m, "zh"); got[0] != "危险化学品橙色预警" || got[4] != "佛山市应急管理局 ABCD2345" {
		t.Errorf("caution: %q … %q", got[0], got[4])
	}
	m.Mode = alert.Drill
	if got := lines(t, m, "zh"); got[4] != "佛山市应急管理局ABCD2345【演练】" {
		t.Errorf("caution in a drill: %q", got[4])
	}
	m.Mode = alert.Live
	m.Content.Kind, m.Content.Headline, m.Verb = alert.KindInstruction, "解除：关于立即停止高处作业的紧急指令（第三号）", alert.Lift
	if got := lines(t, m, "zh"); got[0] != "解除：关于立即停止高处作业的紧急指令（…" {
		t.Errorf("instruction: %q", got[0])
	}
	m.Content.Kind, m.Content.Hazard, m.Content.Event, m.Verb = alert.KindCaution, "TSW", "Tsunami", alert.Issue
	if got := lines(t, m, "zh"); got[0] != "Tsunami橙色预警" {
		t.Errorf("foreign: %q", got[0])
	}
}

// TestEnglishReader gets English words where there are some.
func TestEnglishReader(t *testing.T) {
	m := channeltest.Message(alert.Drill)
	m.Verb = alert.Lift
	got := lines(t, m, "en")
	if got[0] != "[DRILL]End: typhoon…" || got[3] != "Open page… ABCD2345" || !strings.HasSuffix(got[4], "[DRILL]") {
		t.Errorf("%q", got)
	}
	if got := lines(t, channeltest.Message(alert.Live), "en"); got[0] != "Yellow typhoon" || got[3] != "Open for what to do…" {
		t.Errorf("%q", got)
	}
}

// TestATemplateOfAnotherShape: the level, the verb and the code in fields of
// their own; the code then stands nowhere else.
func TestATemplateOfAnotherShape(t *testing.T) {
	fields := []Field{{"thing1", SaysWhat}, {"phrase2", SaysLevel}, {"phrase3", SaysVerb}, {"thing4", SaysWhere}, {"time5", SaysWhen},
		{"character_string6", SaysCode}, {"thing7", SaysAction}, {"thing8", SaysIssuer}}
	c := Config{AppID: "wx", AppSecret: "s", Template: Template{ID: "T", Fields: fields}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	r, err := New(c, nil, nil).Render(channeltest.Message(alert.Drill), "zh")
	if err != nil {
		t.Fatal(err)
	}
	sameLines(t, strings.Split(r.Text, "\n"), "【演练】台风黄色预警信号", "黄色", "发布", "禅城区", "2026年8月1日 14:00~2026年8月1日 20:00", "ABCD2345",
		"停止高空和户外作业，尽快返回室内。", "佛山市气象台【演练】")
}

// TestR8MissingPartsAreAProblem: each names its field.
func TestR8MissingPartsAreAProblem(t *testing.T) {
	for field, spoil := range map[string]func(*alert.Content){
		"area_desc":   func(c *alert.Content) { c.AreaDesc = " \u200b" },
		"effective":   func(c *alert.Content) { c.Effective = time.Time{} },
		"expires":     func(c *alert.Content) { c.Expires = time.Time{} },
		"instruction": func(c *alert.Content) { c.Instruction, c.Description, c.TextEN = "", "", "" },
		"sender_name": func(c *alert.Content) { c.SenderName, c.Source = "", nil },
		"headline":    func(c *alert.Content) { c.Kind, c.Headline, c.Event = alert.KindPolicy, "", "" },
	} {
		m := channeltest.Message(alert.Live)
		spoil(&m.Content)
		_, err := account(t).Render(m, "zh")
		ps := alert.AsProblems(err)
		if len(ps) != 1 || ps[0].Field != field || ps[0].ZH == "" || ps[0].EN == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestTemplatesThatCannotCarryAWarning are refused at the start.
func TestTemplatesThatCannotCarryAWarning(t *testing.T) {
	if err := (Template{ID: "T", Fields: DefaultFields()}).Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	change := func(i int, f Field) []Field {
		fs := DefaultFields()
		fs[i] = f
		return fs
	}
	for name, fields := range map[string][]Field{
		"none":                     nil,
		"an old keyword":           change(0, Field{"keyword1", SaysWhat}),
		"a type without a number":  change(0, Field{"thing", SaysWhat}),
		"the time in a thing":      change(2, Field{"thing3", SaysWhen}),
		"prose in a phrase":        change(3, Field{"phrase4", SaysAction}),
		"a name twice":             change(1, Field{"thing1", SaysWhere}),
		"nobody says so":           change(4, Field{"thing5", SaysWhere}),
		"a mark has no place":      append(DefaultFields(), Field{"character_string6", SaysCode}),
		"something nobody can say": change(1, Field{"thing2", "weather"}),
	} {
		if err := (Template{ID: "T", Fields: fields}).Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzRender: whatever the texts are, every field keeps within its type and a
// drill is marked first and last.
func FuzzRender(f *testing.F) {
	f.Add("台风黄色预警信号", "禅城区、南海区", "停止作业", "佛山市气象台", "ABCD2345")
	f.Add("", "a,b,c;d", "\u202e\x00x", strings.Repeat("长", 300), "")
	f.Add("😀😀😀😀😀😀😀😀😀😀😀", "、、、", "\xff\xfe", "y", strings.Repeat("C", 40))
	a := New(Config{AppID: "wx", AppSecret: "s", Template: Template{ID: "T", Fields: DefaultFields()}}, nil, nil)
	f.Fuzz(func(t *testing.T, headline, area, action, issuer, code string) {
		for _, lang := range []string{"zh", "en"} {
			m := channeltest.Message(alert.Drill)
			m.Code = code
			m.Content.Kind, m.Content.Headline, m.Content.AreaDesc = alert.KindInstruction, headline, area
			m.Content.Instruction, m.Content.SenderName, m.Content.HeadlineEN = action, issuer, headline
			r, err := a.Render(m, lang)
			if err != nil {
				if len(alert.AsProblems(err)) == 0 {
					t.Fatalf("an error that is no problem: %v", err)
				}
				continue
			}
			mark := channels.DrillMark(alert.Drill, lang)
			if !strings.HasPrefix(r.Text, mark) || !strings.HasSuffix(r.Text, mark) {
				t.Fatalf("not marked: %q", r.Text)
			}
			for _, field := range DefaultFields() {
				v := r.Fields[field.Name]
				if _, limit := fieldLimit(field.Name); v == "" || width(v) > limit || strings.ContainsAny(v, "\n\r\x00") {
					t.Fatalf("%s: %q", field.Name, v)
				}
			}
		}
	})
}
