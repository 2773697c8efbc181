package console

import (
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// banner is one thing that every page of an officer says on top, wherever the
// officer is: that he or she is called, that a second signature is missing,
// that a code of the sealed envelope was used, that too few people can be
// called. It says what and leads there; it never acts.
type banner struct {
	Kind  string // call, countersign, overdue, envelope, emergency, manning
	Title string // the notice's headline, or the officer's name
	Level alert.Level
	Where string
	At    time.Time
	Due   time.Time
	Count int
	URL   string
}

// banners are what the seat's pages say on top, the most urgent first.
func (c *Console) banners(r *http.Request, s *seat) (out []banner) {
	if s.oneTime {
		return nil // nothing else can be opened yet
	}
	now := time.Now()
	people := c.colleagues(r.Context())
	c.Desk.Read(func(st *alert.State) {
		for _, id := range st.Live() {
			if n := st.Notices[id]; n.Mode == s.Actor.Mode {
				if r.PathValue("notice") != id { // whoever looks at it need not be sent to it
					out = append(out, c.callsOf(st, n, s)...)
				}
				out = append(out, c.signaturesOf(n, s, now)...)
			}
		}
		out = append(out, envelopesUsed(st, people)...)
	})
	out = append(out, c.emergencyBanner(r, s)...)
	if m := c.Desk.Manning(usable(people), s.ID); m.Red() {
		out = append(out, banner{Kind: "manning", Count: m.Able, URL: s.Base + "/roster"})
	}
	return out
}

// callsOf is the call of this officer to a revision that still waits.
func (c *Console) callsOf(st *alert.State, n *alert.Notice, s *seat) []banner {
	r := n.Pending()
	if r == nil || r.Approved != nil {
		return nil
	}
	for _, k := range slices.Backward(st.Calls[alert.PlanID(n.ID, r.No)]) {
		if k.Officer == s.ID {
			return []banner{{Kind: "call", Title: r.Content.Headline, Level: r.Content.Level, Where: c.Gazetteer.Describe(r.Content.Areas),
				At: k.Made.At, Due: k.Next, URL: s.Base + "/notices/" + n.ID + "/approve"}}
		}
	}
	return nil
}

// signaturesOf are the emergency releases that lack their second signature:
// for whoever may give it, and for everybody once it is overdue.
func (c *Console) signaturesOf(n *alert.Notice, s *seat, now time.Time) (out []banner) {
	for _, r := range n.Revisions {
		if !unsigned(r) {
			continue
		}
		b := banner{Kind: "countersign", Title: r.Content.Headline, Level: r.Content.Level, Where: c.Gazetteer.Describe(r.Content.Areas),
			At: r.Emergency.At, Due: r.Emergency.At.Add(desk.CountersignWithin), URL: s.Base + "/notices/" + n.ID}
		late := now.After(b.Due)
		if late {
			b.Kind = "overdue"
		}
		if late || s.countersigns(r) {
			out = append(out, b)
		}
	}
	return out
}

// signaturesFor puts the second signature under an emergency release among
// what waits for the officer, with its clock.
func (s *seat) signaturesFor(n *alert.Notice) (out []waiting) {
	for _, r := range n.Revisions {
		if s.countersigns(r) {
			out = append(out, waiting{Kind: "remind", Word: "紧急发布待您补签", Title: r.Content.Headline, Level: r.Content.Level, urgent: true,
				Since: r.Emergency.At, Due: r.Emergency.At.Add(desk.CountersignWithin), URL: s.Base + "/notices/" + n.ID})
		}
	}
	return out
}

// countersigns spares officers a fruitless click; the desk decides.
func (s *seat) countersigns(r *alert.Revision) bool {
	return unsigned(r) && s.Has(alert.RoleApprover) && !slices.Contains(r.Touched, s.ID)
}

// bannerPart answers with the banners alone, for a page that does not ask for
// itself again.
func (c *Console) bannerPart(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.render(w, r, http.StatusOK, "account", "banners", &view{seat: s})
}
