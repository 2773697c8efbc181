package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// RecordDone takes an officer's entry that a duty of an incident was done, or
// the correction of one, which keeps the old entry and says why. A duty that
// outlives its incident may be done after the incident was closed.
func (d *Desk) RecordDone(ctx context.Context, who alert.Actor, incident string, f alert.DutyDone) error {
	f.Evidence, f.Reason, f.At = strings.TrimSpace(f.Evidence), strings.TrimSpace(f.Reason), utc(f.At)
	if err := checkDone(&f, d.Now()).Err(); err != nil {
		return err
	}
	return d.onIncident(ctx, who, incident, func(st *alert.State, inc *alert.Incident) (alert.Fact, error) {
		at := slices.IndexFunc(inc.Done, func(e alert.DutyEntry) bool { return e.Recorded.Seq == f.Replaces && f.Replaces != 0 })
		known := slices.ContainsFunc(st.DutiesOf(inc, &d.Rules), func(x alert.Duty) bool { return x.Rule.ID == f.Duty && x.Rule.MetBy == alert.ByEntry })
		switch {
		case f.Replaces != 0 && (at < 0 || inc.Done[at].Duty != f.Duty):
			return nil, notFound("replaces", "没有要更正的这条登记。", "There is no such entry to correct.")
		case f.Replaces != 0 && inc.Done[at].Replaced != nil:
			return nil, &alert.Problem{Kind: alert.Conflict, Field: "replaces", ZH: "这条登记已经更正过，请再看一遍。", EN: "This entry was corrected already: look again."}
		case f.Replaces == 0 && !known:
			return nil, notFound("duty", "这起事件没有这一项要登记的时限。", "The incident has no such duty that an entry fulfils.")
		case !f.At.IsZero() && f.At.Before(inc.Now().Occurred):
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "at", ZH: "办理时间早于事件发生，请核对。", EN: "It cannot have been done before the incident occurred."}
		}
		return f, nil
	})
}

func checkDone(f *alert.DutyDone, now time.Time) (ps alert.Problems) {
	bad := func(field, zh, en string) {
		ps = append(ps, &alert.Problem{Kind: alert.Invalid, Field: field, ZH: zh, EN: en})
	}
	_, unsafe := alert.UnsafeRune(f.Evidence + f.Reason)
	switch {
	case unsafe || len([]rune(f.Evidence)) > alert.MaxDescription || len([]rune(f.Reason)) > alert.MaxDescription:
		bad("evidence", "太长或含有控制字符。", "Too long, or contains control characters.")
	case f.Evidence == "" && !f.At.IsZero():
		bad("evidence", "请写明凭据：报给谁、文号或链接。", "Give the evidence: to whom, the number of the paper or a link.")
	}
	switch {
	case f.At.IsZero() && f.Replaces == 0:
		bad("at", "请填写办理的时间。", "Say when it was done.")
	case f.At.After(now.Add(time.Minute)):
		bad("at", "办理时间在将来，请办完以后再登记。", "The time is in the future: enter it when it was done.")
	}
	if f.Replaces != 0 && f.Reason == "" {
		bad("reason", "请写明为什么更正；原来的登记会保留。", "Say why it is corrected; the old entry is kept.")
	}
	return ps
}

// DutyTable is the table of duties in force with its version, 0 for the one
// that the configuration has, and the one that waits for a second person.
func (d *Desk) DutyTable() (table alert.DutyTable, version int, waiting *alert.DutyTableVersion) {
	d.Read(func(st *alert.State) {
		t, no := st.DutyTable(&d.Rules)
		table, version = *t, no
		if w := st.WaitingDutyTable(); w != nil {
			waiting = new(*w)
		}
	})
	return table, version, waiting
}

// ProposeDuties puts another table of duties before a second person. seen is
// the newest version that the administrator looked at, in force or not.
func (d *Desk) ProposeDuties(ctx context.Context, who alert.Actor, seen int, t alert.DutyTable, reason string) (version int, err error) {
	if err := need(who, alert.RoleAdmin); err != nil {
		return 0, err
	}
	if err := d.atHome(who); err != nil {
		return 0, err
	}
	reason = strings.TrimSpace(reason)
	if _, unsafe := alert.UnsafeRune(reason); unsafe || reason == "" || len([]rune(reason)) > alert.MaxDescription {
		return 0, &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "请写明为什么改时限表。", EN: "Say why the table of duties changes."}
	}
	if err := t.Check(); err != nil {
		return 0, &alert.Problem{Kind: alert.Invalid, Field: "table", ZH: "时限表有误：" + err.Error(), EN: "The table is wrong: " + err.Error()}
	}
	return seen + 1, d.act(ctx, who, "table", func(st *alert.State) (alert.Fact, error) {
		if len(st.DutyTables) != seen {
			return nil, &alert.Problem{Kind: alert.Conflict, Field: "version", ZH: "别人刚刚改过时限表，请再看一遍。", EN: "Somebody else has just changed the table of duties: look again."}
		}
		if st.WaitingDutyTable() != nil {
			return nil, blocked("上一份时限表还在等第二个人核准，请先处理它。", "The last table still waits for a second person: decide on it first.")
		}
		if now, _ := st.DutyTable(&d.Rules); now.Hash() == t.Hash() {
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "table", ZH: "和现在的时限表一样，没有改动。", EN: "It is the table in force: nothing changed."}
		}
		return alert.DutyTableProposed{Version: seen + 1, Table: t, Reason: reason}, nil
	})
}

// DecideDuties takes the proposed table into force, or throws it away. Taking
// it into force needs another person than the one who proposed it.
func (d *Desk) DecideDuties(ctx context.Context, who alert.Actor, version int, hash string, refuse bool, reason string) error {
	if err := need(who, alert.RoleApprover, alert.RoleAdmin); err != nil {
		return err
	}
	if err := d.atHome(who); err != nil {
		return err
	}
	return d.act(ctx, who, "table", func(st *alert.State) (alert.Fact, error) {
		v := st.WaitingDutyTable()
		switch {
		case v == nil || v.No != version:
			return nil, &alert.Problem{Kind: alert.Conflict, Field: "version", ZH: "这份时限表已经有人处理，请再看一遍。", EN: "Somebody decided on this table already: look again."}
		case v.Hash != hash:
			return nil, &alert.Problem{Kind: alert.Conflict, Field: "hash", Rule: "R1", ZH: "您看到的不是等待核准的这一份，请再看一遍。", EN: "What you looked at is not the table that waits: look again."}
		case !refuse && v.Proposed.By == who.ID:
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R1", ZH: "时限表要由另一个人核准。", EN: "Another person than the proposer takes the table into force."}
		}
		return alert.DutyTableDecided{Version: version, Hash: hash, Refused: refuse, Reason: strings.TrimSpace(reason)}, nil
	})
}
