package desk

import (
	"context"

	"mingluo/internal/alert"
)

// RecordOfficer puts on record what an administrator is about to do with an
// account. The same account serves drills and live nights, so it is changed
// from the installation's own mode only.
func (d *Desk) RecordOfficer(ctx context.Context, who alert.Actor, officer string, f alert.OfficerChanged) error {
	if err := need(who, alert.RoleAdmin); err != nil {
		return err
	}
	if err := d.atHome(who); err != nil {
		return err
	}
	return d.act(ctx, who, officer, func(*alert.State) (alert.Fact, error) { return f, nil })
}

// RecordReach puts on record that an officer changed where he or she is called.
func (d *Desk) RecordReach(ctx context.Context, who alert.Actor) error {
	return d.act(ctx, who, who.ID, func(*alert.State) (alert.Fact, error) {
		return alert.OfficerChanged{What: alert.OfficerReach}, nil
	})
}

// EnvelopeUsed raises the alarm: the officer signed with a printed code.
func (d *Desk) EnvelopeUsed(ctx context.Context, who alert.Actor, left int) error {
	return d.act(ctx, who, who.ID, func(*alert.State) (alert.Fact, error) { return alert.EnvelopeUsed{Left: left}, nil })
}

// SeeEnvelope ends the alarm: an administrator looked into it. Nobody ends the
// alarm about the own envelope.
func (d *Desk) SeeEnvelope(ctx context.Context, who alert.Actor, officer string) error {
	if err := need(who, alert.RoleAdmin); err != nil {
		return err
	}
	if officer == who.ID {
		return &alert.Problem{Kind: alert.Forbidden, ZH: "用的是您自己的信封，请另一位管理员来核实。", EN: "It was your own envelope: another administrator has to look into it."}
	}
	return d.act(ctx, who, officer, func(st *alert.State) (alert.Fact, error) {
		if st.Envelopes[officer] == nil {
			return nil, nil
		}
		return alert.EnvelopeSeen{}, nil
	})
}
