package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// Safe implements [console.Safe]: what the service knows of the recovery sheet
// and the backups.
func (a *App) Safe() console.SafeStatus {
	s := console.SafeStatus{BackupDir: a.cfg.Backup.Dir}
	a.Book.Read(func(st *alert.State) {
		s.TestedBy, s.TestedAt = st.Safe.Tested.By, st.Safe.Tested.At
		if r := st.Safe.Restored; r != nil {
			s.Restored, s.RestoredOf = st.Safe.RestoreD.At, r.Made
		}
		s.Kit = st.Safe.Kit
	})
	kit, err := ReadKit(a.cfg.Data)
	if err != nil {
		s.Kit = ""
	} else {
		s.Tested = s.Kit == kit.Fingerprint()
		s.Kit = kit.Fingerprint()
	}
	newest, ok, failed := a.backups.status()
	if ok {
		s.Backup, s.BackupPath = newest.Made, newest.Path
	}
	if failed != nil {
		s.BackupFail = failed.Error()
	}
	return s
}

// safe is what the console's page of it asks; nothing where nothing is kept.
func (a *App) safe() console.Safe {
	if a.opts.Throwaway {
		return nil
	}
	return a
}

// TestPhrase records that the sheet of the keys in use exists and can be read.
func (a *App) TestPhrase(ctx context.Context, who alert.Actor, phrase string) error {
	kit, err := ReadKit(a.cfg.Data)
	if err != nil {
		return err
	}
	if !kit.Knows(phrase) {
		return &alert.Problem{Kind: alert.Invalid, Field: "phrase",
			ZH: "核对码不对：请照保险柜里那一页上的 24 位数字输入。如果密钥换过，要先重新打印恢复页（mingluo keys sheet）。",
			EN: "The test phrase is wrong: type the 24 digits of the sheet in the safe. When the keys have changed, print a new sheet first (mingluo keys sheet)."}
	}
	return a.record(ctx, who.ID, "recovery", alert.KeysTested{Kit: kit.Fingerprint()})
}

// record appends a fact that one person's act or the system's own makes.
func (a *App) record(ctx context.Context, by, id string, f alert.Fact) error {
	_, err := a.Book.Do(ctx, func(*alert.State) ([]alert.Event, error) {
		e, err := alert.NewEvent(time.Now(), by, a.cfg.Mode, id, f)
		return []alert.Event{e}, err
	})
	return err
}

// allParts is everything that the board shows beside the channels.
func (a *App) allParts() []console.PartStatus {
	parts := a.parts()
	if p, red := a.auditPart(); red {
		parts = append(parts, p)
	}
	parts = append(parts, a.asideParts()...)
	if a.opts.Throwaway {
		return parts
	}
	s := a.Safe()
	parts = append(parts, sheetPart(s), backupPart(s, a.cfg, time.Now()))
	if n := a.pausedByRestore(); n > 0 {
		parts = append(parts, console.PartStatus{Name: "restore", ZH: "从备份恢复", EN: "Restored", Lamp: console.Red, Page: "/notices",
			StateZH: fmt.Sprintf("记录恢复自 %s 的备份，%d 项发送暂停着：备份以后可能已经发过，请逐项核对后继续或解除", alert.ShowTime(s.RestoredOf), n),
			State:   fmt.Sprintf("from the backup of %s; %d fan-outs are paused, because they may have been sent after it: look at each, then resume or lift it", alert.ShowTime(s.RestoredOf), n)})
	}
	return parts
}

func sheetPart(s console.SafeStatus) console.PartStatus {
	p := console.PartStatus{Name: "recovery", ZH: "恢复页", EN: "Recovery sheet", Lamp: console.Red, Page: "/safe"}
	switch {
	case s.Kit == "":
		p.StateZH, p.State = "读不到密钥文件，请管理员查看", "the key files cannot be read: an administrator has to look"
	case !s.Tested:
		p.StateZH, p.State = "还没有核对：密钥一旦丢失，所有订阅的人都找不回来", "not checked yet: if the keys are lost, nobody who subscribed can be found again"
	default:
		p.Lamp = console.Green
		p.StateZH, p.State = "已在 "+alert.ShowTime(s.TestedAt)+" 核对", "tested "+alert.ShowTime(s.TestedAt)
	}
	return p
}

func backupPart(s console.SafeStatus, c Config, now time.Time) console.PartStatus {
	p := console.PartStatus{Name: "backup", ZH: "备份", EN: "Backup", Lamp: console.Green, Page: "/safe"}
	urgent := console.Yellow
	if c.Mode == alert.Live && c.Backup.Dir != "" {
		urgent = console.Red
	}
	age := now.Sub(s.Backup)
	stale := max(staleBackup, time.Duration(c.Backup.Every)+2*time.Hour)
	p.StateZH, p.State = "最近一次在 "+agoZH(age)+"前", "the newest is "+agoEN(age)+" old"
	switch {
	case s.Backup.IsZero():
		p.Lamp, p.StateZH, p.State = urgent, "还没有备份", "no backup yet"
	case age > stale:
		p.Lamp = urgent
	}
	if s.BackupFail != "" {
		p.Lamp, p.StateZH, p.State = urgent, p.StateZH+"；上次没有成功："+s.BackupFail, p.State+"; the last one failed: "+s.BackupFail
	}
	if c.Backup.Dir == "" {
		p.Lamp = console.Yellow
		p.StateZH, p.State = p.StateZH+"；没有设置自动备份", p.State+"; no automatic backup is set up"
	}
	return p
}

// agoEN is agoZH in English.
func agoEN(d time.Duration) string {
	n, unit := int(d.Minutes()), "minute"
	switch {
	case d >= 48*time.Hour:
		n, unit = int(d.Hours()/24), "day"
	case d >= time.Hour:
		n, unit = int(d.Hours()), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func agoZH(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时", int(d.Hours()))
	}
	return fmt.Sprintf("%d 天", int(d.Hours()/24))
}

func (a *App) pausedByRestore() (n int) {
	now := time.Now()
	a.Book.Read(func(st *alert.State) {
		if st.Safe.Restored == nil {
			return
		}
		for _, id := range st.NoticeIDs {
			for _, r := range st.Notices[id].Revisions {
				if r.Paused != nil && strings.HasPrefix(r.Paused.Reason, alert.RestoredPause) && !st.Notices[id].Superseded(r.No) && now.Before(r.Content.Expires) {
					n++
				}
			}
		}
	})
	return n
}

var _ console.Safe = (*App)(nil)
