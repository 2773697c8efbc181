package app

import (
	"context"

	"mingluo/internal/audit"
	"mingluo/internal/console"
)

// openAudit opens the accounts and the audit of what is done with them. It is
// closed after everything that could still be audited.
func (a *App) openAudit(ctx context.Context) error {
	if err := a.openAccounts(ctx); err != nil {
		return err
	}
	a.Audit = audit.New(a.Store, a.Accounts.Known, a.log.With("part", "audit"))
	a.life.run("audit", a.Audit.Run)
	return nil
}

// machineAct notes what a command on this machine did. Who may open the socket
// is known to the machine, not to us.
func (a *App) machineAct(act, object string, err error) {
	e := audit.Entry{Via: "machine", From: "localhost", Act: act, Object: object, Mode: a.cfg.Mode, Outcome: audit.Done}
	if err != nil {
		e.Outcome, e.EN = audit.Failed, err.Error()
	}
	a.Audit.Note(e)
}

// auditPart is on the board only while something is wrong with it.
func (a *App) auditPart() (p console.PartStatus, red bool) {
	if a.Audit == nil || a.Audit.Failing() == nil {
		return p, false
	}
	return console.PartStatus{Name: "audit", ZH: "审计", EN: "Audit", Lamp: console.Red, StateZH: "写不进去，正在重试：" + a.Audit.Failing().Error(), State: "it cannot be written and is tried again: " + a.Audit.Failing().Error()}, true
}
