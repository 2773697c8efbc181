package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Times in forms are the desk's own: Asia/Shanghai, to the minute, as
// <input type="datetime-local"> writes them.
const formTime = "2006-01-02T15:04"

func toForm(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(alert.Beijing()).Format(formTime)
}

// reader takes typed values out of a form and collects what cannot be read, so
// that an officer is told everything at once.
type reader struct {
	url.Values
	problems alert.Problems
}

func (f *reader) bad(field, zh, en string) {
	f.problems = append(f.problems, &alert.Problem{Kind: alert.Invalid, Field: field, ZH: zh, EN: en})
}

// text is a field with browsers' line ends made plain.
func (f *reader) text(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(f.Get(name), "\r\n", "\n"))
}

func (f *reader) time(name string) time.Time {
	s := f.text(name)
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{formTime, formTime + ":05"} {
		if t, err := time.ParseInLocation(layout, s, alert.Beijing()); err == nil {
			return t.UTC()
		}
	}
	f.bad(name, "时间“"+s+"”看不懂，请写成 2006-01-02T15:04 的样子。", "The time "+s+" cannot be read: write it like 2006-01-02T15:04.")
	return time.Time{}
}

func (f *reader) count(name string) int { return int(f.amount(name)) }

func (f *reader) amount(name string) int64 {
	s := strings.ReplaceAll(f.text(name), ",", "")
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1e15 {
		f.bad(name, "请填写不小于零的整数。", "Give a whole number, zero or more.")
		return 0
	}
	return n
}

func (f *reader) level(name string) alert.Level {
	l, err := alert.ParseLevel(f.text(name))
	if err != nil {
		f.bad(name, "请选择级别（颜色）。", "Choose the level (colour).")
	}
	return l
}

// list is every value of a field with many, empty ones left out, each once.
func (f *reader) list(name string) []string {
	var out []string
	for _, v := range f.Values[name] {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// contentFromForm reads a notice's form onto what the draft already holds:
// fields that the form does not show (the original of a relayed signal) stay.
func (c *Console) contentFromForm(s *seat, values url.Values, old alert.Content) (alert.Content, alert.Problems) {
	f := &reader{Values: values}
	n := old
	n.Kind, n.Hazard, n.Level = alert.NoticeKind(f.text("kind")), alert.Hazard(f.text("hazard")), f.level("level")
	n.Event, n.Headline, n.Description, n.Instruction = f.text("event"), f.text("headline"), f.text("description"), f.text("instruction")
	n.HeadlineEN, n.TextEN = f.text("headline_en"), f.text("text_en")
	n.SenderName, n.Contact, n.Web = f.text("sender_name"), f.text("contact"), f.text("web")
	n.Effective, n.Expires = f.keepTime("effective", old.Effective), f.keepTime("expires", old.Expires)
	n.Areas, n.AreaDesc = c.wholeDistricts(f.list("areas")), f.text("area_desc")
	n.Groups, n.Channels = f.list("groups"), f.list("channels")
	if f.Has("reach") { // the form asked
		n.Again, n.RealCarriers = f.Has("again"), f.Has("real_carriers")
	}
	n.Authority = alert.Authority{Basis: f.text("authority_basis"), Ref: f.text("authority_ref")}
	n.Scope = alert.Scope(f.text("scope"))
	n.Openness = alert.Openness{Attribute: f.text("openness"), Reason: f.text("openness_reason")}
	n.Answers = f.text("answers")
	if f.Has("interpretation") {
		n.Interpretation = &alert.Interpretation{Text: f.text("interpretation"), TextEN: f.text("interpretation_en"), None: f.text("interpretation_none")}
	}
	if t := c.templateInUse(s, f.text("template")); t != nil {
		n.Kind = t.Kind // its form does not ask
	}
	if n.Tidy(); n.Kind != alert.KindPolicy {
		n.Interpretation = nil
	}
	n.Source = f.source(n.Kind, old.Source)
	if from, ok := c.signal(s, values.Get("as")); ok {
		c.asSignal(&n, from, time.Now())
	}
	if n.Hazard != old.Hazard || n.Level != old.Level {
		n.Category, n.Severity = "", ""
	}
	c.derive(&n)
	if old.AreaDesc == n.AreaDesc && !slices.Equal(old.Areas, n.Areas) && old.AreaDesc == c.Gazetteer.Describe(old.Areas) {
		n.AreaDesc = c.Gazetteer.Describe(n.Areas) // the words were ours: they follow the choice
	}
	n, ps := c.filled(s, values, n)
	f.problems = append(f.problems, ps...)
	n.Suspend = f.suspensions(alert.ProposeSuspension(c.Gazetteer, n.Hazard, n.Level, n.Areas), old.Suspend)
	return n, f.problems
}

// unreadable reports whether a form holds something that cannot be kept. A gap
// of a template that is still empty can: it stands in the text and blocks the
// submission (R10).
func unreadable(ps alert.Problems) bool {
	return slices.ContainsFunc(ps, func(p *alert.Problem) bool { return !strings.HasPrefix(p.Field, "field.") })
}

// keepTime reads a time; one that shows the same minute keeps its seconds, so
// that saving without a change changes nothing.
func (f *reader) keepTime(name string, old time.Time) time.Time {
	if f.text(name) == toForm(old) {
		return old
	}
	return f.time(name)
}

func (f *reader) source(kind alert.NoticeKind, old *alert.Source) *alert.Source {
	s := alert.Source{}
	if old != nil {
		s = *old
	}
	if _, shown := f.Values["source_name"]; shown {
		s.Name, s.Identifier, s.Sent = f.text("source_name"), f.text("source_identifier"), f.keepTime("source_sent", s.Sent)
	}
	if s == (alert.Source{}) || kind != alert.KindRelay {
		return nil
	}
	return &s
}

// suspensions takes the officer's answer for each district that the rule
// proposes: yes with the text as edited, no, or not answered yet (R26).
func (f *reader) suspensions(proposed, old []alert.Suspension) []alert.Suspension {
	var out []alert.Suspension
	for _, s := range proposed {
		for _, o := range old {
			if o.District == s.District {
				s.Text = o.Text
			}
		}
		if t := f.text("suspend_text." + s.District); t != "" {
			s.Text = t
		}
		switch f.text("suspend." + s.District) {
		case "yes":
			s.Confirmed = true
		case "no":
			continue
		}
		out = append(out, s)
	}
	return out
}

// wholeDistricts drops towns whose district is chosen as a whole, and everything
// beside the whole city.
func (c *Console) wholeDistricts(codes []string) []string {
	var out []string
	for _, code := range codes {
		p := c.Gazetteer.Parent(code)
		if p != "" && slices.Contains(codes, p) || code != c.Gazetteer.City() && slices.Contains(codes, c.Gazetteer.City()) {
			continue
		}
		out = append(out, code)
	}
	return out
}

// derive fills what follows from what was chosen and was left empty: CAP's
// words, the place in words, the openness preset. Never an area, a time, or a
// channel: those an officer chooses.
func (c *Console) derive(n *alert.Content) {
	info := n.Hazard.Info()
	set := func(field *string, v string) {
		if *field == "" {
			*field = v
		}
	}
	if n.Hazard != "" {
		set(&n.Event, info.ZH)
	}
	set(&n.Category, category(info))
	set(&n.Urgency, "Expected")
	set(&n.Severity, n.Level.Severity())
	set(&n.Certainty, "Likely")
	set(&n.AreaDesc, c.Gazetteer.Describe(n.Areas))
	set(&n.Openness.Attribute, "active")
}

// category is CAP's category for what the desk's table knows.
func category(i alert.HazardInfo) string {
	switch {
	case i.Weather:
		return "Met"
	case i.Code == "XFIRE":
		return "Fire"
	case i.Code == "XCHEM":
		return "CBRNE"
	}
	return "Safety"
}

// incidentFromForm reads an incident's facts.
func incidentFromForm(values url.Values) (alert.IncidentFacts, alert.Problems) {
	f := &reader{Values: values}
	facts := alert.IncidentFacts{
		Title: f.text("title"), Unit: f.text("unit"), Place: f.text("place"), Area: f.text("area"),
		Course: f.text("course"), Measures: f.text("measures"), Other: f.text("other"),
		Occurred: f.time("occurred"), Received: f.time("received"), Classified: f.time("classified"),
		Kind: alert.IncidentKind(f.text("kind")), Source: f.text("source"), AsOf: f.time("as_of"),
		Deaths: f.count("deaths"), Missing: f.count("missing"), Injured: f.count("injured"), Loss: f.amount("loss"),
	}
	if r := f.text("raised"); r != "" {
		if err := facts.Raised.UnmarshalText([]byte(r)); err != nil {
			f.problems = append(f.problems, alert.AsProblems(err)...)
		}
	}
	return facts, f.problems
}
