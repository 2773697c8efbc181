package sms

import (
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels"
	"mingluo/channels/sms/gsm"
	"mingluo/internal/alert"
)

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, alert.Beijing())
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// notice is a relayed signal, live, as released.
func notice() channels.Message {
	return channels.Message{
		Notice: "20260801-abcde", Rev: 1, Verb: alert.Issue, Mode: alert.Live, Issued: at("2026-08-01 13:58"), Code: "ABCD2345",
		URL: "https://gong.example/n/20260801-abcde",
		Content: alert.Content{
			Kind: alert.KindRelay, Event: "台风", Hazard: "11B01", Level: alert.Yellow,
			Headline: "台风黄色预警信号", Instruction: "停止高空和户外作业，尽快返回室内。", Description: "风力将达8级，阵风10级",
			SenderName: "佛山市应急管理局", Contact: "12345", AreaDesc: "禅城区、南海区桂城街道",
			Effective: at("2026-08-01 14:00"), Expires: at("2026-08-01 20:00"),
			Source: &alert.Source{Name: "佛山市气象台", Sent: at("2026-08-01 13:50"), Identifier: "44060041600000_20260801135000"},
		},
	}
}

func route(t *testing.T, c Config) *Route {
	t.Helper()
	return New(c, nil, nil)
}

func render(t *testing.T, m channels.Message, lang string) channels.Rendering {
	t.Helper()
	r, err := route(t, Config{}).Render(m, lang)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTextsReadAsWrittenHere(t *testing.T) {
	own := notice()
	own.Content.Kind, own.Content.Source, own.Content.Headline = alert.KindCaution, nil, "危险化学品橙色警示"
	own.Content.Expires = at("2026-08-02 08:00")

	lift := own
	lift.Verb = alert.Lift
	lift.Content.Headline, lift.Content.Description = "解除：危险化学品橙色警示", "8月1日 13:58发布的“危险化学品橙色警示”所说的危险已经过去，现予解除。"
	lift.Content.Instruction = "请恢复正常的生产生活秩序，继续留意后续信息。"
	lift.Issued, lift.Content.Effective = at("2026-08-01 18:30"), at("2026-08-01 18:30")

	drill := notice()
	drill.Mode = alert.Drill

	suspended := notice()
	suspended.Content.Suspend = []alert.Suspension{{District: "440604", Text: "禅城区中小学、幼儿园停课", Confirmed: true}}

	preview := own
	preview.Issued, preview.Code, preview.URL = time.Time{}, "", ""

	for name, c := range map[string]struct {
		m    channels.Message
		lang string
		want string
	}{
		"relayed": {notice(), "zh", "【佛山应急】台风黄色预警信号。禅城区、南海区桂城街道。8月1日14:00至20:00。停止高空和户外作业，尽快返回室内。" +
			"风力将达8级，阵风10级。佛山市气象台8月1日13:50发布，佛山市应急管理局转发。电话12345。校验码ABCD2345 https://gong.example/n/20260801-abcde"},
		"own, into the next day": {own, "zh", "【佛山应急】危险化学品橙色警示。禅城区、南海区桂城街道。8月1日14:00至8月2日08:00。停止高空和户外作业，尽快返回室内。" +
			"风力将达8级，阵风10级。佛山市应急管理局8月1日13:58发布。电话12345。校验码ABCD2345 https://gong.example/n/20260801-abcde"},
		"lifted": {lift, "zh", "【佛山应急】【解除】危险化学品橙色警示。禅城区、南海区桂城街道。8月1日18:30解除。请恢复正常的生产生活秩序，继续留意后续信息。" +
			"8月1日 13:58发布的“危险化学品橙色警示”所说的危险已经过去，现予解除。佛山市应急管理局8月1日18:30发布。电话12345。校验码ABCD2345 https://gong.example/n/20260801-abcde"},
		"drill": {drill, "zh", "【演练】【佛山应急】台风黄色预警信号。禅城区、南海区桂城街道。8月1日14:00至20:00。停止高空和户外作业，尽快返回室内。" +
			"风力将达8级，阵风10级。佛山市气象台8月1日13:50发布，佛山市应急管理局转发。电话12345。校验码ABCD2345 https://gong.example/n/20260801-abcde 【演练】"},
		"with a class suspension": {suspended, "zh", "【佛山应急】台风黄色预警信号。禅城区、南海区桂城街道。8月1日14:00至20:00。停止高空和户外作业，尽快返回室内。禅城区中小学、幼儿园停课。" +
			"风力将达8级，阵风10级。佛山市气象台8月1日13:50发布，佛山市应急管理局转发。电话12345。校验码ABCD2345 https://gong.example/n/20260801-abcde"},
		"while it is written": {preview, "zh", "【佛山应急】危险化学品橙色警示。禅城区、南海区桂城街道。8月1日14:00至8月2日08:00。停止高空和户外作业，尽快返回室内。" +
			"风力将达8级，阵风10级。佛山市应急管理局8月1日14:00发布。电话12345。"},
		"empty draft": {channels.Message{Mode: alert.Live}, "zh", "【佛山应急】"},
		"english": {english(notice()), "en", "[Foshan Emergency] Typhoon yellow signal, Chancheng. Guangdong. 14:00 to 20:00 1 Aug 2026. Stop outdoor work - go indoors. " +
			"Issued by Observatory 13:50 1 Aug 2026, relayed by Bureau. Tel 12345. Code ABCD2345 https://gong.example/n/20260801-abcde"},
		"english drill": {func() channels.Message { m := english(drill); m.Verb = alert.Retract; return m }(), "en",
			"[DRILL] [Foshan Emergency] WITHDRAWN: Typhoon yellow signal, Chancheng. Guangdong. Withdrawn 14:00 1 Aug 2026. Stop outdoor work - go indoors. " +
				"Issued by Observatory 13:50 1 Aug 2026, relayed by Bureau. Tel 12345. Code ABCD2345 https://gong.example/n/20260801-abcde [DRILL]"},
	} {
		if got := render(t, c.m, c.lang).Text; got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// english fills in the English words.
func english(m channels.Message) channels.Message {
	m.Content.HeadlineEN, m.Content.TextEN = "Typhoon yellow signal, Chancheng", "Stop outdoor work – go indoors"
	m.Content.AreaDesc, m.Content.SenderName = "Guangdong", "Bureau"
	s := *m.Content.Source
	s.Name = "Observatory"
	m.Content.Source = &s
	return m
}

func TestEnglishGoesInSevenBitsWhereItCan(t *testing.T) {
	r := render(t, english(notice()), "en")
	if e := gsm.Encode(r.Text); e.Alphabet != gsm.Seven || r.Parts != 2 {
		t.Errorf("%d parts, alphabet %d", r.Parts, e.Alphabet)
	}
}

func TestR6DrillMarkIsTheVeryFirstAndTheVeryLast(t *testing.T) {
	for _, verb := range []alert.Verb{alert.Issue, alert.Update, alert.Correct, alert.Lift, alert.Retract} {
		m := notice()
		m.Mode, m.Verb = alert.Drill, verb
		text := render(t, m, "zh").Text
		if !strings.HasPrefix(text, "【演练】") || !strings.HasSuffix(text, "【演练】") {
			t.Errorf("%s: %s", verb, text)
		}
		if verb != alert.Issue && !strings.HasPrefix(text, "【演练】【佛山应急】【"+verb.ZH()+"】") {
			t.Errorf("%s: the act is not the first word: %s", verb, text)
		}
	}
}

func TestR13FirstPartNamesDangerPlaceTimeAndWhatToDo(t *testing.T) {
	m := notice()
	m.Content.Description = strings.Repeat("长", 300)
	text := render(t, m, "zh").Text
	first := string([]rune(text)[:67])
	for _, want := range []string{"台风黄色", "禅城区", "8月1日14:00至20:00", "停止高空和户外作业"} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in the first part: %s", want, first)
		}
	}
}

func TestR25RelayedSignalIsItsIssuers(t *testing.T) {
	text := render(t, notice(), "zh").Text
	if !strings.Contains(text, "佛山市气象台8月1日13:50发布") {
		t.Error(text)
	}
}

func TestW13LongTextIsLinkedAndNeverCut(t *testing.T) {
	m := notice()
	m.Content.Description = strings.Repeat("这里写了很多。", 120) // 840 characters
	r := render(t, m, "zh")
	if r.Parts > 10 || !strings.Contains(r.Text, "详情见文末网址") || strings.Contains(r.Text, "这里写了很多") {
		t.Errorf("%d parts: %s", r.Parts, r.Text)
	}
	if !strings.Contains(r.Text, "停止高空和户外作业") {
		t.Errorf("what to do was left out although it fits: %s", r.Text)
	}
	m.Content.Instruction = strings.Repeat("请这样做。", 150)
	if r = render(t, m, "zh"); !strings.Contains(r.Text, "应对措施和详情见文末网址") || strings.Contains(r.Text, "请这样做") {
		t.Errorf("%s", r.Text)
	}
	if r = render(t, m, "en"); !strings.Contains(r.Text, "What to do and details: see the page below") {
		t.Errorf("%s", r.Text)
	}
}

func TestW13WithoutAPageTheOfficerIsToldHowMuchIsTooMuch(t *testing.T) {
	m := notice()
	m.URL = ""
	c := Config{MaxParts: 2}
	if _, err := route(t, c).Render(m, "zh"); err != nil {
		t.Fatalf("%d characters in two parts: %v", utf8.RuneCountInString(render(t, m, "zh").Text), err)
	}
	short := utf8.RuneCountInString(render(t, m, "zh").Text)
	m.Content.Description += strings.Repeat("长", 134-short+7)
	_, err := route(t, c).Render(m, "zh")
	ps := alert.AsProblems(err)
	if len(ps) != 1 || ps[0].Field != "description" || !strings.Contains(ps[0].ZH, "超出 7 字") || !strings.Contains(ps[0].EN, "7 characters too long") {
		t.Errorf("%v", ps)
	}
}

func TestInvisibleCharactersAreRefused(t *testing.T) {
	for _, bad := range []string{"a\u202eb", "a\u200bb", "a\x00b", "a\x1bb", "a\xffb"} {
		m := notice()
		m.Content.Instruction = bad
		_, err := route(t, Config{}).Render(m, "zh")
		if ps := alert.AsProblems(err); len(ps) != 1 || ps[0].Field != "instruction" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	m := notice()
	m.Content.Instruction = "第一行\n第二行\t第三"
	if text := render(t, m, "zh").Text; !strings.Contains(text, "第一行 第二行 第三。") {
		t.Error(text)
	}
}

func TestPreviewCountsPartsAsBilled(t *testing.T) {
	m := notice()
	m.URL, m.Content.Contact = "", ""
	m.Content.Description = "🌀"
	r := render(t, m, "zh")
	units := utf8.RuneCountInString(r.Text) + 1 // the emoji is two
	if want := (units + 66) / 67; units > 70 && r.Parts != want {
		t.Errorf("%d units in %d parts, want %d", units, r.Parts, want)
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("台风黄色预警信号", "停止户外作业", "风力将达8级", "禅城区", true)
	f.Add("", "", "", "", false)
	c := Config{MaxParts: 5}
	c.setDefaults()
	f.Fuzz(func(t *testing.T, headline, instruction, description, area string, drill bool) {
		m := notice()
		if drill {
			m.Mode = alert.Drill
		}
		m.Content.Headline, m.Content.Instruction, m.Content.Description, m.Content.AreaDesc = headline, instruction, description, area
		for _, lang := range []string{"zh", "en"} {
			text, e, _, err := c.compose(&m, lang)
			if err != nil {
				continue
			}
			if _, bad := alert.UnsafeRune(text); bad || len(e.Parts) > 5 || strings.Contains(text, "\n") {
				t.Fatalf("%q in %d parts", text, len(e.Parts))
			}
			var got strings.Builder
			for _, p := range e.Parts {
				got.WriteString(gsm.Decode(e.Alphabet, p))
			}
			if got.String() != text {
				t.Fatalf("%q is sent as %q", text, got.String())
			}
		}
	})
}

// A relayed signal keeps its source's own words for the place, however many
// they are: the message begins with them and links to the rest.
func TestW13ALongListOfPlacesIsLinked(t *testing.T) {
	m := channels.Message{Notice: "20261124-k7qf2", Rev: 1, Verb: alert.Issue, Mode: alert.Drill, Code: "ABCD2345", URL: "https://example.gov.cn/n/20261124-k7qf2",
		Content: alert.Content{Headline: "大风", AreaDesc: strings.Repeat("很长的县名、", 150), Description: "有大风。", Instruction: "请注意。", SenderName: "气象台"}}
	r := New(Config{Signature: "佛山应急"}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	for lang, says := range map[string]string{"zh": "全部见文末网址", "en": "see the page below"} {
		got, err := r.Render(m, lang)
		if err != nil || !strings.Contains(got.Text, says) || !strings.Contains(got.Text, "很长的县名") || !strings.Contains(got.Text, m.URL) {
			t.Errorf("%s: %v %q", lang, err, got.Text)
		}
	}
}
