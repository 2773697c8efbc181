package alert

import (
	"fmt"
	"strings"
	"time"
)

// Foshan's rule on releasing warnings: to its own sector a department warns by
// itself, to the public on application and through the city's one platform
// (依申请发布和统一发布相结合). An application is about exactly one revision: its
// hash stands in it, so that what the platform accepted is what goes out.

// ApplicationMade: the form and the CAP file were prepared. Its id is the
// notice's.
type ApplicationMade struct {
	Notice   string `json:"notice"`
	Rev      int    `json:"rev,omitempty"`
	Hash     string `json:"hash,omitempty"`     // of that revision
	Form     string `json:"form"`               // the application form as text
	CAP      string `json:"cap,omitempty"`      // SHA-256 of the CAP file, kept as an attachment
	Platform string `json:"platform,omitempty"` // to whom
}

// ApplicationHanded: it was given to the platform.
type ApplicationHanded struct {
	Way HandedWay `json:"way"`
	At  time.Time `json:"at"`
	To  string    `json:"to,omitempty"` // who took it there
}

// ApplicationAnswered is the platform's answer.
type ApplicationAnswered struct {
	Granted bool   `json:"granted"`
	Ref     string `json:"ref"` // the id that the platform returned
	Note    string `json:"note,omitempty"`
}

// ApplicationWithdrawn: the desk took it back.
type ApplicationWithdrawn struct {
	Reason string `json:"reason"`
}

func (ApplicationMade) FactName() (string, string)      { return "application", "made" }
func (ApplicationHanded) FactName() (string, string)    { return "application", "handed" }
func (ApplicationAnswered) FactName() (string, string)  { return "application", "answered" }
func (ApplicationWithdrawn) FactName() (string, string) { return "application", "withdrawn" }

// HandedWay is how an application reached the platform.
type HandedWay string

// HandedWays are the ways in the order in which they are offered.
func HandedWays() []HandedWay { return []HandedWay{"online", "mail", "fax", "hand"} }

// ZH returns the way's name, "" for an unknown one.
func (w HandedWay) ZH() string {
	return map[HandedWay]string{"online": "平台网上提交", "mail": "电子邮件", "fax": "传真", "hand": "专人送达"}[w]
}

// ApplicationState is where an application is.
type ApplicationState string

const (
	ApplicationPrepared ApplicationState = "prepared"
	ApplicationWaits    ApplicationState = "handed"
	ApplicationAccepted ApplicationState = "accepted"
	ApplicationRefused  ApplicationState = "refused"
	ApplicationBack     ApplicationState = "withdrawn"
)

// ZH returns the state's name for officers.
func (s ApplicationState) ZH() string {
	return map[ApplicationState]string{
		ApplicationPrepared: "已备好，未递交", ApplicationWaits: "已递交，等答复", ApplicationAccepted: "平台已受理", ApplicationRefused: "平台未受理", ApplicationBack: "申请已撤回",
	}[s]
}

// Application is an application with what became of it.
type Application struct {
	ApplicationMade
	ID        string
	Mode      Mode
	Made      Decision
	Handed    *ApplicationHanded
	HandedBy  *Decision
	Answer    *ApplicationAnswered
	Answered  *Decision
	Withdrawn *Decision
}

// State returns where it is.
func (a *Application) State() ApplicationState {
	switch {
	case a.Withdrawn != nil:
		return ApplicationBack
	case a.Answer != nil && a.Answer.Granted:
		return ApplicationAccepted
	case a.Answer != nil:
		return ApplicationRefused
	case a.Handed != nil:
		return ApplicationWaits
	}
	return ApplicationPrepared
}

// Open reports whether something is still to be done about it.
func (a *Application) Open() bool {
	s := a.State()
	return s == ApplicationPrepared || s == ApplicationWaits
}

// Covers reports whether the platform accepted exactly this revision.
func (a *Application) Covers(r *Revision) bool {
	return a != nil && a.State() == ApplicationAccepted && a.Answer.Ref != "" && a.Rev == r.No && a.Hash == r.Hash
}

// NeedsApplication reports whether the content may go out only after the city's
// platform accepted it.
func (c *Content) NeedsApplication() bool { return c.Authority.Basis == "city" }

func (s *deskState) applyApplication(e *Event, f Fact, d Decision) error {
	a := s.Applications[e.ID]
	if m, ok := f.(ApplicationMade); ok {
		if a != nil && a.Rev == m.Rev && (a.Open() || a.State() == ApplicationAccepted) {
			return fmt.Errorf("an application waits or was granted already")
		}
		s.Applications[e.ID] = &Application{ApplicationMade: m, ID: e.ID, Mode: e.Mode, Made: d}
		return nil
	}
	if a == nil {
		return fmt.Errorf("no application was made")
	}
	switch f := f.(type) {
	case ApplicationHanded:
		a.Handed, a.HandedBy = &f, &d
	case ApplicationAnswered:
		d.Reason = f.Note
		a.Answer, a.Answered = &f, &d
	case ApplicationWithdrawn:
		d.Reason = f.Reason
		a.Withdrawn = &d
	}
	return nil
}

// FormLine is one line of the application form.
type FormLine struct {
	Label, Text string
	Long        bool // a box of its own
}

// ApplicationForm fills the form of a revision: the fields that Foshan's rule
// asks for (发布机关、发布时间、事件类别、起始时间、可能影响范围、警示事项、事态发展、
// 相关措施、咨询电话), and those of the record that a platform keeps (级别、渠道、
// 时限、理由). channels are the channels' names for people.
func (r *Revision) ApplicationForm(g *Gazetteer, notice string, channels []string) []FormLine {
	c := &r.Content
	level := "不分级"
	if c.Level != NoLevel {
		level = c.Level.ZH()
	}
	groups := "全部人群"
	if len(c.Groups) > 0 {
		groups = strings.Join(c.Groups, "、")
	}
	lines := []FormLine{
		{Label: "发布机关", Text: c.SenderName}, {Label: "咨询电话", Text: c.Contact},
		{Label: "事件类别", Text: c.Event}, {Label: "预警级别", Text: level},
		{Label: "通知种类", Text: c.Kind.ZH() + " · " + r.Verb.ZH()}, {Label: "通知编号", Text: fmt.Sprintf("%s 第 %d 版", notice, r.No)},
		{Label: "起始时间", Text: longTime(c.Effective)}, {Label: "结束时间", Text: longTime(c.Expires)},
		{Label: "可能影响范围", Text: placeWords(c, g), Long: true},
		{Label: "警示事项", Text: c.Headline, Long: true},
		{Label: "事态发展", Text: c.Description, Long: true},
		{Label: "相关措施", Text: strings.Join(append([]string{c.Instruction}, SuspensionSentences(c.Suspend)...), "\n"), Long: true},
		{Label: "发布渠道", Text: strings.Join(append([]string{"网站"}, channels...), "、") + "；人群：" + groups, Long: true},
	}
	if s := c.Source; s != nil {
		lines = append(lines, FormLine{Label: "转发信号", Text: fmt.Sprintf("%s %s 发布，编号 %s", s.Name, longTime(s.Sent), s.Identifier), Long: true})
	}
	if c.Authority.Ref != "" {
		lines = append(lines, FormLine{Label: "依据文号", Text: c.Authority.Ref, Long: true})
	}
	return lines
}

func placeWords(c *Content, g *Gazetteer) string {
	listed := g.Describe(c.Areas)
	if c.AreaDesc == "" || c.AreaDesc == listed {
		return listed
	}
	return c.AreaDesc + "（" + listed + "）"
}

// longTime has the year: the paper is filed.
func longTime(t time.Time) string { return t.In(Beijing()).Format("2006年1月2日 15:04") }

// FormText writes a form's lines as the text that stands in the record.
func FormText(lines []FormLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Label + "：" + l.Text + "\n")
	}
	return b.String()
}
