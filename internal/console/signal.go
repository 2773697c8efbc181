package console

import (
	"slices"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/templates"
)

// signalView is a signal that came in: its area, its words for the place and
// where it is from can be taken over with one button.
type signalView struct {
	ID, Name, Headline   string
	Identifier, AreaDesc string
	Areas                []string
	Sent                 time.Time
	Effective, Expires   time.Time
	Level                alert.Level
	Hazard               alert.Hazard
}

const (
	signalsShown = 3
	signalsSince = 24 * time.Hour // older ones are over, or were updated
)

// signals lists the signals that a content may be about, the newest first: the
// one that it relays, else those of its hazard.
func (c *Console) signals(s *seat, n *alert.Content) (out []signalView) {
	since := time.Now().Add(-signalsSince)
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.InboxIDs) {
			it := st.Inbox[id]
			if it.Mode != s.Actor.Mode || it.At.At.Before(since) || it.Content.Source == nil || len(it.Content.Areas) == 0 {
				continue
			}
			own := n.Source != nil && n.Source.Identifier == it.Content.Source.Identifier
			if own || n.Hazard == "" || n.Hazard == it.Content.Hazard {
				out = append(out, c.signalOf(it))
			}
			if own {
				out = out[len(out)-1:]
			}
			if own || len(out) == signalsShown {
				return
			}
		}
	})
	return out
}

func (c *Console) signalOf(it *alert.InboxItem) signalView {
	n := it.Content
	return signalView{
		ID: it.ID, Name: it.Name, Headline: n.Headline, Identifier: n.Source.Identifier, AreaDesc: n.AreaDesc, Areas: n.Areas,
		Sent: it.Sent, Effective: n.Effective, Expires: n.Expires, Level: n.Level, Hazard: n.Hazard,
	}
}

// signal finds one by its id.
func (c *Console) signal(s *seat, id string) (n alert.Content, ok bool) {
	if id == "" {
		return n, false
	}
	c.Desk.Read(func(st *alert.State) {
		if it := st.Inbox[id]; it != nil && it.Mode == s.Actor.Mode && it.Content.Source != nil {
			n, ok = it.Content, true
		}
	})
	return n, ok
}

// asSignal takes over what a signal says of place, time and origin.
func (c *Console) asSignal(n *alert.Content, from alert.Content, now time.Time) {
	n.Areas, n.AreaDesc = slices.Clone(from.Areas), from.AreaDesc
	if n.Kind != alert.KindRelay {
		return
	}
	source := *from.Source
	n.Source = &source
	n.Effective = from.Effective
	if from.Expires.After(now) {
		n.Expires = from.Expires
	}
}

// relayTemplate names the template in use that relays such a signal, "" for none.
func relayTemplate(inUse []alert.TemplateVersion, h alert.Hazard, l alert.Level) string {
	for _, t := range inUse {
		if t.Kind == alert.KindRelay && t.Hazard == h && t.Level == l && t.Reviewed != nil {
			return t.ID
		}
	}
	return ""
}

// arrivedView is what has just come in, on top of the page.
type arrivedView struct {
	inboxLine
	Template string // relays it in reviewed words
}

func (c *Console) arrived(s *seat, inUse []alert.TemplateVersion) (out []arrivedView) {
	for _, l := range c.inboxWaiting(s) {
		if len(out) == signalsShown {
			break
		}
		a := arrivedView{inboxLine: l}
		if _, ok := c.signal(s, l.ID); ok && len(l.Areas) > 0 {
			a.Template = relayTemplate(inUse, l.Hazard, l.Level)
		}
		out = append(out, a)
	}
	return out
}

// spellPlaces prepares what districts and towns are found by.
func spellPlaces(g *alert.Gazetteer) map[string]string {
	out := map[string]string{}
	for _, d := range g.Districts() {
		for _, code := range append(g.Children(d), d) {
			out[code] = templates.Spelling(g.Name(code))
		}
	}
	return out
}
