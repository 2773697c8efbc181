package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// composeBody is the one screen on which a notice is written: the form, and
// beside it what it would become.
type composeBody struct {
	Draft     *desk.Draft // nil until it was saved once
	Action    string      // where the form goes
	Overtaken bool        // somebody else saved first; the form holds what was typed
	Content   alert.Content
	Times     map[string]string
	Kinds     []alert.NoticeKind
	Hazards   []alert.HazardInfo
	Levels    []alert.Level
	City      townChoice
	Districts []districtChoice
	Groups    []string
	Staff     string // whom a drill of a live installation is for; "" elsewhere
	Channels  []ChannelStatus
	Incidents []incidentChoice
	Suspend   []suspendChoice
	Preview   previewBody
	Signals   []signalView  // whose area can be taken over
	Signal    string        // the one in the inbox that this relays
	Coded     bool          // the texts carry the number and the code that they will be sent with
	Choice    choice        // what it can be made from; a new notice only
	Template  *templateView // nil: free text
	Map       mapView
}

type districtChoice struct {
	Code, Name string
	Find       string // what it is found by: the name, its pinyin, its initials
	Chosen     bool
	Towns      []townChoice
	Some       int // towns chosen
}

type townChoice struct {
	Code, Name, Find string
	Chosen           bool
}

type incidentChoice struct{ ID, Title string }

type suspendChoice struct {
	alert.Suspension
	Answer string // "", "yes", "no"
}

// blank is a new notice before anything was chosen.
func (c *Console) blank(now time.Time) alert.Content {
	start := now.UTC().Truncate(time.Minute)
	n := alert.Content{
		Kind: alert.KindCaution, Effective: start, Expires: start.Add(6 * time.Hour), SenderName: c.SenderName, Contact: c.Contact,
		Authority: alert.Authority{Basis: "own"}, Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
	}
	if c.StaffGroup != "" {
		n.Groups, n.Scope = []string{c.StaffGroup}, alert.ScopeSector
	}
	for _, ch := range c.Channels() {
		n.Channels = append(n.Channels, ch.Name)
	}
	c.derive(&n)
	return n
}

func (c *Console) compose(w http.ResponseWriter, r *http.Request, s *seat) error {
	n := c.blank(time.Now())
	if id := r.URL.Query().Get("template"); id != "" {
		var err error
		if n, err = c.startFrom(s, id, r.URL.Query().Get("signal"), n); err != nil {
			return err
		}
	}
	if err := c.answering(&n, r.URL.Query().Get("answers")); err != nil {
		return err
	}
	return c.showCompose(w, r, s, http.StatusOK, nil, n, nil)
}

// answering fills a new notice with what is known of the incident it answers.
func (c *Console) answering(n *alert.Content, incident string) error {
	if incident == "" {
		return nil
	}
	err := error(errNoIncident)
	c.Desk.Read(func(st *alert.State) {
		inc := st.Incidents[incident]
		if inc == nil {
			return
		}
		f := inc.Now()
		err = nil
		n.Kind, n.Answers, n.Hazard, n.Event = alert.KindIncident, incident, "XWORK", "生产安全"
		n.Headline = f.Title
		n.Description = join("\n", alert.ShowTime(f.Occurred)+"，"+f.Place+"发生"+f.Title+"。", f.Course)
		n.Instruction = "请远离现场，服从现场指挥；以本单位发布的信息为准，不信谣、不传谣。"
		if f.Area != "" {
			n.Areas = []string{f.Area}
		}
		n.AreaDesc = f.Place
	})
	c.derive(n)
	return err
}

func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), sep)
}

func (c *Console) draft(w http.ResponseWriter, r *http.Request, s *seat) error {
	d, err := c.Desk.Draft(r.Context(), r.PathValue("draft"))
	if err != nil {
		return err
	}
	if err := sameMode(s, d.Mode); err != nil {
		return err
	}
	switch {
	case d.Submitted != "":
		return seeOther(w, r, s.Base+"/notices/"+d.Submitted)
	case d.Dropped != nil:
		return c.showDropped(w, r, s, d)
	}
	return c.showCompose(w, r, s, http.StatusOK, d, d.Content, nil)
}

// startDraft takes the form of a text that was never saved.
func (c *Console) startDraft(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, ps := c.contentFromForm(s, r.PostForm, alert.Content{})
	if unreadable(ps) {
		return c.showCompose(w, r, s, http.StatusUnprocessableEntity, nil, n, ps)
	}
	d, err := c.begin(r, s, n)
	if err != nil {
		return err
	}
	return c.afterSave(w, r, s, d)
}

// saveDraft takes the form of a draft: to keep it, to submit it, to drop it.
func (c *Console) saveDraft(w http.ResponseWriter, r *http.Request, s *seat) error {
	id := r.PathValue("draft")
	if r.PostForm.Get("act") == "drop" {
		if err := c.Desk.DropDraft(r.Context(), s.Actor, id); err != nil {
			return err
		}
		return seeOther(w, r, s.Base+"/drafts/"+id) // which offers to take it back
	}
	d, err := c.Desk.Draft(r.Context(), id)
	if err != nil {
		return err
	}
	seq, err := strconv.ParseUint(r.PostForm.Get("seq"), 10, 64)
	if err != nil {
		return errOldForm
	}
	n, ps := c.contentFromForm(s, r.PostForm, d.Content)
	if unreadable(ps) {
		return c.showCompose(w, r, s, http.StatusUnprocessableEntity, d, n, ps)
	}
	saved, err := c.Desk.KeepDraft(r.Context(), s.Actor, id, seq, tabOf(r), n)
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind == alert.Conflict && d.Submitted == "" {
		return c.showOvertaken(w, r, s, d, n, err)
	}
	if err != nil {
		return err
	}
	return c.afterSave(w, r, s, saved)
}

// showOvertaken keeps what the officer typed when somebody else saved first.
// The form now names the other's save: the officer can look at it, and a
// second save replaces it knowingly.
func (c *Console) showOvertaken(w http.ResponseWriter, r *http.Request, s *seat, d *desk.Draft, n alert.Content, err error) error {
	c.note(r, explain(err), err)
	return c.showCompose(w, r, s, http.StatusConflict, d, n, alert.AsProblems(err))
}

// afterSave submits when that was the button; problems come back beside the
// fields, and the text is safe in any case.
func (c *Console) afterSave(w http.ResponseWriter, r *http.Request, s *seat, d *desk.Draft) error {
	if r.PostForm.Get("act") != "submit" {
		return seeOther(w, r, s.Base+"/drafts/"+d.ID)
	}
	notice, _, err := c.Desk.Submit(r.Context(), s.Actor, d.ID, d.Seq)
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind == alert.Invalid {
		c.note(r, explain(err), err)
		return c.showCompose(w, r, s, http.StatusUnprocessableEntity, d, d.Content, ps)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/notices/"+notice)
}

// preview answers with the panel alone, for the form as it stands. Nothing is
// stored.
func (c *Console) preview(w http.ResponseWriter, r *http.Request, s *seat) error {
	old := alert.Content{}
	var d *desk.Draft
	if id := r.PostForm.Get("draft"); id != "" {
		var err error
		if d, err = c.Desk.Draft(r.Context(), id); err != nil {
			return err
		}
		old = d.Content
	}
	n, ps := c.contentFromForm(s, r.PostForm, old)
	b, err := c.composed(r, s, d, n)
	if err != nil {
		return err
	}
	b.Preview.Problems = asked(append(ps, b.Preview.Problems...), b.Template)
	return c.render(w, r, http.StatusOK, "compose", "panel", &view{seat: s, Body: b})
}

func (c *Console) showCompose(w http.ResponseWriter, r *http.Request, s *seat, status int, d *desk.Draft, n alert.Content, ps alert.Problems) error {
	b, err := c.composed(r, s, d, n)
	if err != nil {
		return err
	}
	b.Overtaken = status == http.StatusConflict
	v := &view{seat: s, Title: "新通知", Nav: "new", Problems: ps, Body: b}
	if d != nil {
		v.Title = "草稿"
		b.Action = s.Base + "/drafts/" + d.ID
	} else {
		b.Action = s.Base + "/new"
	}
	if status != http.StatusOK { // show what was typed, also where it could not be read
		for _, f := range []string{"effective", "expires", "source_sent"} {
			if _, shown := r.PostForm[f]; shown {
				b.Times[f] = r.PostForm.Get(f)
			}
		}
	}
	return c.show(w, r, status, "compose", v)
}

func (c *Console) composed(r *http.Request, s *seat, d *desk.Draft, n alert.Content) (*composeBody, error) {
	b := &composeBody{
		Staff: c.StaffGroup,
		Draft: d, Content: n, Kinds: alert.NoticeKinds, Hazards: alert.Hazards(), Groups: c.Groups, Channels: c.Channels(),
		Levels: []alert.Level{alert.White, alert.Blue, alert.Yellow, alert.Orange, alert.Red},
		Times:  map[string]string{"effective": toForm(n.Effective), "expires": toForm(n.Expires)},
		Map:    c.city.choose(c.Gazetteer, n.Areas),
	}
	if n.Source != nil {
		b.Times["source_sent"] = toForm(n.Source.Sent)
	}
	b.Districts = c.districtChoices(n.Areas)
	b.City = townChoice{Code: c.Gazetteer.City(), Chosen: slices.Contains(n.Areas, c.Gazetteer.City())}
	b.Signal = r.FormValue("signal")
	c.Desk.Read(func(st *alert.State) {
		for _, id := range st.IncidentID {
			if inc := st.Incidents[id]; inc.Mode == s.Actor.Mode && (inc.Closed == nil || id == n.Answers) {
				b.Incidents = append(b.Incidents, incidentChoice{id, inc.Now().Title})
			}
		}
	})
	p, err := c.Desk.Preview(r.Context(), s.Actor.Mode, n)
	if err != nil {
		if r.Context().Err() != nil {
			return nil, err
		}
		c.Log.Error("preview", "err", err)
	}
	b.Template = c.templateOf(s, &n)
	b.Signals = c.signals(s, &n)
	if d == nil && n.Template == nil {
		b.Choice = c.choices(s, r.URL.Query().Get("q"))
	}
	if said, ok := c.would(d, n); ok && c.Renderer != nil {
		c.exactly(p.Texts, said)
		b.Coded = true
	}
	b.Preview = c.previewed(language(r), s.Actor.Mode, &n, p)
	b.Preview.Problems = asked(p.Problems, b.Template)
	b.Preview.Failed = err != nil
	b.Suspend = suspendChoices(p.Proposed, n.Suspend, r.PostForm, d != nil)
	return b, nil
}

func (c *Console) districtChoices(areas []string) []districtChoice {
	var out []districtChoice
	all := slices.Contains(areas, c.Gazetteer.City())
	for _, code := range c.Gazetteer.Districts() {
		d := districtChoice{Code: code, Name: c.Gazetteer.Name(code), Find: c.spelled[code], Chosen: all || slices.Contains(areas, code)}
		for _, t := range c.Gazetteer.Children(code) {
			tc := townChoice{Code: t, Name: c.Gazetteer.Name(t), Find: c.spelled[t], Chosen: slices.Contains(areas, t)}
			if tc.Chosen {
				d.Some++
			}
			d.Towns = append(d.Towns, tc)
		}
		out = append(out, d)
	}
	return out
}
