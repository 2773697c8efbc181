package demo

import (
	"context"
	"fmt"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/roll"
)

// fill gives an empty demo its people, its past and its open incident. What is
// there already stays as it is.
func (d *Demo) fill(ctx context.Context) error {
	seq, err := d.Store.LastSeq(ctx, alert.StreamRoll)
	if err != nil {
		return err
	}
	if seq == 0 {
		if _, err := d.Roll.Import(ctx, time.Now(), roll.SampleRows(d.Places, d.cfg.SMS, d.cfg.WeChat), roll.ImportOptions{}); err != nil {
			return err
		}
	}
	if seq, err = d.Store.LastSeq(ctx, alert.StreamRoll); err != nil {
		return err
	}
	if err := d.Index.WaitFor(ctx, seq); err != nil {
		return err
	}
	if d.cfg.Bare {
		return nil
	}
	if err := d.fillRoster(ctx, time.Now()); err != nil {
		return err
	}
	if err := d.fillTemplates(ctx); err != nil {
		return err
	}
	empty := false
	d.Desk.Read(func(st *alert.State) { empty = len(st.NoticeIDs) == 0 && len(st.IncidentID) == 0 })
	if !empty {
		return nil
	}
	now := time.Now()
	for _, p := range past() {
		if err := d.replay(ctx, p, now); err != nil {
			return fmt.Errorf("past drill %q: %w", p.content.Headline, err)
		}
	}
	return d.openIncident(ctx, now)
}

// pastNotice is a drill of some days ago: what was said, and what came of it.
// Past drills went to the web alone, so that nobody's phone shows old texts.
type pastNotice struct {
	daysAgo int
	hour    int // of the day, Beijing
	content alert.Content
	lasts   time.Duration
	reply   string        // a return with this reason, before it was approved
	update  *alert.Level  // raised to this level after an hour
	follow  alert.Verb    // lifted or retracted
	after   time.Duration // that much later
	reason  string
}

func past() []pastNotice {
	orange := alert.Orange
	return []pastNotice{
		{daysAgo: 61, hour: 15, lasts: 20 * time.Hour, follow: alert.Lift, after: 18 * time.Hour, reason: "气象台已解除台风蓝色预警信号",
			content: signal("11B01", alert.Blue, "台风", "全市", foshan(), "预计24小时内我市受热带气旋影响，平均风力可达6级以上。", "加固门窗、围板、棚架，检查工地塔吊和脚手架，做好防御准备。")},
		{daysAgo: 45, hour: 6, lasts: 8 * time.Hour, update: &orange, follow: alert.Lift, after: 5 * time.Hour, reason: "降雨明显减弱",
			content: signal("11B03", alert.Yellow, "暴雨", "南海区、三水区", []string{"440605", "440607"}, "6小时内南海、三水将有暴雨，已出现明显降雨且降雨将持续。", "检查排水，留意低洼地带，暂停受影响的户外作业。")},
		{daysAgo: 33, hour: 10, lasts: 10 * 24 * time.Hour, reply: "请写明检查的重点环节",
			content: own(alert.KindCaution, "XWORK", alert.Yellow, "节后复工安全警示", "全市", foshan(), "节后复工复产阶段人员未到齐、设备刚重启，是事故易发期。重点环节：动火、有限空间、高处作业、检维修。", "企业主要负责人带队检查，复工前逐台检查设备，组织全员安全培训后再上岗。")},
		{daysAgo: 20, hour: 21, lasts: 6 * time.Hour, follow: alert.Lift, after: 3 * time.Hour, reason: "泄漏点已封堵，空气监测正常",
			content: own(alert.KindCaution, "XCHEM", alert.Orange, "禅城区危化品泄漏警示", "禅城区张槎街道", []string{"440604011"}, "张槎街道一仓库发生少量化学品泄漏，气味可能影响周边一公里。", "请关好门窗，不要靠近现场；感到不适请到开阔处并拨打120。")},
		{daysAgo: 12, hour: 9, lasts: 9 * time.Hour,
			content: signal("11B09", alert.Yellow, "高温", "全市", foshan(), "预计今天白天我市最高气温将升至35℃以上。", "避免午后户外作业，用人单位按高温天气规定调整作业时间，注意防暑降温。")},
		{daysAgo: 5, hour: 14, lasts: 6 * time.Hour, follow: alert.Retract, after: 4 * time.Minute, reason: "地点有误，未经核实",
			content: own(alert.KindInstruction, "XGAS", alert.Yellow, "顺德区燃气抢修疏散指令", "顺德区大良街道", []string{"440606005"}, "大良街道一处燃气管道抢修，周边暂停用气。", "请关闭燃气阀门，听从现场人员指挥。")},
	}
}

func foshan() []string { return []string{"440604", "440605", "440606", "440607", "440608"} }

func own(kind alert.NoticeKind, h alert.Hazard, l alert.Level, headline, where string, areas []string, description, instruction string) alert.Content {
	return alert.Content{
		Kind: kind, Category: "Safety", Event: h.Info().ZH, Hazard: h, Level: l, Urgency: "Expected", Severity: l.Severity(), Certainty: "Likely",
		Headline: headline, Description: description, Instruction: instruction, SenderName: "佛山市应急管理局", Contact: "12345",
		Areas: areas, AreaDesc: where, Channels: []string{}, Authority: alert.Authority{Basis: "own"},
		Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
	}
}

func signal(h alert.Hazard, l alert.Level, name, where string, areas []string, description, instruction string) alert.Content {
	c := own(alert.KindRelay, h, l, "佛山市"+name+l.ZH()+"预警信号（转发）", where, areas, description, instruction)
	c.Category = "Met"
	c.Source = &alert.Source{Sender: "44060041600000", Name: "佛山市气象台"}
	return c
}

// replay brings a past drill into the journal through the same desk that
// officers use, with the instants of that day.
func (d *Demo) replay(ctx context.Context, p pastNotice, now time.Time) error {
	day := now.In(alert.Beijing()).AddDate(0, 0, -p.daysAgo)
	at := time.Date(day.Year(), day.Month(), day.Day(), p.hour, 7, 0, 0, alert.Beijing())
	then := *d.Desk
	then.Now = func() time.Time { return at }
	wait := func(t time.Duration) { at = at.Add(t) }

	c := p.content
	c.Effective, c.Expires = at.UTC(), at.Add(p.lasts).UTC()
	if c.Source != nil {
		sent := at.Add(-6 * time.Minute)
		source := *c.Source
		source.Sent, source.Identifier = sent.UTC(), source.Sender+"_"+sent.Format("20060102150405")
		c.Source = &source
	}
	draft, err := then.NewDraft(ctx, d.As("chen"), c, nil)
	if err != nil {
		return err
	}
	wait(3 * time.Minute)
	notice, rev, err := then.Submit(ctx, d.As("chen"), draft.ID, draft.Seq)
	if err != nil {
		return err
	}
	if p.reply != "" {
		wait(2 * time.Minute)
		if draft, err = then.Return(ctx, d.As("li"), notice, rev, p.reply); err != nil {
			return err
		}
		wait(5 * time.Minute)
		if _, rev, err = then.Submit(ctx, d.As("chen"), draft.ID, draft.Seq); err != nil {
			return err
		}
	}
	if err := sign(ctx, &then, d, notice, rev, wait); err != nil {
		return err
	}
	if p.update != nil {
		wait(time.Hour)
		if err := raise(ctx, &then, d, notice, *p.update, wait); err != nil {
			return err
		}
	}
	if p.follow != "" {
		wait(p.after)
		_, err = then.Follow(ctx, d.As("wang"), notice, p.follow, p.reason)
	}
	return err
}

// sign takes a submitted revision through review, approval and release.
func sign(ctx context.Context, then *desk.Desk, d *Demo, notice string, rev int, wait func(time.Duration)) error {
	var hash string
	then.Read(func(st *alert.State) { hash = st.Notices[notice].Rev(rev).Hash })
	wait(2 * time.Minute)
	if err := then.Review(ctx, d.As("li"), notice, rev, hash, "不含涉密内容和个人信息", alert.Checked()...); err != nil {
		return err
	}
	wait(30 * time.Second)
	if err := then.Approve(ctx, d.As("li"), notice, rev, hash); err != nil {
		return err
	}
	wait(10 * time.Second)
	return then.Release(ctx, d.As("li"), notice, rev)
}

func raise(ctx context.Context, then *desk.Desk, d *Demo, notice string, level alert.Level, wait func(time.Duration)) error {
	draft, err := then.UpdateDraft(ctx, d.As("chen"), notice)
	if err != nil {
		return err
	}
	c := draft.Content
	c.Level, c.Severity = level, level.Severity()
	c.Headline = "佛山市" + c.Event + level.ZH() + "预警信号（转发，升级）"
	if draft, err = then.SaveDraft(ctx, d.As("chen"), draft.ID, draft.Seq, c); err != nil {
		return err
	}
	_, rev, err := then.Submit(ctx, d.As("chen"), draft.ID, draft.Seq)
	if err != nil {
		return err
	}
	return sign(ctx, then, d, notice, rev, wait)
}

// openIncident leaves one major incident at 4 h 20 min of its 5 h.
func (d *Demo) openIncident(ctx context.Context, now time.Time) error {
	occurred := now.Add(-4*time.Hour - 20*time.Minute).Truncate(time.Second)
	then := *d.Desk
	then.Now = func() time.Time { return occurred.Add(12 * time.Minute) }
	id, err := then.RecordIncident(ctx, d.As("chen"), "", alert.IncidentFacts{
		Title: "三水区白坭镇某化工厂爆炸（演练）", Unit: "某化工厂，从业人员约210人", Place: "三水区白坭镇工业大道", Area: "440607104",
		Course: "反应釜检修时发生爆炸并起火，部分厂房坍塌。", Measures: "已启动应急响应，消防、医疗到场，疏散周边300人。",
		Occurred: occurred, Received: occurred.Add(6 * time.Minute), Deaths: 12, Injured: 31, Missing: 2,
	}, "")
	if err != nil {
		return err
	}
	for duty, after := range map[string]time.Duration{"phone1h": 40 * time.Minute, "up2h": 70 * time.Minute} {
		then.Now = func() time.Time { return occurred.Add(after + 2*time.Minute) }
		if err := then.RecordDone(ctx, d.As("chen"), id, alert.DutyDone{Duty: duty, At: occurred.Add(after), Evidence: "省应急管理厅值班室已接（演练）"}); err != nil {
			return err
		}
	}
	return nil
}
