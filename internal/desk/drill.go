package desk

import (
	"slices"

	"mingluo/internal/alert"
)

// beyondStaff says why a drill on a live installation goes further than the
// staff's own subscriptions over the imitation carriers; nil when it does not.
func (d *Desk) beyondStaff(c *alert.Content, mode alert.Mode) *alert.Problem {
	if mode != alert.Drill || d.Mode != alert.Live || d.StaffGroup == "" {
		return nil
	}
	no := func(field, zh, en string) *alert.Problem {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R5", Field: field, ZH: zh, EN: en}
	}
	switch {
	case !slices.Equal(c.Groups, []string{d.StaffGroup}):
		return no("groups", "演练只发给“"+d.StaffGroup+"”；发给公众要有“公众演练”授权的人来签发。", "A drill goes to "+d.StaffGroup+" only; to the public it takes an approver with the permission of public drills.")
	case c.Scope == alert.ScopePublic:
		return no("scope", "演练不上公众网页；要上，须由有“公众演练”授权的人来签发。", "A drill is not for the public pages; that takes an approver with the permission of public drills.")
	case c.RealCarriers:
		return no("channels", "演练走仿真通道；走真实运营方，须由有“公众演练”授权的人来签发。", "A drill goes over the imitation carriers; a real one takes an approver with the permission of public drills.")
	}
	return nil
}

// mayDrillSo refuses an approver without the permission of its own that a drill
// to the public or over a real carrier takes. That it takes two people is R1.
func (d *Desk) mayDrillSo(st *alert.State, who alert.Actor, c *alert.Content, mode alert.Mode) error {
	p := d.beyondStaff(c, mode)
	if p == nil {
		return nil
	}
	if g, ok := st.Grant(who.ID, d.Gazetteer); ok && g.PublicDrill {
		return nil
	}
	return p
}
