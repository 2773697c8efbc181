package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mingluo/internal/alert"
)

// templateBody is the page of one template: the version that is shown, what
// waits for a judgement, and everything that was.
type templateBody struct {
	samples
	ID        string
	State     templateState
	Shown     *versionView
	Versions  []*versionView // newest first
	Waiting   *versionView   // to be judged; nil: nothing
	Since     string         // what its changes are against; a key of the catalogue
	Mine      bool           // proposed by who looks at it
	Withdrawn *alert.Decision
	MayEdit   bool
	Restores  bool // who looks may take the withdrawal back
	Trail     []step
	AskFactor bool
	Tried     templateAct // what was typed in an act that was refused, to be kept
}

// Ticked reports whether an item of the checklist was ticked in an act that was
// refused for something else.
func (b *templateBody) Ticked(key string) bool { return slices.Contains(b.Tried.Checklist, key) }

// versionView is one version with the names of those who judged it and what
// became of the words of the version before.
type versionView struct {
	alert.TemplateVersion
	InUse      bool
	By         string
	ReviewedBy string
	ApprovedBy string
	ReturnedBy string
	Changes    []changeView
}

// findTemplate returns a copy of a template's history.
func (c *Console) findTemplate(id string, mode alert.Mode) (*alert.TemplateHistory, error) {
	var out *alert.TemplateHistory
	c.Desk.Read(func(st *alert.State) {
		h := st.Templates[id]
		if h == nil || h.Mode != mode {
			return
		}
		x := *h
		x.Versions = make([]*alert.TemplateVersion, len(h.Versions))
		for i, v := range h.Versions {
			y := *v
			x.Versions[i] = &y
		}
		out = &x
	})
	if out == nil {
		return nil, &alert.Problem{Kind: alert.NotFound, Field: "template", ZH: "没有这个模板。", EN: "There is no such template."}
	}
	return out, nil
}

func (c *Console) templatePage(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showTemplate(w, r, s, templateAct{}, nil, http.StatusOK)
}

// showTemplate shows the page, after a refused act with what was typed in it. A
// decision about another text than the one that waits keeps no ticks.
func (c *Console) showTemplate(w http.ResponseWriter, r *http.Request, s *seat, tried templateAct, ps alert.Problems, status int) error {
	h, err := c.findTemplate(r.PathValue("template"), s.Mode)
	if err != nil {
		return err
	}
	b := &templateBody{ID: h.ID, State: templateStateOf(h), Withdrawn: h.Withdrawn, MayEdit: s.Proposes(), Tried: tried}
	c.versions(r.Context(), b, h)
	b.Shown = b.shown(h, r.URL.Query().Get("version"))
	b.samples = c.samplesOf(s.Mode, b.Shown.Template)
	if last := h.Latest(); last.Waits() {
		b.Waiting, b.Mine = b.Versions[0], last.Proposed.By == s.ID
		b.Since = against(h)
		if tried.Hash != last.Hash {
			b.Tried.Checklist = nil
		}
	}
	if v := h.InUse(); h.Withdrawn != nil && v != nil {
		b.Restores = s.Can(alert.RoleApprover) && v.Proposed.By != s.ID
	}
	if b.AskFactor, err = c.asksFactor(r.Context(), s); err != nil {
		return err
	}
	if b.Trail, err = c.trail(r.Context(), "template", h.ID); err != nil {
		return err
	}
	v := &view{seat: s, Title: b.Shown.ZH, Nav: "templates", Problems: ps, Body: b}
	return c.show(w, r, status, "template", v)
}

// versions fills in every version, the newest first, each against the one that
// a judge knows: the one in use before it, else the one before.
func (c *Console) versions(ctx context.Context, b *templateBody, h *alert.TemplateHistory) {
	names := map[string]string{}
	name := func(d *alert.Decision) string {
		if d == nil {
			return ""
		}
		return c.nameOf(ctx, d.By, names)
	}
	current := h.Current()
	for i, v := range h.Versions {
		x := &versionView{TemplateVersion: *v, InUse: current == v, By: name(&v.Proposed), ReviewedBy: name(v.Reviewed), ApprovedBy: name(v.Approved), ReturnedBy: name(v.Returned)}
		if before := knownBefore(h, i); before != nil {
			x.Changes = c.templateChanges(&before.Template, &v.Template)
		}
		b.Versions = append(b.Versions, x)
	}
	slices.Reverse(b.Versions)
}

// knownBefore is the version that another is compared with.
func knownBefore(h *alert.TemplateHistory, i int) *alert.TemplateVersion {
	for k := i - 1; k >= 0; k-- {
		if h.Versions[k].Approved != nil {
			return h.Versions[k]
		}
	}
	if i > 0 {
		return h.Versions[i-1]
	}
	return nil
}

// against says what the newest version is compared with.
func against(h *alert.TemplateHistory) string {
	switch before := knownBefore(h, len(h.Versions)-1); {
	case before == nil:
		return "新模板，没有可比的一版"
	case before.Approved != nil:
		return "与启用过的一版相比"
	}
	return "与退回的那一版相比"
}

// shown is the version that was asked for, else the one that waits to be judged,
// else the one in use, else the newest.
func (b *templateBody) shown(h *alert.TemplateHistory, asked string) *versionView {
	no, err := strconv.Atoi(asked)
	if err != nil || h.Version(no) == nil {
		no = h.Latest().Version
		if v := h.InUse(); v != nil && !h.Latest().Waits() {
			no = v.Version
		}
	}
	return b.Versions[len(b.Versions)-no]
}

// templateChanges compares two versions word by word, text by text; what is the
// same is left out.
func (c *Console) templateChanges(before, after *alert.Template) (out []changeView) {
	for _, f := range []struct{ label, before, after string }{
		{"名称", before.ZH + " " + before.EN, after.ZH + " " + after.EN},
		{"标题", before.Headline, after.Headline},
		{"正在发生什么，会怎样", before.Description, after.Description},
		{"请公众怎样做", before.Instruction, after.Instruction},
		{"英文标题", before.HeadlineEN, after.HeadlineEN},
		{"英文正文", before.TextEN, after.TextEN},
		{"文中的空", gapWords(before), gapWords(after)},
		{"用法", c.useWords(before), c.useWords(after)},
	} {
		if f.before != f.after {
			out = append(out, changeView{f.label, ungapped(wordDiff(f.before, f.after))})
		}
	}
	return out
}

// ungapped shows a template's gaps without the signs of its source.
func ungapped(ps []piece) []piece {
	for i := range ps {
		ps[i].Text = strings.NewReplacer("{{", "〔", "}}", "〕").Replace(ps[i].Text)
	}
	return ps
}

// gapWords writes the gaps down, one a line.
func gapWords(t *alert.Template) string {
	var out []string
	for _, f := range t.Fields {
		words := f.Name + "：" + f.ZH + "，" + gapKind(f.Type)
		if f.Max > 0 {
			words += " " + strconv.Itoa(f.Min) + "–" + strconv.Itoa(f.Max)
		}
		out = append(out, join(" ", words, f.Unit, strings.Join(f.Choices, "、"), f.Preset))
	}
	return strings.Join(out, "\n")
}

func gapKind(k alert.FieldType) string {
	return map[alert.FieldType]string{alert.FieldText: "文字", alert.FieldNumber: "数字", alert.FieldTime: "时间", alert.FieldChoice: "选项", alert.FieldPlace: "地点"}[k]
}

// useWords writes down everything of a template that is no text.
func (c *Console) useWords(t *alert.Template) string {
	channels := []string{}
	for _, ch := range t.Channels {
		channels = append(channels, channelZH(ch))
	}
	return join(" · ", t.Kind.ZH(), t.Hazard.Info().ZH, t.Level.ZH(), t.Event, t.Urgency, t.Certainty, strconv.Itoa(t.Hours)+" 小时", strings.Join(t.Groups, "、"), strings.Join(channels, "、"), string(t.Scope), t.Occasion,
		map[bool]string{true: "日间", false: ""}[t.Daytime], "按钮 "+strconv.Itoa(t.Quick), strings.Join(t.Words, "、"))
}

// templateAct carries out what a button asked for. A no comes back on the page.
func (c *Console) templateAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	id, name := r.PathValue("template"), r.PathValue("act")
	if _, err := c.findTemplate(id, s.Mode); err != nil {
		return err
	}
	a := templateActFromForm(r.PostForm)
	err := c.judgeTemplate(r.Context(), s.Actor, s.sess, name, id, a)
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind != alert.NotFound {
		f := explain(err)
		c.note(r, f, err)
		return c.showTemplate(w, r, s, a, ps, f.Status)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/templates/"+id)
}

func templateActFromForm(form url.Values) templateAct {
	version, err := strconv.Atoi(form.Get("version"))
	if err != nil {
		version = 0 // no version has this number, so the desk refuses it
	}
	return templateAct{Version: version, Hash: form.Get("hash"), Note: strings.TrimSpace(form.Get("note")), Checklist: form["checklist"],
		Reason: strings.TrimSpace(form.Get("reason")), Emergency: form.Has("emergency"), Factor: form.Get("factor")}
}

// templateStep says what became of a template; "" for a fact about anything else.
func templateStep(f alert.Fact) (what string, version int, detail string) {
	switch f := f.(type) {
	case alert.TemplateProposed:
		return "提出", f.Template.Version, f.Reason
	case alert.TemplateReviewed:
		return "保密审查通过", f.Version, f.Note
	case alert.TemplateReturned:
		return "退回", f.Version, f.Reason
	case alert.TemplateApproved:
		return "启用", f.Version, map[bool]string{true: "可以紧急发布"}[f.Emergency]
	case alert.TemplateWithdrawn:
		return "停用模板", 0, f.Reason
	case alert.TemplateRestored:
		return "恢复使用", 0, f.Reason
	}
	return "", 0, ""
}
