package alert

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Verb is what a revision does.
type Verb string

const (
	Issue   Verb = "issue"   // 发布: the first
	Update  Verb = "update"  // 更新: replaces the one before, for the same audience
	Correct Verb = "correct" // 更正: the one before was wrong
	Lift    Verb = "lift"    // 解除: the danger is over
	Retract Verb = "retract" // 撤回: it should never have gone out
)

// Follows reports whether the revision goes to exactly those who were sent an
// earlier one, instead of to an audience of its own, and needs no second
// person (R3).
func (v Verb) Follows() bool { return v == Correct || v == Lift || v == Retract }

// Ends reports whether nothing of the notice is in force after it.
func (v Verb) Ends() bool { return v == Lift || v == Retract }

// ZH returns the word that stands first in every text of the revision.
func (v Verb) ZH() string {
	switch v {
	case Update:
		return "更新"
	case Correct:
		return "更正"
	case Lift:
		return "解除"
	case Retract:
		return "撤回"
	}
	return "发布"
}

// NoticeKind is what sort of notice it is.
type NoticeKind string

const (
	KindRelay       NoticeKind = "relay"       // 预警信号转发: somebody else's signal, passed on (R25)
	KindCaution     NoticeKind = "caution"     // 警示
	KindInstruction NoticeKind = "instruction" // 指令
	KindIncident    NoticeKind = "incident"    // 事件信息
	KindPolicy      NoticeKind = "policy"      // 政策文件
)

// NoticeKinds lists the kinds in the order officers choose from.
var NoticeKinds = []NoticeKind{KindRelay, KindCaution, KindInstruction, KindIncident, KindPolicy}

// ZH returns the kind's name; "" for an unknown one.
func (k NoticeKind) ZH() string {
	switch k {
	case KindRelay:
		return "预警信号转发"
	case KindCaution:
		return "警示"
	case KindInstruction:
		return "指令"
	case KindIncident:
		return "事件信息"
	case KindPolicy:
		return "政策文件"
	}
	return ""
}

// Authority is what allows the bureau to release a notice. Source: Foshan's
// rule on releasing warnings (sector lists by each department, public release
// on application and through one platform).
type Authority struct {
	Basis string `json:"basis"`         // "own" 授权, "sector" 本系统名单, "city" 市平台申请
	Ref   string `json:"ref,omitempty"` // document or application number
}

// Scope is who a notice is for.
type Scope string

const (
	ScopeSector Scope = "sector" // the bureau's own sector lists; no public page in lists
	ScopePublic Scope = "public"
)

// GroupPublic is the group of those who subscribed as citizens: no sector list.
const GroupPublic = "市民"

// Openness is the attribute every document carries when it is drafted.
type Openness struct {
	Attribute string `json:"attribute"`        // "active" 主动公开, "on-request" 依申请公开, "closed" 不予公开
	Reason    string `json:"reason,omitempty"` // needed unless active
}

// Source is where a relayed signal came from (R25).
type Source struct {
	Sender     string    `json:"sender"`     // CAP sender
	Identifier string    `json:"identifier"` // CAP identifier
	Sent       time.Time `json:"sent"`
	Name       string    `json:"name"`               // issuer as people know it
	Original   string    `json:"original,omitempty"` // SHA-256 of the attachment that holds the bytes received
}

// Suspension is the class suspension of one district: proposed by rule,
// confirmed by an officer (R26).
type Suspension struct {
	District  string `json:"district"`
	Text      string `json:"text"`
	Confirmed bool   `json:"confirmed"`
}

// Content is everything that an approval binds: what is said, to whom, and
// under which authority. CAP's names where CAP has one; instants are UTC.
type Content struct {
	Kind     NoticeKind `json:"kind"`
	Category string     `json:"category"` // CAP: Met, Safety, Fire, CBRNE …
	Event    string     `json:"event"`    // CAP: the hazard in words
	Hazard   Hazard     `json:"hazard"`
	Level    Level      `json:"level"`

	Urgency   string `json:"urgency"`   // CAP: Immediate, Expected, Future, Past, Unknown
	Severity  string `json:"severity"`  // CAP; the level stays authoritative
	Certainty string `json:"certainty"` // CAP: Observed, Likely, Possible, Unlikely, Unknown

	Headline    string `json:"headline"`
	Description string `json:"description"`
	Instruction string `json:"instruction"` // what to do
	HeadlineEN  string `json:"headline_en,omitempty"`
	TextEN      string `json:"text_en,omitempty"`

	SenderName string    `json:"sender_name"`       // 发布单位
	Contact    string    `json:"contact,omitempty"` // 咨询电话
	Web        string    `json:"web,omitempty"`
	Effective  time.Time `json:"effective"`
	Onset      time.Time `json:"onset,omitzero"`
	Expires    time.Time `json:"expires"` // every notice has an end (R14)

	Areas    []string `json:"areas"`     // division codes, to town level (R11)
	AreaDesc string   `json:"area_desc"` // the place in words; a relayed signal's own words are kept
	Groups   []string `json:"groups,omitempty"`
	Channels []string `json:"channels"` // besides the web, which always has it

	Authority Authority    `json:"authority"`
	Scope     Scope        `json:"scope"`
	Openness  Openness     `json:"openness"`
	Source    *Source      `json:"source,omitempty"`
	Suspend   []Suspension `json:"suspend,omitempty"`
	// Interpretation goes out with a policy document.
	Interpretation *Interpretation `json:"interpretation,omitempty"`
	Answers        string          `json:"answers,omitempty"` // the incident this is the authoritative information about
	Template       *TemplateUse    `json:"template,omitempty"`
	// RealCarriers sends a drill of a live installation over the real carriers; it
	// takes an approver with the permission of public drills.
	RealCarriers bool `json:"real_carriers,omitempty"`
	// Again says of an update that it is worse news than its fields show: everybody
	// is told, also who holds the notice already (W5).
	Again bool `json:"again,omitempty"`
}

// Query returns the audience that the content asks for.
func (c *Content) Query() Query {
	return Query{Areas: c.Areas, Groups: c.Groups, Hazard: c.Hazard, Level: c.Level}
}

// Hash binds an approval to exactly this content, notice, revision, verb and
// mode: 64 hexadecimal digits. JSON of a struct has one spelling in Go, so the
// bytes are stable.
func (c *Content) Hash(notice string, rev int, verb Verb, mode Mode) string {
	b, err := json.Marshal(struct {
		Notice  string
		Rev     int
		Verb    Verb
		Mode    Mode
		Content *Content
	}{notice, rev, verb, mode, c})
	if err != nil { // strings, times and slices of them cannot fail but for years beyond 9999
		b = []byte(err.Error())
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// VerifyCode is the short code printed in texts and checked on the public
// page: 8 letters and digits (40 bits) from the content's hash.
func VerifyCode(hash string) string {
	b, err := hex.DecodeString(hash)
	if err != nil || len(b) < 5 {
		return ""
	}
	return base32.NewEncoding("ABCDEFGHJKLMNPQRSTUVWXYZ23456789").EncodeToString(b[:5])
}

// Decision is what one officer did with a revision.
type Decision struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
	Seq    uint64    `json:"seq"` // the journal's event
}

// Revision is one submission of a notice. Numbers count submissions from 1, so
// a returned text and its successor never share a number.
type Revision struct {
	No        int
	Verb      Verb
	Content   Content
	Hash      string
	Touched   []string // everybody who edited the text (R1)
	Draft     string   // the draft it was written in
	Submitted Decision
	Returned  *Decision
	Reviewed  *Decision // 保密审查
	Approved  *Decision
	Audience  map[string]int // head count per channel that the approver saw
	Released  *Decision
	Paused    *Decision // the fan-out is paused
	Bursts    int       // times that a burst of refusals paused it
	Stopped   *Decision // the fan-out was stopped for good
	// Emergency is the release by one officer (紧急发布), Countersigned the second
	// signature under it.
	Emergency     *Decision
	Countersigned *Decision
}

// Code returns the revision's verification code.
func (r *Revision) Code() string { return VerifyCode(r.Hash) }

// NoticeState is where a notice is in its life.
type NoticeState string

const (
	StateSubmitted NoticeState = "submitted" // 待审
	StateReturned  NoticeState = "returned"  // 退回
	StateApproved  NoticeState = "approved"  // 已签发, 待发布
	StateReleased  NoticeState = "released"  // 生效
	StateUpdated   NoticeState = "updated"   // 生效, by a later revision
	StateRetracted NoticeState = "retracted" // 撤回
	StateLifted    NoticeState = "lifted"    // 解除
	StateEnded     NoticeState = "expired"   // 到期
)

// ZH returns the state's name for officers.
func (s NoticeState) ZH() string {
	return map[NoticeState]string{
		StateSubmitted: "待审核", StateReturned: "已退回", StateApproved: "已签发待发布", StateReleased: "生效中",
		StateUpdated: "生效中（已更新）", StateRetracted: "已撤回", StateLifted: "已解除", StateEnded: "已到期",
	}[s]
}

// Notice is a warning with all its revisions.
type Notice struct {
	ID        string
	Mode      Mode
	Revisions []*Revision
}

// Rev returns the revision with this number, or nil.
func (n *Notice) Rev(no int) *Revision {
	if no < 1 || no > len(n.Revisions) {
		return nil
	}
	return n.Revisions[no-1]
}

// Latest returns the newest revision.
func (n *Notice) Latest() *Revision { return n.Revisions[len(n.Revisions)-1] }

// Current returns the newest released revision, or nil.
func (n *Notice) Current() *Revision {
	for i := len(n.Revisions) - 1; i >= 0; i-- {
		if n.Revisions[i].Released != nil {
			return n.Revisions[i]
		}
	}
	return nil
}

// Released returns the released revisions, oldest first.
func (n *Notice) Released() []*Revision {
	var out []*Revision
	for _, r := range n.Revisions {
		if r.Released != nil {
			out = append(out, r)
		}
	}
	return out
}

// State returns where the notice stands. Before the first release the newest
// submission decides, after it the newest release does.
func (n *Notice) State(now time.Time) NoticeState {
	cur := n.Current()
	if cur == nil {
		switch r := n.Latest(); {
		case r.Returned != nil:
			return StateReturned
		case r.Approved != nil:
			return StateApproved
		}
		return StateSubmitted
	}
	switch {
	case cur.Verb == Retract:
		return StateRetracted
	case cur.Verb == Lift:
		return StateLifted
	case !now.Before(cur.Content.Expires):
		return StateEnded
	case len(n.Released()) > 1:
		return StateUpdated
	}
	return StateReleased
}

// InForce reports whether the public should act on the notice now.
func (n *Notice) InForce(now time.Time) bool {
	s := n.State(now)
	return s == StateReleased || s == StateUpdated
}

// Pending returns the revision that waits for somebody, or nil.
func (n *Notice) Pending() *Revision {
	if r := n.Latest(); r.Released == nil && r.Returned == nil {
		return r
	}
	return nil
}

// Superseded reports whether a released revision must not be sent any more,
// because a later one replaced or ended it.
func (n *Notice) Superseded(rev int) bool {
	cur := n.Current()
	return cur != nil && cur.No > rev
}
