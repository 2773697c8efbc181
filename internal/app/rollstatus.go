package app

import (
	"fmt"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
	"mingluo/internal/roll"
)

const (
	// lateSnapshot is how much later than it should be a snapshot may come before
	// its age is shown red: 26 h for a daily one.
	lateSnapshot = 2 * time.Hour
	// rewriteDue is how long old bytes of somebody who was erased may lie in the
	// files before the board asks for a rewrite.
	rewriteDue = 30 * 24 * time.Hour
)

// rollPart says for people how the roll is.
func (a *App) rollPart() console.PartStatus {
	return rollStatus(a.Care.Status(), time.Now())
}

func rollStatus(s roll.Status, now time.Time) console.PartStatus {
	p := console.PartStatus{Name: "roll", ZH: "订户名册", EN: "Roll of subscribers", Lamp: console.Green}
	say := func(lamp console.Lamp, zh, en string) {
		if lamp == console.Red || lamp == console.Yellow && p.Lamp == console.Green {
			p.Lamp = lamp
		}
		p.StateZH, p.State = p.StateZH+sep(p.StateZH, "；")+zh, p.State+sep(p.State, "; ")+en
	}
	if s.Rebuilding {
		say(console.Yellow, "正在重写，发送照常，增删订户稍等", "being written anew; warnings go on, joining and leaving wait")
	}
	f := s.Last
	switch n := f.Hidden + f.Stale + f.Altered; {
	case s.Damaged():
		say(console.Red, fmt.Sprintf("存储损坏，%d 人的记录读不到或不对，没有修复：请管理员查看", n), fmt.Sprintf("the store is damaged, %d records are hidden or wrong and not mended: an administrator has to look", n))
	case f.Mended:
		say(console.Yellow, fmt.Sprintf("%s 发现存储损坏并已修复（%d 人）：请检查磁盘", alert.ShowTime(f.At), n), fmt.Sprintf("damage was found at %s and mended (%d people): have the disk checked", alert.ShowTime(f.At), n))
	case s.LastErr != nil:
		say(console.Red, "核对没有成功："+s.LastErr.Error(), "it could not be compared: "+s.LastErr.Error())
	}
	if s.LogErr != nil {
		say(console.Red, "变更记录写不进去："+s.LogErr.Error(), "its log of changes cannot be written: "+s.LogErr.Error())
	}
	snapshotState(s, now, say)
	if s.Waiting > 0 && now.Sub(s.Oldest) > rewriteDue {
		say(console.Yellow, fmt.Sprintf("%d 人注销后旧的密文还在磁盘上：请运行 mingluo roll rewrite", s.Waiting), fmt.Sprintf("old bytes of %d people who left or were erased lie on the disk: run mingluo roll rewrite", s.Waiting))
	}
	return p
}

func snapshotState(s roll.Status, now time.Time, say func(lamp console.Lamp, zh, en string)) {
	if s.Snapshot == nil {
		say(console.Yellow, "还没有快照", "no snapshot yet")
	} else if age := now.Sub(s.Snapshot.Made); age > s.Every+lateSnapshot {
		say(console.Red, "最近的快照在 "+agoZH(age)+"前", "the newest snapshot is "+agoEN(age)+" old")
	} else {
		say(console.Green, "快照在 "+agoZH(age)+"前", "snapshot "+agoEN(age)+" ago")
	}
	if s.SnapshotErr != nil {
		say(console.Red, "快照没有写成："+s.SnapshotErr.Error(), "the last snapshot failed: "+s.SnapshotErr.Error())
	}
}

func sep(s, mark string) string {
	if s == "" {
		return ""
	}
	return mark
}
