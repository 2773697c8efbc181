package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mingluo/internal/alert"
)

func hours(n int) time.Duration { return time.Duration(n) * time.Hour }

// sortTemplates puts the big buttons first, then by id.
func sortTemplates(ts []alert.TemplateVersion) {
	order := func(t alert.TemplateVersion) int {
		if t.Quick == 0 {
			return 10
		}
		return t.Quick
	}
	slices.SortFunc(ts, func(a, b alert.TemplateVersion) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.ID, b.ID))
	})
}

// atHome refuses to change how the desk is manned from a drill on an
// installation that is live: what is set there holds for both.
func (d *Desk) atHome(who alert.Actor) error {
	if d.Mode != "" && who.Mode != d.Mode {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R4", ZH: "授权表和值班表只能在实战登录中修改。", EN: "The table of authority and the roster are changed in a live session only."}
	}
	return nil
}

// SetGrants replaces the table of authority (授权). seq is the event that set
// the table which the administrator looked at, 0 when there was none: of two
// who change it at once the second looks again.
func (d *Desk) SetGrants(ctx context.Context, who alert.Actor, seq uint64, grants []alert.Grant) error {
	if err := need(who, alert.RoleAdmin); err != nil {
		return err
	}
	if err := d.atHome(who); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, g := range grants {
		bad := func(zh, en string) error {
			return &alert.Problem{Kind: alert.Invalid, Field: "grants." + g.Officer, ZH: g.Officer + "：" + zh, EN: g.Officer + ": " + en}
		}
		switch {
		case g.Officer == "" || seen[g.Officer]:
			return bad("姓名为空或出现两次。", "no officer, or twice.")
		case g.Officer == who.ID:
			// Whoever keeps the table does not write the own line: 等保 wants the
			// administrator and the approver to be two people.
			return bad("不能给自己授权，请另一位管理员来做。", "nobody writes the own line: ask another administrator.")
		case g.Highest > alert.Red:
			return bad("级别不在颜色表中。", "the level is not one of the colours.")
		}
		for _, a := range g.Areas {
			if !d.Gazetteer.Known(a) {
				return bad("没有这个区域："+a, "no such area: "+a)
			}
		}
		seen[g.Officer] = true
	}
	return d.act(ctx, who, "table", func(st *alert.State) (alert.Fact, error) {
		if present := st.GrantsSeq(); present != seq {
			return nil, &alert.Problem{Kind: alert.Conflict, Field: "seq", ZH: "别人刚刚改过授权表，请再看一遍。", EN: "Somebody else has just changed the table of authority: look again."}
		}
		if st.Grants != nil { // the own line stays as somebody else wrote it
			for _, g := range st.Grants.Grants {
				if g.Officer == who.ID {
					grants = append(grants, g)
				}
			}
		}
		return alert.GrantsSet{Grants: grants}, nil
	})
}

// PlanShift plans a shift, or plans it anew and says why: others may have said
// already that they will be there. An empty id makes a new one.
func (d *Desk) PlanShift(ctx context.Context, who alert.Actor, x alert.Shift, reason string) (id string, err error) {
	if err := need(who, alert.RoleAdmin, alert.RoleApprover); err != nil {
		return "", err
	}
	if err := d.atHome(who); err != nil {
		return "", err
	}
	if p := x.Check(); p != nil {
		return "", p
	}
	if x.ID == "" {
		x.ID = newID(d.Now())
	}
	if !validID(x.ID) {
		return "", notFound("id", "没有这个班次。", "There is no such shift.")
	}
	if err := short(&reason, "reason", maxNote); err != nil {
		return "", err
	}
	x.From, x.Until = x.From.UTC(), x.Until.UTC()
	return x.ID, d.act(ctx, who, x.ID, func(st *alert.State) (alert.Fact, error) {
		switch old := st.Shifts[x.ID]; {
		case old == nil:
			reason = ""
		case old.Dropped != nil:
			return nil, errDropped()
		case reason == "":
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明为什么改这个班次。", EN: "Say why the shift is changed."}
		}
		return alert.ShiftPlanned{Shift: x, Reason: reason}, nil
	})
}

func errDropped() *alert.Problem {
	return &alert.Problem{Kind: alert.Conflict, Field: "shift", ZH: "这个班次已经取消，请另排一个。", EN: "The shift was taken off the roster: plan another."}
}

// DropShift takes a shift that is not over off the roster; that it stood there,
// who took it off and why stay on record.
func (d *Desk) DropShift(ctx context.Context, who alert.Actor, id, reason string) error {
	if err := need(who, alert.RoleAdmin, alert.RoleApprover); err != nil {
		return err
	}
	if err := d.atHome(who); err != nil {
		return err
	}
	if err := short(&reason, "reason", maxNote); err != nil {
		return err
	}
	if reason == "" {
		return &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明为什么取消这个班次。", EN: "Say why the shift is taken off."}
	}
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		switch x := st.Shifts[id]; {
		case x == nil:
			return nil, notFound("shift", "没有这个班次。", "There is no such shift.")
		case x.Dropped != nil:
			return nil, errDropped()
		case !d.Now().Before(x.Until):
			return nil, blocked("班次已经结束，留在记录里，不能取消。", "The shift is over and stays on record.")
		}
		return alert.ShiftDropped{Reason: reason}, nil
	})
}

// AcknowledgeShift says that the officer can be called during the shift.
func (d *Desk) AcknowledgeShift(ctx context.Context, who alert.Actor, id string) error {
	return d.act(ctx, who, id, func(st *alert.State) (alert.Fact, error) {
		x := st.Shifts[id]
		switch {
		case x == nil:
			return nil, notFound("shift", "没有这个班次。", "There is no such shift.")
		case x.Dropped != nil:
			return nil, errDropped()
		case !slices.Contains(x.Officers, who.ID) && !slices.Contains(x.OnCall, who.ID):
			return nil, &alert.Problem{Kind: alert.Forbidden, ZH: "您不在这个班次里。", EN: "You are not in this shift."}
		case slices.Contains(x.Acknowledged, who.ID):
			return nil, nil
		}
		return alert.ShiftAcknowledged{}, nil
	})
}

// Manning is whether enough people can be called (R7).
type Manning struct {
	Callable []alert.Callable
	// Able counts those among them who said that they can be called and who may
	// retract; fewer than two turn the console red.
	Able int
	// Shift is the shift that the asking officer has not acknowledged yet, "" for none.
	Shift string
}

// Red reports R7: fewer than two people able to retract can be called.
func (m Manning) Red() bool { return m.Able < 2 }

// Manning says who can be called now. officers are the accounts that may be
// used; an account that is disabled counts for nobody.
func (d *Desk) Manning(officers []alert.Officer, asking string) Manning {
	now := d.Now()
	may := map[string]bool{}
	for _, o := range officers {
		may[o.ID] = o.Has(alert.RoleWriter) || o.Has(alert.RoleApprover)
	}
	var m Manning
	d.Read(func(st *alert.State) {
		m.Callable = st.OnDuty(now)
		for _, x := range st.Shifts {
			on := slices.Contains(x.Officers, asking) || slices.Contains(x.OnCall, asking)
			if on && x.Runs(now) && !slices.Contains(x.Acknowledged, asking) {
				m.Shift = x.ID
			}
		}
	})
	for _, c := range m.Callable {
		if c.Acknowledged && may[c.Officer] {
			m.Able++
		}
	}
	return m
}
