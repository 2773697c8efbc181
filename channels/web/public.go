package web

import (
	"mingluo/internal/alert"
)

// publicCopy returns the notice with only what everybody may know, or nil when
// nothing of it is public. It is the one gate: pages, feeds, events, CAP and the
// copy on disk are made from its result.
//
// Revisions keep their numbers; those that are not public are blank.
func publicCopy(n *alert.Notice) *alert.Notice {
	out := &alert.Notice{ID: n.ID, Mode: n.Mode}
	keep := 0
	for _, r := range n.Revisions {
		p := &alert.Revision{No: r.No}
		// What ends a public notice is public whatever scope it was given: a
		// retracted warning that stays up would be the greater harm.
		if r.Released != nil && (isPublic(&r.Content) || keep > 0 && r.Verb.Ends()) {
			p = publicRevision(r)
			keep = r.No
		}
		out.Revisions = append(out.Revisions, p)
	}
	if keep == 0 {
		return nil
	}
	out.Revisions = out.Revisions[:keep]
	return out
}

func isPublic(c *alert.Content) bool {
	return c.Scope == alert.ScopePublic && (c.Openness.Attribute == "active" || c.Openness.Attribute == "")
}

func publicRevision(r *alert.Revision) *alert.Revision {
	c := r.Content
	c.Groups, c.Answers = nil, "" // the channels stay: the texts of each are shown
	c.Authority = alert.Authority{}
	c.Openness = alert.Openness{}
	c.Scope = alert.ScopePublic
	if c.Source != nil {
		s := *c.Source
		s.Original = ""
		c.Source = &s
	}
	var confirmed []alert.Suspension
	for _, s := range c.Suspend {
		if s.Confirmed {
			confirmed = append(confirmed, s)
		}
	}
	c.Suspend = confirmed
	return &alert.Revision{
		No: r.No, Verb: r.Verb, Content: c, Hash: r.Hash,
		Released: &alert.Decision{At: r.Released.At, Seq: r.Released.Seq},
	}
}

// body returns the newest public revision that is not a lift or a retraction:
// what the notice says, after it ended too.
func body(n *alert.Notice) *alert.Revision {
	all := n.Released()
	for i := len(all) - 1; i > 0; i-- {
		if !all[i].Verb.Ends() {
			return all[i]
		}
	}
	return all[0]
}
