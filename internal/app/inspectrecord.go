package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// inspectRecord says what the open record knows to be missing.
func (a *App) inspectRecord(ctx context.Context) ([]Finding, error) {
	s := a.Safe()
	var out []Finding
	live := a.cfg.Mode == alert.Live
	if !s.Tested {
		out = append(out, Finding{live, "恢复页还没有核对：mingluo keys sheet 打印，放进保险柜，再用 mingluo keys confirm 输入核对码。", "The recovery sheet was not tested: print it (mingluo keys sheet), put it in the safe, type its phrase (mingluo keys confirm)."})
	}
	if p := backupPart(s, a.cfg, time.Now()); p.Lamp != console.Green && (a.cfg.Backup.Dir != "" || s.Backup.IsZero()) {
		out = append(out, Finding{false, "备份：" + p.StateZH, "Backup: " + p.State})
	}
	if n := a.pausedByRestore(); n > 0 {
		out = append(out, Finding{false, fmt.Sprintf("从备份恢复后还有 %d 项发送暂停着，等人核对。", n), fmt.Sprintf("%d fan-outs have been paused since the restore and wait for somebody.", n)})
	}
	people, err := a.inspectPeople(ctx, live)
	if err != nil {
		return nil, err
	}
	out = append(out, people...)
	for _, c := range a.Channels() {
		if !c.Ready {
			out = append(out, Finding{false, fmt.Sprintf("渠道 %s 不可用：%s", c.Name, c.Reason), fmt.Sprintf("Channel %s is not available: %s", c.Name, c.Reason)})
		}
	}
	return out, nil
}

// inspectPeople asks whether a notice could be released: R1 takes two.
func (a *App) inspectPeople(ctx context.Context, live bool) ([]Finding, error) {
	list, err := a.Accounts.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []Finding
	c := crewOf(list)
	need := func(n, want int, zh, en string) {
		if n < want {
			out = append(out, Finding{live, fmt.Sprintf("%s：有 %d 人，至少 %d 人（mingluo officer add）。", zh, n, want), fmt.Sprintf("%s: %d, at least %d (mingluo officer add).", en, n, want)})
		}
	}
	need(c.approvers, 2, "能签发的人", "Officers who can approve")
	need(c.writers, 1, "信息员", "Officers who write")
	need(c.reviewers, 1, "保密审查员", "Officers who review")
	need(c.admins, 1, "管理员", "Administrators")
	waiting := 0
	for _, o := range list {
		if o.OneTime && !o.Disabled {
			waiting++
		}
	}
	if waiting > 0 {
		out = append(out, Finding{false, fmt.Sprintf("%d 人还没有把一次性密码换成自己的。", waiting), fmt.Sprintf("%d officers have not replaced their one-time password yet.", waiting)})
	}
	return out, nil
}

func (a *App) adminCheck(w http.ResponseWriter, r *http.Request) {
	found, err := a.inspectRecord(r.Context())
	answerAdmin(w, found, err)
}

// Findings are what the record itself knows to be missing before going live.
func (o *Office) Findings(ctx context.Context) (found []Finding, err error) {
	err = o.Ask(ctx, http.MethodGet, "/check", nil, &found)
	return found, err
}
