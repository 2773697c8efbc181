package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// UpdateDraft opens a draft that is filled from the revision in force: area,
// audience and channels are kept (W1).
func (d *Desk) UpdateDraft(ctx context.Context, who alert.Actor, notice string) (*Draft, error) {
	var c alert.Content
	var problem error
	d.Read(func(st *alert.State) {
		n := st.Notices[notice]
		switch {
		case n == nil || n.Current() == nil:
			problem = notFound("notice", "没有生效过的这条通知。", "No such notice was released.")
		case n.Mode != who.Mode:
			problem = &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
		case n.Current().Verb.Ends():
			problem = blocked("已经解除或撤回，请另发一条。", "It was lifted or retracted: issue a new one.")
		default:
			c = n.Current().Content
			c.Again = false // said of that revision
		}
	})
	if problem != nil {
		return nil, problem
	}
	return d.newDraft(ctx, who, notice, c, nil, nil)
}

// FollowText returns the ready text of a correction, lift or retraction: what
// Follow would release at this moment.
func (d *Desk) FollowText(notice string, verb alert.Verb, reason string) (alert.Content, error) {
	var c alert.Content
	err := fmt.Errorf("verb %q does not follow", verb)
	if verb.Follows() {
		d.Read(func(st *alert.State) { c, err = d.followContent(st, notice, verb, reason) })
	}
	return c, err
}

// followContent writes the text that the officer only has to send (R3). Its
// area, groups, channels and hazard stay those of the revision it follows. The
// text must fit every channel, however long the first one was and whatever a
// carrier's limit is: a retraction that cannot be sent is worse than a terse one.
func (d *Desk) followContent(st *alert.State, notice string, verb alert.Verb, reason string) (alert.Content, error) {
	n := st.Notices[notice]
	if n == nil || n.Current() == nil {
		return alert.Content{}, notFound("notice", "没有发布过的这条通知。", "No such notice was released.")
	}
	cur := n.Current()
	if cur.Verb.Ends() {
		return alert.Content{}, &alert.Problem{Kind: alert.Conflict, ZH: "这条通知已经" + cur.Verb.ZH() + "了。", EN: "The notice has ended already."}
	}
	reason = strings.TrimSpace(reason)
	c := d.followFrame(cur, verb)
	for _, size := range []struct{ headline, place, reason int }{{alert.MaxHeadline - 10, 200, 200}, {40, 60, 200}, {20, 20, 60}, {12, 12, 0}} {
		followWords(&c, cur, verb, cut(reason, size.reason), size.headline)
		if c.AreaDesc = cur.Content.AreaDesc; len([]rune(c.AreaDesc)) > size.place {
			c.AreaDesc = cut(d.Gazetteer.Describe(c.Areas), size.place)
		}
		if d.fits(n, verb, c) {
			break
		}
	}
	return c, nil
}

// followFrame is everything but the words.
func (d *Desk) followFrame(cur *alert.Revision, verb alert.Verb) alert.Content {
	c, now := cur.Content, d.Now()
	c.Answers, c.Suspend, c.HeadlineEN, c.TextEN, c.Again = "", nil, "", "", false
	c.Interpretation = nil // it explained the text that this one replaces
	c.Urgency = "Immediate"
	if verb.Ends() {
		c.Urgency = "Past"
	}
	c.Effective = now.UTC().Truncate(time.Second)
	// A follow-up must be able to reach everybody that the first one reached,
	// also when the first one ends in a minute.
	if least := now.Add(followWindow); c.Expires.Before(least) {
		c.Expires = least.UTC().Truncate(time.Second)
	}
	if c.Onset.After(c.Expires) {
		c.Onset = c.Effective
	}
	return c
}

func followWords(c *alert.Content, cur *alert.Revision, verb alert.Verb, reason string, headline int) {
	title := cut(cur.Content.Headline, headline)
	was := alert.ShowTime(cur.Released.At) + "发布的“" + title + "”"
	c.Headline = verb.ZH() + "：" + title
	switch verb {
	case alert.Lift:
		c.Description = was + "所说的危险已经过去，现予解除。"
		c.Instruction = "请恢复正常的生产生活秩序，继续留意后续信息。"
	case alert.Retract:
		c.Description = was + "不应发出，现予撤回，请不要再转发。"
		c.Instruction = "请不要按该通知行动；以本单位网站公布的信息为准。"
	case alert.Correct:
		c.Description = was + "内容有误，现更正。"
		if reason == "" {
			// Ready without a word typed: what is wrong must not be acted on, also
			// while the right words are still being looked for.
			c.Instruction = "请先不要按该通知行动，正确的内容随后公布。"
		}
	}
	if reason != "" {
		c.Description += "说明：" + reason
	}
}

// cut shortens a text to so many characters, the last of them an ellipsis.
func cut(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	if limit < 2 {
		return ""
	}
	return string(r[:limit-1]) + "…"
}

// fits reports whether every channel can carry the text.
func (d *Desk) fits(n *alert.Notice, verb alert.Verb, c alert.Content) bool {
	for _, ch := range c.Channels {
		for _, lang := range []string{"zh", "en"} {
			if _, err := d.Renderer.Render(ch, Said{Notice: n.ID, Rev: len(n.Revisions) + 1, Verb: verb, Mode: n.Mode, Content: c, Code: "XXXXXXXX"}, lang); err != nil {
				return false
			}
		}
	}
	return true
}

// Follow releases a correction, lift or retraction. It is one person's act:
// Hawaii took 38 minutes because nobody was authorised (R3).
func (d *Desk) Follow(ctx context.Context, who alert.Actor, notice string, verb alert.Verb, reason string) (rev int, err error) {
	if !verb.Follows() {
		return 0, &alert.Problem{Kind: alert.Invalid, Rule: "R15", Field: "verb", ZH: "只能是更正、解除或撤回。", EN: "Want correct, lift or retract."}
	}
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return 0, err
	}
	err = d.act(ctx, who, notice, func(st *alert.State) (alert.Fact, error) {
		n := st.Notices[notice]
		if n != nil && n.Mode != who.Mode {
			return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开。", EN: "Drill and live are apart."}
		}
		c, err := d.followContent(st, notice, verb, reason)
		if err != nil {
			return nil, err
		}
		if _, unsafe := alert.UnsafeRune(reason); unsafe || alert.Placeholder(reason) != "" || len([]rune(reason)) > 200 {
			return nil, &alert.Problem{Kind: alert.Invalid, Field: "reason", ZH: "说明最多200字，不能有占位符或控制字符。", EN: "At most 200 characters, no placeholders or control characters."}
		}
		rev = len(n.Revisions) + 1
		return alert.Followed{Rev: rev, Verb: verb, Content: c, Reason: strings.TrimSpace(reason)}, nil
	})
	return rev, err
}

// followWindow is how long a follow-up may still be sent; longer than carriers take
// to come back from an outage.
const followWindow = 6 * time.Hour
