package console

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"mingluo/internal/alert"
)

// maxGaps is how many gaps a template may have, spareGaps how many empty rows
// the form offers at a time.
const (
	maxGaps   = 12
	spareGaps = 2
)

// templateFormBody is the form in which a template, or its next version, is
// written, with what would become of it.
type templateFormBody struct {
	samples
	Template  alert.Template
	From      string // the template that this is the next version of; "": a new one
	Returned  *alert.Decision
	Reason    string
	Gaps      []alert.TemplateField // with empty rows at the end
	GapKinds  []alert.FieldType
	Kinds     []alert.NoticeKind
	Hazards   []alert.HazardInfo
	Levels    []alert.Level
	Urgencies []string
	Certain   []string
	Groups    []string
	Available []ChannelStatus
}

// GapKind is the name of a kind of gap, a key of the catalogue.
func (b *templateFormBody) GapKind(k alert.FieldType) string { return gapKind(k) }

// newTemplate is an empty form, or one with a copy of another template.
func (c *Console) newTemplate(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayPropose(s); err != nil {
		return err
	}
	t := alert.Template{Kind: alert.KindCaution, Urgency: "Expected", Certainty: "Likely", Hours: 6, Scope: alert.ScopePublic}
	if id := r.URL.Query().Get("copy"); id != "" {
		h, err := c.findTemplate(id, s.Mode)
		if err != nil {
			return err
		}
		t = lineOf(h).Template
		t.ID, t.Version, t.Quick, t.ZH, t.EN = "", 0, 0, t.ZH+"（副本）", t.EN+" (copy)"
	}
	return c.showTemplateForm(w, r, s, &templateFormBody{Template: t, Gaps: t.Fields}, nil, http.StatusOK)
}

// editTemplate is the form of the next version: it begins with the newest.
func (c *Console) editTemplate(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayPropose(s); err != nil {
		return err
	}
	h, err := c.findTemplate(r.PathValue("template"), s.Mode)
	if err != nil {
		return err
	}
	last := h.Latest()
	b := &templateFormBody{Template: last.Template, Gaps: last.Fields, From: h.ID, Returned: last.Returned}
	return c.showTemplateForm(w, r, s, b, nil, http.StatusOK)
}

func mayPropose(s *seat) error {
	if !s.Proposes() {
		return &alert.Problem{Kind: alert.Forbidden, ZH: "您的岗位不能提出模板。", EN: "Your role does not propose templates."}
	}
	return nil
}

// proposeTemplate takes the form. What does not pass comes back with everything
// that was typed.
func (c *Console) proposeTemplate(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayPropose(s); err != nil {
		return err
	}
	b, err := c.templateFromForm(s, r)
	switch r.PostForm.Get("act") {
	case "more", "preview":
		return c.showTemplateForm(w, r, s, b, alert.AsProblems(err), http.StatusOK)
	}
	if err == nil {
		_, err = c.Desk.ProposeTemplate(r.Context(), s.Actor, b.Template, b.Reason)
	}
	if ps := alert.AsProblems(err); ps != nil {
		f := explain(err)
		c.note(r, f, err)
		return c.showTemplateForm(w, r, s, b, ps, f.Status)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/templates/"+b.Template.ID)
}

// previewTemplate answers with the panel alone, for the form as it stands.
// Nothing is stored.
func (c *Console) previewTemplate(w http.ResponseWriter, r *http.Request, s *seat) error {
	b, err := c.templateFromForm(s, r)
	ps := alert.AsProblems(err)
	if err == nil {
		ps = c.Desk.CheckTemplate(s.Mode, b.Template)
	}
	b.samples = c.samplesOf(s.Mode, b.Template)
	return c.render(w, r, http.StatusOK, "templateform", "template-panel", &view{seat: s, Body: b, Problems: ps})
}

func (c *Console) showTemplateForm(w http.ResponseWriter, r *http.Request, s *seat, b *templateFormBody, ps alert.Problems, status int) error {
	b.Kinds, b.Hazards, b.Groups, b.Available = alert.NoticeKinds, alert.Hazards(), c.Groups, c.Channels()
	b.Levels = []alert.Level{alert.White, alert.Blue, alert.Yellow, alert.Orange, alert.Red}
	b.GapKinds = []alert.FieldType{alert.FieldText, alert.FieldNumber, alert.FieldTime, alert.FieldChoice, alert.FieldPlace}
	b.Urgencies = []string{"Immediate", "Expected", "Future", "Past", "Unknown"}
	b.Certain = []string{"Observed", "Likely", "Possible", "Unlikely", "Unknown"}
	b.samples = c.samplesOf(s.Mode, b.Template)
	gaps := append([]alert.TemplateField(nil), b.Gaps...)
	for n := 0; n < spareGaps && len(gaps) < maxGaps; n++ {
		gaps = append(gaps, alert.TemplateField{Type: alert.FieldText})
	}
	b.Gaps = gaps
	title := "新模板"
	if b.From != "" {
		title = "模板的新版本"
	}
	return c.show(w, r, status, "templateform", &view{seat: s, Title: title, Nav: "templates", Problems: ps, Body: b})
}

// templateFromForm reads a template. A body comes back also beside an error:
// what was typed is never lost.
func (c *Console) templateFromForm(s *seat, r *http.Request) (*templateFormBody, error) {
	f := &reader{Values: r.PostForm}
	b := &templateFormBody{From: f.text("from"), Reason: f.text("reason")}
	t := alert.Template{
		ID: f.text("id"), Version: f.count("version"), ZH: f.text("zh"), EN: f.text("en"), Kind: alert.NoticeKind(f.text("kind")), Hazard: alert.Hazard(f.text("hazard")),
		Level: f.level("level"), Event: f.text("event"), Urgency: f.text("urgency"), Certainty: f.text("certainty"),
		Headline: f.text("headline"), Description: f.text("description"), Instruction: f.text("instruction"), HeadlineEN: f.text("headline_en"), TextEN: f.text("text_en"),
		Hours: f.count("hours"), Groups: f.list("groups"), Channels: f.list("channels"), Scope: alert.Scope(f.text("scope")),
		Occasion: f.text("occasion"), Daytime: f.Has("daytime"), Quick: f.count("quick"), Words: wordList(f.text("words")),
	}
	if t.Event == "" && t.Hazard != "" {
		t.Event = t.Hazard.Info().ZH
	}
	t.Category = category(t.Hazard.Info())
	h, err := c.findTemplate(cmp.Or(b.From, t.ID), s.Mode)
	if err == nil {
		b.Returned = h.Latest().Returned
	}
	switch {
	case b.From == "" && err == nil:
		f.bad("id", "已经有这个编号的模板：“"+h.Latest().ZH+"”。请换一个编号，或去那个模板里提出新版本。", "There is a template with this id: "+h.Latest().EN+". Choose another, or propose a version of that one.")
	case b.From != "" && err != nil:
		return b, err
	case b.From != "":
		t.ID = b.From
		if old := h.Latest(); old.Hazard == t.Hazard && old.Category != "" {
			t.Category = old.Category
		}
	}
	b.Gaps = f.gaps()
	t.Fields = b.Gaps
	b.Template = t
	return b, f.problems.Err()
}

// gaps reads the rows of gaps; one without a name is none.
func (f *reader) gaps() (out []alert.TemplateField) {
	for i := range maxGaps {
		at := "gap." + strconv.Itoa(i) + "."
		g := alert.TemplateField{
			Name: f.text(at + "name"), ZH: f.text(at + "zh"), EN: f.text(at + "en"), Type: alert.FieldType(f.text(at + "type")),
			Unit: f.text(at + "unit"), Preset: f.text(at + "preset"), Optional: f.Has(at + "optional"), Choices: wordList(f.text(at + "choices")),
		}
		if g.Name == "" && g.ZH == "" && g.EN == "" {
			continue
		}
		g.Min, g.Max = f.count(at+"min"), f.count(at+"max")
		out = append(out, g)
	}
	return out
}

// wordList takes words apart that are typed one behind the other.
func wordList(words string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(words, func(r rune) bool { return strings.ContainsRune("、，,;；\n|", r) }) {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
