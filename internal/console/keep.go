package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// kept answers a page that saves by itself while one types. The page keeps what
// it could not save in the browser; Saved is what it may say of the rest.
type kept struct {
	Draft   string         `json:"draft,omitempty"`
	Seq     uint64         `json:"seq,omitempty"`
	Saved   string         `json:"saved,omitempty"` // 03:12
	Address string         `json:"address,omitempty"`
	Undo    bool           `json:"undo,omitempty"`
	Error   string         `json:"error,omitempty"` // in the officer's language
	Kind    string         `json:"kind,omitempty"`
	Fields  alert.Problems `json:"fields,omitempty"`
}

// maxTab bounds the word that a page makes up for itself.
const maxTab = 40

func tabOf(r *http.Request) string {
	tab := r.PostForm.Get("tab")
	if len(tab) > maxTab {
		return ""
	}
	return tab
}

// keepNew saves a text for the first time, from a page that goes on being
// written on.
func (c *Console) keepNew(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, ps := c.contentFromForm(s, r.PostForm, alert.Content{})
	if unreadable(ps) {
		return c.notKept(w, r, ps)
	}
	d, err := c.begin(r, s, n)
	if err != nil {
		return c.notKept(w, r, err)
	}
	return c.tellKept(w, s, d)
}

// keepDraft saves a draft from such a page.
func (c *Console) keepDraft(w http.ResponseWriter, r *http.Request, s *seat) error {
	d, err := c.Desk.Draft(r.Context(), r.PathValue("draft"))
	if err != nil {
		return c.notKept(w, r, err)
	}
	seq, err := strconv.ParseUint(r.PostForm.Get("seq"), 10, 64)
	if err != nil {
		return c.notKept(w, r, errOldForm)
	}
	n, ps := c.contentFromForm(s, r.PostForm, d.Content)
	if unreadable(ps) {
		return c.notKept(w, r, ps)
	}
	d, err = c.Desk.KeepDraft(r.Context(), s.Actor, d.ID, seq, tabOf(r), n)
	if err != nil {
		return c.notKept(w, r, err)
	}
	return c.tellKept(w, s, d)
}

// begin makes the draft of a text that was never saved. One that relays a
// signal takes it out of the inbox, so that nobody writes it a second time.
func (c *Console) begin(r *http.Request, s *seat, n alert.Content) (*desk.Draft, error) {
	item := r.PostForm.Get("signal")
	if item != "" && c.waitsInInbox(s, item) {
		d, err := c.Desk.DraftFromInbox(r.Context(), s.Actor, item, func(in *alert.Content) {
			if n.Source != nil && in.Source != nil {
				n.Source.Sender, n.Source.Original = in.Source.Sender, in.Source.Original
			}
			*in = n
		})
		if err == nil && tabOf(r) != "" {
			d, err = c.Desk.KeepDraft(r.Context(), s.Actor, d.ID, d.Seq, tabOf(r), n)
		}
		return d, err
	}
	return c.Desk.StartDraft(r.Context(), s.Actor, tabOf(r), n)
}

func (c *Console) waitsInInbox(s *seat, id string) (waits bool) {
	c.Desk.Read(func(st *alert.State) {
		it := st.Inbox[id]
		waits = it != nil && it.Mode == s.Actor.Mode && it.Handled == nil
	})
	return waits
}

func (c *Console) tellKept(w http.ResponseWriter, s *seat, d *desk.Draft) error {
	return writeKept(w, http.StatusOK, kept{Draft: d.ID, Seq: d.Seq, Saved: clockTime(d.Saved), Address: s.Base + "/drafts/" + d.ID, Undo: len(d.Past) > 0})
}

func (c *Console) notKept(w http.ResponseWriter, r *http.Request, err error) error {
	f := explain(err)
	c.note(r, f, err)
	out := kept{Kind: string(f.kind()), Error: f.Detail, Fields: f.Problems}
	if language(r) == en {
		out.Error = f.DetailEN
	}
	return writeKept(w, f.Status, out)
}

func writeKept(w http.ResponseWriter, status int, k kept) error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b) // the browser is gone if this fails
	return nil
}

func clockTime(t time.Time) string { return t.In(alert.Beijing()).Format("15:04:05") }

// undoDraft goes one step back in a draft, or takes back that it was dropped.
func (c *Console) undoDraft(w http.ResponseWriter, r *http.Request, s *seat) error {
	id := r.PathValue("draft")
	d, err := c.Desk.Draft(r.Context(), id)
	if err != nil {
		return err
	}
	if d.Dropped != nil {
		if _, err = c.Desk.UndropDraft(r.Context(), s.Actor, id); err != nil {
			return err
		}
		return seeOther(w, r, s.Base+"/drafts/"+id)
	}
	seq, err := strconv.ParseUint(r.PostForm.Get("seq"), 10, 64)
	if err != nil {
		return errOldForm
	}
	if d.Tab != "" && d.Tab == tabOf(r) && d.By == s.ID {
		seq = d.Seq
	}
	if _, err := c.Desk.UndoDraft(r.Context(), s.Actor, id, seq); err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/drafts/"+id)
}

// droppedBody is what is left of a draft that was thrown away.
type droppedBody struct {
	ID, Headline string
	At           time.Time
}

func (c *Console) showDropped(w http.ResponseWriter, r *http.Request, s *seat, d *desk.Draft) error {
	return c.show(w, r, http.StatusOK, "dropped", &view{seat: s, Title: "草稿已丢弃", Nav: "new", Body: &droppedBody{d.ID, d.Content.Headline, *d.Dropped}})
}

// takeBack is the author's undo of a submission.
func (c *Console) takeBack(w http.ResponseWriter, r *http.Request, s *seat) error {
	id := r.PathValue("notice")
	if _, _, _, err := c.findNotice(id, s); err != nil {
		return err
	}
	d, err := c.Desk.TakeBack(r.Context(), s.Actor, id, actFromForm(r.PostForm).Rev)
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/drafts/"+d.ID)
}

// apiUndoDraft goes one step back in a draft: {"seq": …}.
func (c *Console) apiUndoDraft(r *apiRequest) (int, any, error) {
	var in submitDraft
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	d, err := c.Desk.UndoDraft(r.Context(), r.Who, r.PathValue("draft"), in.Seq)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, answerDraft(d), nil
}

// apiUndropDraft takes back that a draft was dropped.
func (c *Console) apiUndropDraft(r *apiRequest) (int, any, error) {
	d, err := c.Desk.UndropDraft(r.Context(), r.Who, r.PathValue("draft"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, answerDraft(d), nil
}

// apiTakeBack is the author's undo of a submission: {"rev": …}.
func (c *Console) apiTakeBack(r *apiRequest) (int, any, error) {
	var a act
	if err := readJSON(r.Body, &a); err != nil {
		return 0, nil, err
	}
	if _, err := c.apiFind(r); err != nil {
		return 0, nil, err
	}
	d, err := c.Desk.TakeBack(r.Context(), r.Who, r.PathValue("notice"), a.Rev)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, done{Notice: r.PathValue("notice"), Rev: a.Rev, Draft: d.ID, State: string(alert.StateReturned)}, nil
}
