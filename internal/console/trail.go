package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// step is one line of a trail: what happened, who did it, when.
type step struct {
	Seq    uint64    `json:"seq"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Name   string    `json:"name"`
	What   string    `json:"what"` // Chinese, a key of the catalogue
	Rev    int       `json:"rev,omitempty"`
	Detail string    `json:"detail,omitempty"` // the officer's own words
	Type   string    `json:"type"`             // kind.type of the journal
}

// trail reads everything the journal holds about an entity, and about its plans
// and milestones, in the order of the journal. It is the record itself, not a
// summary: a step that is not here did not happen.
func (c *Console) trail(ctx context.Context, kind, id string) ([]step, error) {
	var out []step
	names := map[string]string{}
	take := func(r alert.Record) error {
		e, err := alert.DecodeEvent(r.Data)
		if err != nil {
			return err
		}
		s, err := readStep(e)
		s.Name = c.nameOf(ctx, e.By, names)
		out = append(out, s)
		return err
	}
	_, err := c.Store.Scan(ctx, alert.StreamJournal, "journal."+kind+"."+id, 1, take)
	for _, subject := range c.about(id) {
		if err != nil {
			break
		}
		var r alert.Record
		if r, err = c.Store.Get(ctx, subject); err == nil {
			err = take(r)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the trail of %s %s: %w", kind, id, err)
	}
	slices.SortFunc(out, func(a, b step) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, nil
}

// about lists the subjects of an entity's plans and milestones: each stands in
// the journal once.
func (c *Console) about(id string) (subjects []string) {
	c.Desk.Read(func(st *alert.State) {
		if n := st.Notices[id]; n != nil {
			if st.Applications[id] != nil {
				subjects = append(subjects, "journal.application."+id)
			}
			for _, r := range n.Revisions {
				if plan := alert.PlanID(id, r.No); st.Plans[plan] != nil {
					subjects = append(subjects, "journal.plan."+plan)
				}
			}
		}
		for _, m := range st.MilestonesOf(id) {
			subjects = append(subjects, "journal.milestone."+m.ID)
		}
	})
	return subjects
}

// nameOf is the officer's name; machines have names of their own.
func (c *Console) nameOf(ctx context.Context, id string, names map[string]string) string {
	switch id {
	case "spread":
		return "分发"
	case "watch":
		return "值守"
	case "system":
		return "系统"
	}
	if _, ok := names[id]; !ok {
		names[id] = id
		if a, err := c.Accounts.Get(ctx, id); err == nil {
			names[id] = a.Name
		}
	}
	return names[id]
}

func readStep(e alert.Event) (step, error) {
	s := step{Seq: e.Seq, At: e.At, By: e.By, Type: e.Kind + "." + e.Type}
	f, err := e.Fact()
	if err != nil {
		return s, err
	}
	switch f := f.(type) {
	case alert.Submitted:
		s.What, s.Rev = "提交审核", f.Rev
	case alert.Returned:
		s.What, s.Rev, s.Detail = "退回", f.Rev, f.Reason
	case alert.Reviewed:
		s.What, s.Rev, s.Detail = "保密审查通过", f.Rev, f.Note
	case alert.Approved:
		s.What, s.Rev = "签发", f.Rev
	case alert.Released:
		s.What, s.Rev = "发布", f.Rev
	case alert.EmergencyReleased:
		s.What, s.Rev, s.Detail = "紧急发布", f.Rev, f.Reason
	case alert.Countersigned:
		s.What, s.Rev, s.Detail = "补签", f.Rev, f.Note
	case alert.Followed:
		s.What, s.Rev, s.Detail = f.Verb.ZH(), f.Rev, f.Reason
	case alert.Paused:
		s.What, s.Rev, s.Detail = "暂停发送", f.Rev, f.Reason
	case alert.Resumed:
		s.What, s.Rev = "继续发送", f.Rev
	case alert.Stopped:
		s.What, s.Rev, s.Detail = "停止发送", f.Rev, f.Reason
	case alert.Confirmed:
		s.What, s.Rev = "确认分发计划", f.Rev
	case alert.Plan:
		s.What, s.Rev, s.Detail = "分发计划", f.Rev, planWords(&f)
	case alert.ApplicationMade:
		s.What, s.Rev, s.Detail = "备好市平台申请", f.Rev, f.Platform
	case alert.ApplicationHanded:
		s.What, s.Detail = "递交市平台申请", join("，", f.Way.ZH(), f.To)
	case alert.ApplicationAnswered:
		if s.What, s.Detail = "市平台受理", join("，", f.Ref, f.Note); !f.Granted {
			s.What = "市平台未受理"
		}
	case alert.ApplicationWithdrawn:
		s.What, s.Detail = "撤回市平台申请", f.Reason
	default:
		if s.What, s.Rev, s.Detail = templateStep(f); s.What == "" {
			s.What, s.Detail = incidentStep(f)
		}
	}
	return s, nil
}

func incidentStep(f alert.Fact) (what, detail string) {
	switch f := f.(type) {
	case alert.Recorded:
		return "记录事件", join("；", f.Facts.Level().ZH()+"："+f.Facts.Title, f.Reason)
	case alert.ConferenceHeld:
		return "新闻发布会", alert.ShowTime(f.At) + " " + f.Place
	case alert.DutyDone:
		return doneStep(f)
	case alert.IncidentClosed:
		return "事件结束", f.Reason
	case alert.Acknowledged:
		return "已知悉提醒", ""
	case alert.Milestone:
		return f.What.ZH(), f.By
	}
	return "记录", ""
}

func planWords(p *alert.Plan) string {
	words := ""
	for _, ch := range p.Channels {
		words = join(" · ", words, fmt.Sprintf("%s %s 人", channelZH(ch.Channel), number(ch.Count)))
	}
	return join("；", words, p.Held)
}
