package console

import (
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// inboxLine is what came in, in a list.
type inboxLine struct {
	ID, Headline, Name, From string
	Level                    alert.Level
	Hazard                   alert.Hazard
	Areas                    []string
	At, Sent                 time.Time
	Seen                     *alert.Decision
	Handled                  *alert.InboxHandled
	By                       *alert.Decision
	Warnings                 []string
	Cancels                  string
}

func lineOfInbox(it *alert.InboxItem) inboxLine {
	return inboxLine{
		ID: it.ID, Headline: it.Content.Headline, Name: it.Name, From: it.From, Level: it.Content.Level, Hazard: it.Content.Hazard, Areas: it.Content.Areas,
		At: it.At.At, Sent: it.Sent, Seen: it.Seen, Handled: it.Handled, By: it.By, Warnings: it.Warnings, Cancels: it.Cancels,
	}
}

// inboxWaiting lists what nobody dealt with yet, newest first.
func (c *Console) inboxWaiting(s *seat) (out []inboxLine) {
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.InboxIDs) {
			if it := st.Inbox[id]; it.Mode == s.Actor.Mode && it.Handled == nil {
				out = append(out, lineOfInbox(it))
			}
		}
	})
	return out
}

type inboxBody struct {
	Waiting []inboxLine
	Past    []inboxLine
}

func (c *Console) inbox(w http.ResponseWriter, r *http.Request, s *seat) error {
	b := &inboxBody{Waiting: c.inboxWaiting(s)}
	v := &view{seat: s, Title: "收件箱", Nav: "inbox", Live: true, Body: b}
	c.Desk.Read(func(st *alert.State) {
		v.Seq = st.Seq
		for _, id := range slices.Backward(st.InboxIDs) {
			if it := st.Inbox[id]; it.Mode == s.Actor.Mode && it.Handled != nil && len(b.Past) < listed {
				b.Past = append(b.Past, lineOfInbox(it))
			}
		}
	})
	if s.Writes() && byPerson(r) {
		for _, it := range b.Waiting {
			if it.Seen == nil {
				if err := c.Desk.SeeInbox(r.Context(), s.Actor, it.ID); err != nil {
					return err
				}
			}
		}
	}
	return c.show(w, r, http.StatusOK, "inbox", v)
}

// inboxAct makes a draft of what came in, or says why none is made.
func (c *Console) inboxAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	id := r.PathValue("item")
	switch r.PathValue("act") {
	case "draft":
		d, err := c.Desk.DraftFromInbox(r.Context(), s.Actor, id, func(n *alert.Content) {
			if len(n.Channels) == 0 {
				for _, ch := range c.Channels() {
					n.Channels = append(n.Channels, ch.Name)
				}
			}
			c.derive(n)
		})
		if err != nil {
			return err
		}
		return seeOther(w, r, s.Base+"/drafts/"+d.ID)
	case "decline":
		if err := c.Desk.DeclineInbox(r.Context(), s.Actor, id, r.PostForm.Get("reason")); err != nil {
			return err
		}
		return seeOther(w, r, s.Base+"/inbox")
	}
	return errNoPage
}
