package console

import (
	"context"
	"errors"

	"mingluo/internal/alert"
)

// officerAct is what the acts on an account take between them.
type officerAct struct {
	alert.Officer
	Count  int    `json:"count"`            // codes for the sealed envelope
	Factor string `json:"factor,omitempty"` // a fresh code of the second factor
}

// officerDone is what came of an act; the secrets in it are told once.
type officerDone struct {
	Officer  string   `json:"officer"`
	Password string   `json:"password,omitempty"` // for one sign-in
	Token    string   `json:"token,omitempty"`
	Codes    []string `json:"codes,omitempty"` // of the sealed envelope; older ones are void
}

// usualCodes is how many codes are printed when no number is given.
const usualCodes = 10

var errOwnRights = &alert.Problem{Kind: alert.Forbidden, Field: "officer", ZH: "不能改自己的账号，请另一位管理员来做。", EN: "Nobody changes the own account here: ask another administrator."}

// manage carries out an administrator's act on an account, for the pages and
// the API alike. It is put on record before it is done. Whoever administers
// never changes the own rights, so the last administrator cannot shut the door
// on everybody.
func (c *Console) manage(ctx context.Context, who alert.Actor, name, id string, in officerAct) (officerDone, error) {
	if !who.Has(alert.RoleAdmin) {
		return officerDone{}, errAdminOnly
	}
	what := map[string]alert.OfficerAct{"invite": alert.OfficerInvited, "roles": alert.OfficerRoles, "reach": alert.OfficerReach, "reset": alert.OfficerReset,
		"factor": alert.OfficerFactor, "disable": alert.OfficerDisabled, "envelope": alert.OfficerEnvelope, "token": alert.OfficerRetokened}[name]
	if name == "seen" {
		return officerDone{Officer: id}, c.Desk.SeeEnvelope(ctx, who, id)
	}
	if what == "" {
		return officerDone{}, errNoAct
	}
	if err := c.mayChange(ctx, who, name, id, &in); err != nil {
		return officerDone{}, err
	}
	record := alert.OfficerChanged{What: what}
	switch what {
	case alert.OfficerInvited, alert.OfficerRoles:
		record.Roles = in.Roles
	case alert.OfficerEnvelope:
		record.Codes = in.Count
	}
	if err := c.Desk.RecordOfficer(ctx, who, id, record); err != nil {
		return officerDone{}, err
	}
	defer c.staffChanged()
	return c.change(ctx, what, id, in)
}

// mayChange checks everything that can be checked before the act is recorded.
func (c *Console) mayChange(ctx context.Context, who alert.Actor, name, id string, in *officerAct) error {
	_, err := c.Accounts.Get(ctx, id)
	missing := errors.Is(err, alert.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	switch name {
	case "invite":
		if err := errors.Join(CheckOfficer(in.Officer), reachable(&in.Officer)); err != nil {
			return err
		}
		if !missing {
			return &alert.Problem{Kind: alert.Conflict, Field: "id", ZH: "已经有这个账号：" + id, EN: "There is such an account: " + id}
		}
		return nil
	case "envelope":
		if in.Count == 0 {
			in.Count = usualCodes
		}
		if err := envelopeCount(in.Count); err != nil {
			return err
		}
	case "roles":
		if len(in.Roles) == 0 {
			return &alert.Problem{Kind: alert.Invalid, Field: "roles", ZH: "至少一个角色。", EN: "At least one role."}
		}
		if err := apart(in.Roles); err != nil {
			return err
		}
	case "reach":
		if err := reachable(&in.Officer); err != nil {
			return err
		}
	}
	switch {
	case missing:
		return errNoOfficer
	case id == who.ID && name != "reach":
		return errOwnRights
	}
	return nil
}

func (c *Console) change(ctx context.Context, what alert.OfficerAct, id string, in officerAct) (out officerDone, err error) {
	out.Officer = id
	switch what {
	case alert.OfficerInvited:
		out.Password, err = c.Accounts.Invite(ctx, in.Officer)
	case alert.OfficerRoles:
		err = c.Accounts.SetRoles(ctx, id, in.Roles)
	case alert.OfficerReach:
		err = c.Accounts.SetReach(ctx, id, in.Phone, in.WeChat)
	case alert.OfficerReset:
		out.Password, err = c.Accounts.Reset(ctx, id)
	case alert.OfficerFactor:
		err = c.Accounts.DropFactor(ctx, id)
	case alert.OfficerDisabled:
		err = c.Accounts.Disable(ctx, id)
	case alert.OfficerRetokened:
		out.Token, err = c.Accounts.RenewToken(ctx, id)
	case alert.OfficerEnvelope:
		out.Codes, err = c.Accounts.FillEnvelope(ctx, id, in.Count)
	}
	return out, err
}
