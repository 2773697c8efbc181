package console

import (
	"net/http"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// followBody is the one page before a correction, a lift or a retraction: the
// ready text, the people it goes to, and one deliberate confirmation. No second
// person is needed (R3).
type followBody struct {
	ID        string
	Verb      alert.Verb
	Rev       int // the revision it follows, named in the act
	Was       *alert.Revision
	Content   alert.Content
	Reason    string
	Statement string
	Reached   []reachedLine
	Previews  []channelPreview
}

type reachedLine struct {
	Channel string
	People  int // hold it already, as far as it is recorded
	Planned int
}

func isFollow(verb string) bool { return alert.Verb(verb).Follows() }

func (c *Console) follow(w http.ResponseWriter, r *http.Request, s *seat) error {
	if decides(r.PathValue("verb")) { // a refused decision's address, asked for again
		return seeOther(w, r, s.Base+"/notices/"+r.PathValue("notice")+"/approve")
	}
	if !isFollow(r.PathValue("verb")) {
		return errNoPage
	}
	return c.showFollow(w, r, s, alert.Verb(r.PathValue("verb")), nil, http.StatusOK)
}

func (c *Console) showFollow(w http.ResponseWriter, r *http.Request, s *seat, verb alert.Verb, ps alert.Problems, status int) error {
	n, _, seq, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(r.FormValue("reason"))
	text, err := c.Desk.FollowText(n.ID, verb, reason)
	if err != nil {
		return err
	}
	cur := n.Current()
	b := &followBody{ID: n.ID, Verb: verb, Rev: cur.No, Was: cur, Content: text, Reason: reason}
	audience := c.reached(n)
	if p, ok := c.Progress.Of(n.ID, cur.No); ok {
		for _, ch := range p.Channels {
			b.Reached = append(b.Reached, reachedLine{ch.Channel, audience[ch.Channel], ch.Planned})
		}
	}
	p, err := c.Desk.Preview(r.Context(), n.Mode, text)
	if err != nil {
		c.Log.Error("preview of a follow-up", "err", err) // never stands in the way of a retraction
	}
	if p.Texts == nil {
		p.Texts = map[string]desk.Text{}
	}
	// The code is made of the text's hash when it is sent; until then its place
	// is held by as many letters.
	c.exactly(p.Texts, desk.Said{Notice: n.ID, Rev: len(n.Revisions) + 1, Verb: verb, Mode: n.Mode, Content: text, Code: "XXXXXXXX"})
	p.Audience, p.Districts = audience, nil // it goes to those who have it, wherever they are
	b.Statement = c.texts.say(language(r), verb.ZH()) + " · " + c.statement(language(r), n.Mode, &text, audience)
	b.Previews = c.previewed(language(r), n.Mode, &text, p).Channels
	v := &view{seat: s, Title: verb.ZH(), Nav: "notices", Seq: seq, Problems: ps, Body: b}
	return c.show(w, r, status, "follow", v)
}
