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
	Description              string
	About                    string // the notice that was made of what it updates or cancels
	Told                     []toldLine
	Late                     bool // nobody has looked for too long
}

func lineOfInbox(it *alert.InboxItem) inboxLine {
	var told []toldLine
	for _, t := range it.Told {
		told = append(told, toldLine{Name: t.Officer, No: t.No})
	}
	return inboxLine{
		Told: told, Description: it.Content.Description,
		ID: it.ID, Headline: it.Content.Headline, Name: it.Name, From: it.From, Level: it.Content.Level, Hazard: it.Content.Hazard, Areas: it.Content.Areas,
		At: it.At.At, Sent: it.Sent, Seen: it.Seen, Handled: it.Handled, By: it.By, Warnings: it.Warnings, Cancels: it.Cancels,
	}
}

// noticeOf is the notice in force that was made of the signal which an item
// updates or cancels; "" for none.
func noticeOf(st *alert.State, it *alert.InboxItem) string {
	for _, id := range st.Live() {
		n := st.Notices[id]
		if cur := n.Current(); it.Cancels != "" && n.Mode == it.Mode && cur != nil && cur.Content.Source != nil && cur.Content.Source.Identifier == it.Cancels {
			return id
		}
	}
	return ""
}

// inboxWaiting lists what nobody dealt with yet, newest first.
func (c *Console) inboxWaiting(s *seat) (out []inboxLine) {
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.InboxIDs) {
			if it := st.Inbox[id]; it.Mode == s.Actor.Mode && it.Handled == nil {
				l := lineOfInbox(it)
				l.About = noticeOf(st, it)
				out = append(out, l)
			}
		}
	})
	return out
}

type toldLine struct {
	Name string
	No   int
}

// acquaint fills in what an item's line needs beyond the item itself.
func (c *Console) acquaint(r *http.Request, lines []inboxLine, now time.Time) {
	names := map[string]string{}
	for i := range lines {
		l := &lines[i]
		l.Late = l.Seen == nil && l.Handled == nil && now.Sub(l.At) >= c.UnseenAfter
		for k := range l.Told {
			l.Told[k].Name = c.nameOf(r.Context(), l.Told[k].Name, names)
		}
	}
}

type inboxBody struct {
	Waiting []inboxLine
	Past    []inboxLine
	Next    time.Duration // unseen for so long, the next is told
}

func (c *Console) inbox(w http.ResponseWriter, r *http.Request, s *seat) error {
	b := &inboxBody{Waiting: c.inboxWaiting(s), Next: c.UnseenAfter}
	v := &view{seat: s, Title: "收件箱", Nav: "inbox", Live: true, Body: b}
	c.acquaint(r, b.Waiting, time.Now())
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
		d, err := c.Desk.DraftFromInbox(r.Context(), s.Actor, id, c.presetItem)
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
