package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Draft is a text being written. Drafts live in a stream of their own, newest
// per draft, because they are saved as one types; what counts goes into the
// journal with the submission, together with everybody who touched it.
type Draft struct {
	ID        string        `json:"id"`
	Mode      alert.Mode    `json:"mode"`
	Notice    string        `json:"notice,omitempty"` // "": a new notice; else an update of this one
	Content   alert.Content `json:"content"`
	Touched   []string      `json:"touched"`
	Warnings  []string      `json:"warnings,omitempty"`
	Created   time.Time     `json:"created"`
	Saved     time.Time     `json:"saved"`
	By        string        `json:"by"`
	Submitted string        `json:"submitted,omitempty"` // the notice it became
	Restores  int           `json:"restores,omitempty"`  // the retraction that it takes back
	Dropped   *time.Time    `json:"dropped,omitempty"`   // thrown away; can be taken back
	Tab       string        `json:"tab,omitempty"`       // the page that saved last, see [Desk.KeepDraft]
	Past      []Past        `json:"past,omitempty"`      // what an undo goes back to, newest last
	Seq       uint64        `json:"-"`                   // the record's sequence of this save
}

// maxDrafts bounds the texts being written at once; more is a script gone wild.
const maxDrafts = 500

// NewDraft stores the first version of a text.
func (d *Desk) NewDraft(ctx context.Context, who alert.Actor, c alert.Content, warnings []string) (*Draft, error) {
	return d.newDraft(ctx, who, "", c, warnings, nil)
}

func (d *Desk) newDraft(ctx context.Context, who alert.Actor, notice string, c alert.Content, warnings, touched []string) (*Draft, error) {
	return d.startDraft(ctx, who, &Draft{Notice: notice, Content: c, Warnings: warnings, Touched: touched})
}

// startDraft stores the first save of a draft.
func (d *Desk) startDraft(ctx context.Context, who alert.Actor, dr *Draft) (*Draft, error) {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return nil, err
	}
	open, err := d.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	if len(open) >= maxDrafts {
		return nil, blocked("草稿太多了，请先清理不用的草稿。", "There are too many drafts: drop those not needed.")
	}
	if d.StaffGroup != "" && d.Mode == alert.Live && who.Mode == alert.Drill && len(dr.Content.Groups) == 0 {
		// No group is everybody: for a drill that is said on purpose, later.
		dr.Content.Groups, dr.Content.Scope = []string{d.StaffGroup}, alert.ScopeSector
	}
	now := d.Now().UTC()
	dr.ID, dr.Mode, dr.Content, dr.Touched = newID(now), who.Mode, clean(dr.Content), touch(dr.Touched, who.ID)
	dr.Created, dr.Saved, dr.By = now, now, who.ID
	return dr, d.putDraft(ctx, dr, 0)
}

// SaveDraft replaces a draft's text. seq is the save the officer started
// from: somebody else's save in between is a conflict, never overwritten.
func (d *Desk) SaveDraft(ctx context.Context, who alert.Actor, id string, seq uint64, c alert.Content) (*Draft, error) {
	return d.KeepDraft(ctx, who, id, seq, "", c)
}

func sameContent(a, b alert.Content) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func touch(touched []string, officer string) []string {
	if slices.Contains(touched, officer) {
		return touched
	}
	return append(slices.Clone(touched), officer)
}

func (d *Desk) putDraft(ctx context.Context, dr *Draft, expect uint64) error {
	b, err := json.Marshal(dr)
	if err != nil {
		return fmt.Errorf("encode draft %s: %w", dr.ID, err)
	}
	if len(b) > alert.MaxEventBytes-4096 {
		return &alert.Problem{Kind: alert.TooLarge, Field: "description", ZH: "草稿太大，请缩短文字。", EN: "The draft is too large: shorten the text."}
	}
	seq, err := d.Store.Put(ctx, alert.Put{Subject: "draft." + dr.ID, Data: b, ExpectSubject: &expect})
	if errors.Is(err, alert.ErrStale) || errors.Is(err, alert.ErrTaken) {
		return &alert.Problem{Kind: alert.Conflict, Field: "seq", ZH: "别人刚刚改过这份草稿，请重新打开看一看。", EN: "Somebody else has just saved this draft: look again."}
	}
	if err != nil {
		return fmt.Errorf("save draft %s: %w", dr.ID, err)
	}
	dr.Seq = seq
	return nil
}

// Draft returns the newest save of a draft.
func (d *Desk) Draft(ctx context.Context, id string) (*Draft, error) {
	if !validID(id) {
		return nil, notFound("draft", "没有这份草稿。", "There is no such draft.")
	}
	r, err := d.Store.Get(ctx, "draft."+id)
	if errors.Is(err, alert.ErrNotFound) {
		return nil, notFound("draft", "没有这份草稿。", "There is no such draft.")
	}
	if err != nil {
		return nil, fmt.Errorf("read draft %s: %w", id, err)
	}
	return decodeDraft(r)
}

func validID(id string) bool {
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return id != "" && len(id) <= 40
}

func decodeDraft(r alert.Record) (*Draft, error) {
	var dr Draft
	if err := json.Unmarshal(r.Data, &dr); err != nil {
		return nil, fmt.Errorf("read %s: %w", r.Subject, err)
	}
	dr.Seq = r.Seq
	return &dr, nil
}

// openDraft returns a draft that the officer may still write to.
func (d *Desk) openDraft(ctx context.Context, who alert.Actor, id string) (*Draft, error) {
	dr, err := d.ownDraft(ctx, who, id)
	if err == nil && dr.Dropped != nil {
		return nil, &alert.Problem{Kind: alert.Conflict, Field: "draft", ZH: "这份草稿已经丢弃；可以先把它拿回来。", EN: "The draft was dropped: take it back first."}
	}
	return dr, err
}

// ownDraft returns a draft of the officer's mode that was not submitted.
func (d *Desk) ownDraft(ctx context.Context, who alert.Actor, id string) (*Draft, error) {
	dr, err := d.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	if dr.Mode != who.Mode {
		return nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "这份草稿属于另一种模式（演练或实战）。", EN: "The draft belongs to the other mode."}
	}
	if dr.Submitted != "" {
		return nil, submitted()
	}
	return dr, nil
}

func submitted() *alert.Problem {
	return &alert.Problem{Kind: alert.Conflict, ZH: "这份草稿已经提交，请打开通知查看。", EN: "The draft was submitted already: open the notice."}
}

// Drafts returns the texts that were not submitted yet, newest first.
func (d *Desk) Drafts(ctx context.Context) ([]*Draft, error) { return d.drafts.list(ctx, d.Store) }

// DropDraft throws a draft away. [Desk.UndropDraft] takes that back.
func (d *Desk) DropDraft(ctx context.Context, who alert.Actor, id string) error {
	if err := need(who, alert.RoleWriter, alert.RoleApprover); err != nil {
		return err
	}
	dr, err := d.openDraft(ctx, who, id)
	if err != nil {
		return err
	}
	now := d.Now().UTC()
	dr.Dropped = &now
	return d.putDraft(ctx, dr, dr.Seq)
}

// Preview is everything a page shows beside a text being written.
type Preview struct {
	Audience  map[string]int            `json:"audience"`  // people per channel
	Districts map[string]map[string]int `json:"districts"` // people per channel and district
	Texts     map[string]Text           `json:"texts"`     // per channel, exactly as it will be sent
	Problems  alert.Problems            `json:"problems"`
	Proposed  []alert.Suspension        `json:"proposed,omitempty"` // class suspension by rule, to be confirmed
	Employers string                    `json:"employers,omitempty"`
}

// Preview checks a text, counts its audience and renders it for its channels.
func (d *Desk) Preview(ctx context.Context, mode alert.Mode, c alert.Content) (Preview, error) {
	c = clean(c)
	p := Preview{Problems: d.check(c, mode), Texts: map[string]Text{}}
	for _, ch := range c.Channels {
		t, err := d.Renderer.Render(ch, Said{Notice: "20260101-xxxxx", Rev: 1, Verb: alert.Issue, Mode: mode, Content: c, Code: "XXXXXXXX"}, "zh")
		if err == nil {
			p.Texts[ch] = t
		}
	}
	if alert.SuspendsClasses(c.Hazard, c.Level) {
		p.Proposed, p.Employers = alert.ProposeSuspension(d.Gazetteer, c.Hazard, c.Level, c.Areas), alert.EmployersSentence
	}
	var err error
	p.Audience, p.Districts, err = d.count(ctx, c)
	if ps := alert.AsProblems(err); ps != nil {
		return p, nil // the check has said it already
	}
	return p, err
}

// count returns the audience of the content's own channels.
func (d *Desk) count(ctx context.Context, c alert.Content) (map[string]int, map[string]map[string]int, error) {
	per, districts, err := d.Audience.Count(ctx, c.Query())
	if err != nil {
		return nil, nil, fmt.Errorf("count the audience: %w", err)
	}
	audience := map[string]int{}
	for _, ch := range c.Channels {
		audience[ch] = per[ch]
	}
	return audience, districts, nil
}

// check is the content's own rules and the channels' limits together.
func (d *Desk) check(c alert.Content, mode alert.Mode) alert.Problems {
	ps := c.Check(d.Gazetteer, mode, d.Now())
	known := d.Renderer.Channels()
	for i, ch := range c.Channels {
		if !slices.Contains(known, ch) || slices.Contains(c.Channels[:i], ch) {
			ps = append(ps, &alert.Problem{Kind: alert.Invalid, Rule: "R15", Field: "channels", ZH: "没有这个渠道或重复：" + ch, EN: "No such channel, or twice: " + ch})
			continue
		}
		for _, lang := range []string{"zh", "en"} {
			t, err := d.Renderer.Render(ch, Said{Notice: "20260101-xxxxx", Rev: 1, Verb: alert.Issue, Mode: mode, Content: c, Code: "XXXXXXXX"}, lang)
			if ps2 := alert.AsProblems(err); ps2 != nil {
				ps = append(ps, ps2...)
				break
			} else if err != nil {
				ps = append(ps, &alert.Problem{Kind: alert.Invalid, Field: "channels", ZH: ch + "：" + err.Error(), EN: ch + ": " + err.Error()})
				break
			}
			if left := alert.Placeholder(t.Text); left != "" {
				ps = append(ps, &alert.Problem{Kind: alert.Invalid, Rule: "R10", Field: "description", ZH: "渠道文本里还有占位符 " + left + "。", EN: "A placeholder is left in the channel's text: " + left + "."})
				break
			}
		}
	}
	if n := d.incidentMissing(c.Answers); n != nil {
		ps = append(ps, n)
	}
	return ps
}

func (d *Desk) incidentMissing(id string) *alert.Problem {
	if id == "" {
		return nil
	}
	var found bool
	d.Read(func(st *alert.State) { found = st.Incidents[id] != nil })
	if found {
		return nil
	}
	return &alert.Problem{Kind: alert.Invalid, Field: "answers", ZH: "没有这起事件：" + id, EN: "There is no such incident: " + id}
}
