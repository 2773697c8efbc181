package console

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
)

var literal = regexp.MustCompile(`\bt(?: |\()"((?:[^"\\]|\\.)*)"`)

// Every Chinese word that a template or the code asks for has its English, and
// takes the same arguments.
func TestEveryTextHasBothLanguages(t *testing.T) {
	texts, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	take := func(source string) {
		for _, m := range literal.FindAllStringSubmatch(source, -1) {
			asked = append(asked, m[1])
		}
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := templateFiles.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		take(string(b))
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range sources {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(n, "_test.go") {
			take(string(b))
		}
	}
	if len(asked) < 150 {
		t.Fatalf("found only %d texts: has the way of asking changed?", len(asked))
	}
	for _, key := range append(asked, dynamicTexts()...) {
		english := texts[key]
		if english == "" {
			t.Errorf("no English for %q", key)
		} else if verbs(key) != verbs(english) {
			t.Errorf("%q and %q take different arguments", key, english)
		}
	}
}

// dynamicTexts are those asked for by value.
func dynamicTexts() (out []string) {
	for _, k := range alert.NoticeKinds {
		out = append(out, k.ZH())
	}
	for _, r := range []alert.Role{alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover, alert.RoleAdmin, alert.RoleAuditor} {
		out = append(out, r.ZH())
	}
	for _, s := range []alert.NoticeState{alert.StateSubmitted, alert.StateReturned, alert.StateApproved, alert.StateReleased, alert.StateUpdated, alert.StateRetracted, alert.StateLifted, alert.StateEnded} {
		out = append(out, s.ZH())
	}
	for _, v := range []alert.Verb{alert.Issue, alert.Update, alert.Correct, alert.Lift, alert.Retract} {
		out = append(out, v.ZH())
	}
	for _, st := range []templateState{templateInUse, templateWaiting, templateReturned, templateRetired} {
		out = append(out, st.ZH())
	}
	for _, k := range []alert.FieldType{alert.FieldText, alert.FieldNumber, alert.FieldTime, alert.FieldChoice, alert.FieldPlace} {
		out = append(out, gapKind(k))
	}
	out = append(out, "名称", "用法", "文中的空", "新模板，没有可比的一版", "与启用过的一版相比", "与退回的那一版相比", "提出", "启用", "停用模板", "恢复使用")
	for l := alert.White; l <= alert.Red; l++ {
		out = append(out, l.ZH())
	}
	for l := alert.Unclassified; l <= alert.Grave; l++ {
		out = append(out, l.ZH())
	}
	for _, w := range []alert.MilestoneWhat{alert.Remind50, alert.Remind80, alert.Remind30m, alert.Remind10m, alert.Missed, alert.MetInTime, alert.MetLate, alert.NoticeEnds, alert.Unsigned} {
		out = append(out, w.ZH())
	}
	for _, k := range []alert.ProblemKind{alert.Invalid, alert.Forbidden, alert.Conflict, alert.NotFound, alert.TooLarge, alert.Blocked, alert.Unready, "other"} {
		_, title := kindOf(k)
		out = append(out, title)
	}
	for _, s := range barStates() {
		out = append(out, s.word)
	}
	for _, c := range []string{"web", "sms", "wechat"} {
		out = append(out, channelZH(c))
	}
	for _, s := range []alert.ApplicationState{alert.ApplicationPrepared, alert.ApplicationWaits, alert.ApplicationAccepted, alert.ApplicationRefused, alert.ApplicationBack} {
		out = append(out, s.ZH())
	}
	for _, w := range alert.HandedWays() {
		out = append(out, w.ZH())
	}
	out = append(out, "市平台申请，还没有受理", "还没有备好申请", "文字改过，要重新申请", "备好市平台申请", "递交市平台申请", "市平台受理", "市平台未受理", "撤回市平台申请")
	for _, o := range audit.Outcomes() {
		out = append(out, o.ZH())
	}
	for _, k := range append(auditKinds(), "signin", "approve", "sign", "retract", "import", "export", "factor") {
		out = append(out, actWord(k))
	}
	out = append(out, "与退回的那一版相比", "与生效的这一版相比", "与审定的模板相比", "自由文字，没有可比的底稿")
	out = append(out, leftWords([]string{"description", "instruction", "area_desc", "suspend"})...)
	return append(out, "许多地方", "不明", "页面", "接口", "本机命令")
}

var verb = regexp.MustCompile(`%\d*[a-z]`)

func verbs(s string) string { return strings.Join(verb.FindAllString(s, -1), "") }
