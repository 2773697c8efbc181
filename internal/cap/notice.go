package cap

import (
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// levelParameter names the parameter that carries the colour, which stands
// above CAP's severity.
const levelParameter = "mingluo:level"

// Issuer says who speaks in the alerts that we write.
type Issuer struct {
	// Code is the issuer's 14 digits: GB/T 2260 area (6), sector (3), unit (3),
	// extension (2). Identifiers start with it.
	Code string
	// Sender is CAP's sender: no blanks, commas, < or &. "" means Code.
	Sender string
	// Page makes the permanent address of a notice; nil leaves web to the content.
	Page func(notice string) string
}

// FromNotice writes a revision as CAP 1.2: an Alert when it is the first
// released, an Update when it replaces, a Cancel when it ends the notice, with
// references to everything released before. A drill has status Exercise, says
// so in note, and carries the mark first and last in its texts (R4, R6). A
// revision that is not released has status Draft.
//
// The identifier is Code_YYYYMMDDhhmmss_N (31 characters) from the release in
// Beijing time; N is the last digit of the release's place in the journal, so
// that ten releases of one second differ, and is the same on every node.
func FromNotice(n *alert.Notice, rev *alert.Revision, g *alert.Gazetteer, by Issuer) *Alert {
	c := &rev.Content
	a := &Alert{
		Identifier: by.identifier(rev), Sender: by.sender(), Sent: released(rev).At.In(alert.Beijing()).Truncate(time.Second),
		Status: status(n, rev), MsgType: msgType(rev.Verb), Scope: "Public", Version: "1.2",
	}
	if c.Scope != alert.ScopePublic {
		a.Scope, a.Restriction = "Restricted", "仅限本系统内部"
	}
	if s := c.Source; s != nil {
		a.Source = line(fmt.Sprintf("转发自%s（%s，%s）", s.Name, s.Identifier, alert.ShowDate(s.Sent)))
	}
	a.Note = note(n, rev)
	for _, earlier := range n.Released() {
		if earlier.No < rev.No {
			a.References = append(a.References, Reference{a.Sender, by.identifier(earlier), earlier.Released.At.In(alert.Beijing()).Truncate(time.Second)})
		}
	}
	if a.MsgType != "Alert" && len(a.References) == 0 {
		a.MsgType = "Alert" // an update of something that never went out
	}
	a.Info = append(a.Info, chineseInfo(n, rev, g, by))
	if c.HeadlineEN != "" || c.TextEN != "" {
		a.Info = append(a.Info, englishInfo(n, rev, g, by))
	}
	return a
}

func (by Issuer) sender() string {
	if by.Sender != "" {
		return by.Sender
	}
	return by.Code
}

func (by Issuer) identifier(rev *alert.Revision) string {
	d := released(rev)
	return fmt.Sprintf("%s_%s_%d", by.Code, d.At.In(alert.Beijing()).Format("20060102150405"), d.Seq%10)
}

// released returns the act that made the revision public, or its submission.
func released(rev *alert.Revision) alert.Decision {
	if rev.Released != nil {
		return *rev.Released
	}
	return rev.Submitted
}

func status(n *alert.Notice, rev *alert.Revision) string {
	switch {
	case rev.Released == nil:
		return "Draft"
	case n.Mode == alert.Live:
		return "Actual"
	}
	return "Exercise"
}

func msgType(v alert.Verb) string {
	switch v {
	case alert.Update, alert.Correct:
		return "Update"
	case alert.Lift, alert.Retract:
		return "Cancel"
	}
	return "Alert"
}

func note(n *alert.Notice, rev *alert.Revision) string {
	var parts []string
	if n.Mode != alert.Live {
		parts = append(parts, "演练，并非真实预警。This is a drill.")
	}
	if rev.Submitted.Reason != "" && rev.Verb != alert.Issue {
		parts = append(parts, rev.Verb.ZH()+"原因："+rev.Submitted.Reason)
	}
	return strings.Join(parts, " ")
}

// info fills what both languages share.
func info(n *alert.Notice, rev *alert.Revision, g *alert.Gazetteer, by Issuer) Info {
	c := &rev.Content
	i := Info{
		Category: []string{c.Category}, Urgency: c.Urgency, Severity: c.Severity, Certainty: c.Certainty,
		Effective: inBeijing(c.Effective), Onset: inBeijing(c.Onset), Expires: inBeijing(c.Expires),
		SenderName: c.SenderName, Web: c.Web, Contact: c.Contact, Area: areasOf(c, g),
	}
	if by.Page != nil {
		i.Web = by.Page(n.ID)
	}
	if rev.Verb == alert.Lift {
		i.ResponseType, i.Urgency = []string{"AllClear"}, "Past"
	}
	if c.Hazard != "" {
		i.EventCode = []NamedValue{{"mingluo:hazard", string(c.Hazard)}}
		if chinaCode.MatchString(string(c.Hazard)) && c.Level != alert.NoLevel {
			i.EventCode = append(i.EventCode, NamedValue{"CMA", string(c.Hazard) + "_" + strings.ToUpper(c.Level.String())})
		}
	}
	params := [][2]string{{levelParameter, c.Level.String()}, {"mingluo:kind", string(c.Kind)}, {"mingluo:verb", string(rev.Verb)},
		{"mingluo:code", rev.Code()}, {"mingluo:areaDesc", c.AreaDesc}}
	if s := c.Source; s != nil {
		params = append(params, [2]string{"mingluo:sourceSender", s.Sender}, [2]string{"mingluo:sourceIdentifier", s.Identifier}, [2]string{"mingluo:sourceSent", formatTime(inBeijing(s.Sent))})
	}
	for _, p := range params {
		if p[1] != "" {
			i.Parameter = append(i.Parameter, NamedValue{p[0], p[1]})
		}
	}
	return i
}

func inBeijing(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(alert.Beijing()).Truncate(time.Second)
}

func chineseInfo(n *alert.Notice, rev *alert.Revision, g *alert.Gazetteer, by Issuer) Info {
	c, i := &rev.Content, info(n, rev, g, by)
	i.Language = "zh-CN"
	i.Event = firstOf(c.Event, c.Hazard.Info().ZH, c.Kind.ZH())
	headline := c.Headline
	if rev.Verb != alert.Issue && !strings.HasPrefix(headline, rev.Verb.ZH()) {
		headline = rev.Verb.ZH() + "：" + headline
	}
	description := c.Description
	for _, s := range alert.SuspensionSentences(c.Suspend) {
		description += "\n" + s
	}
	i.Headline, i.Description = marked(n, markZH, headline), marked(n, markZH, description)
	i.Instruction = marked(n, markZH, c.Instruction)
	return i
}

func englishInfo(n *alert.Notice, rev *alert.Revision, g *alert.Gazetteer, by Issuer) Info {
	c, i := &rev.Content, info(n, rev, g, by)
	i.Language = "en-US"
	i.Event = firstOf(c.Hazard.Info().EN, c.Event)
	headline := firstOf(c.HeadlineEN, c.Headline)
	if word := map[alert.Verb]string{alert.Update: "Update", alert.Correct: "Correction", alert.Lift: "Lifted", alert.Retract: "Retracted"}[rev.Verb]; word != "" {
		headline = word + ": " + headline
	}
	i.Headline, i.Description = marked(n, markEN, headline), marked(n, markEN, c.TextEN)
	return i
}

// The marks of a drill, as the channels have them.
const markZH, markEN = "【演练】", "[DRILL]"

// marked puts a drill's mark first and last in a text that is not empty (R6).
func marked(n *alert.Notice, mark, text string) string {
	if n.Mode == alert.Live || text == "" {
		return text
	}
	return mark + text + mark
}

// areasOf writes one area per division: its name, its codes in the forms that
// are in use, and a district's outline. The city is its districts.
func areasOf(c *alert.Content, g *alert.Gazetteer) []Area {
	var areas []Area
	for _, code := range c.Areas {
		if code == g.City() {
			for _, d := range g.Districts() {
				areas = append(areas, areaOf(d, g))
			}
			continue
		}
		areas = append(areas, areaOf(code, g))
	}
	if len(areas) == 0 && c.AreaDesc != "" {
		areas = []Area{{AreaDesc: c.AreaDesc}}
	}
	return areas
}

func areaOf(code string, g *alert.Gazetteer) Area {
	a := Area{AreaDesc: g.FullName(code)}
	switch len(code) {
	case 6:
		a.Geocode = append(a.Geocode, NamedValue{"GB/T 2260", code})
	case 9:
		a.Geocode = append(a.Geocode, NamedValue{"GB/T 10114", code})
	}
	if len(code) < 12 {
		a.Geocode = append(a.Geocode, NamedValue{"CPEAS Geographic Code", (code + "000000")[:12]})
	}
	if d, ok := g.Lookup(code); ok {
		a.Polygon = d.Outlines
	}
	return a
}

// ForApplication writes a revision that waits as it is handed to the city's
// platform: like [FromNotice], but with the status that it would go out with.
func ForApplication(n *alert.Notice, rev *alert.Revision, g *alert.Gazetteer, by Issuer) *Alert {
	a := FromNotice(n, rev, g, by)
	a.Status = "Exercise"
	if n.Mode == alert.Live {
		a.Status = "Actual"
	}
	return a
}
