// Package desk is what people do: draft, submit, return, review, approve,
// release, update, correct, lift, retract; record incidents and answer them.
// It also holds the two loops that act on what was recorded: [Spread], which
// turns a release into a plan and tasks, and [Watch], which records what the
// clocks saw.
//
// Every act takes the officer who does it, decides on the journal's state at
// its head, and appends the facts with the head as the expected sequence: of
// two officers acting on the same revision one wins, and the other gets a
// conflict. An act that is refused leaves nothing behind. Rules that protect
// the public (two people, bound approvals, areas, drills, placeholders, ends)
// are enforced here and nowhere else; pages only show what this package says.
//
// Authority, review and audience fail closed: when in doubt the answer is a
// [alert.Problem] that says what is wrong and what to do.
package desk

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Book is the journal with its fold.
type Book interface {
	Read(fn func(st *alert.State))
	Do(ctx context.Context, decide func(st *alert.State) ([]alert.Event, error)) (uint64, error)
	Seq() uint64
	Wait(ctx context.Context, after uint64) (uint64, error)
}

// Store is the part of the record that holds drafts and tasks.
type Store interface {
	Put(ctx context.Context, p alert.Put) (uint64, error)
	Get(ctx context.Context, subject string) (alert.Record, error)
	Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (uint64, error)
	LastSeq(ctx context.Context, stream string) (uint64, error)
	PutTasks(ctx context.Context, subjects []string) (int, error)
}

// Audience answers who would be told.
type Audience interface {
	// Count returns people per channel, and per channel and district.
	Count(ctx context.Context, q alert.Query) (perChannel map[string]int, perDistrict map[string]map[string]int, err error)
	// PerBucket returns the people of one channel in every bucket.
	PerBucket(ctx context.Context, channel string, q alert.Query) (*[alert.Buckets]int, error)
	// WaitFor returns when the index holds everything up to this ROLL sequence.
	WaitFor(ctx context.Context, seq uint64) error
}

// Said is a notice as it is put to a channel's renderer.
type Said struct {
	Notice  string
	Rev     int
	Verb    alert.Verb
	Mode    alert.Mode
	Content alert.Content
	Issued  time.Time
	Code    string
}

// Text is a notice as one channel will send it.
type Text struct {
	Text   string            `json:"text"`
	Parts  int               `json:"parts"`
	Fields map[string]string `json:"fields,omitempty"`
	// Left names the fields that the text leaves to the notice's page.
	Left []string `json:"left,omitempty"`
}

// Renderer renders for every channel that a notice can choose.
type Renderer interface {
	Channels() []string
	Render(channel string, s Said, lang string) (Text, error)
}

// Config is what a desk is made of.
type Config struct {
	Book      Book
	Store     Store
	Audience  Audience
	Renderer  Renderer
	Gazetteer *alert.Gazetteer
	Rules     alert.DutyTable // as it is configured; the journal may hold a newer one
	Log       *slog.Logger
	// Mode is the installation's own: authority and roster are changed in it
	// only. Empty: in any.
	Mode alert.Mode
	// Emergency allows 紧急发布, see [Desk.EmergencyRelease].
	Emergency bool
	// StaffGroup is whom a drill on a live installation is for; "" where everybody
	// is there for drills.
	StaffGroup string
	// Reached is how many people of a slice may hold the notice, as far as it is
	// recorded; nil: nobody is known to, so an update counts as told to everybody.
	Reached func(t alert.Task) int
	// Now is the clock that acts are stamped with; nil is the wall clock. Only
	// sample data of the past needs another.
	Now func() time.Time
}

// Desk is the officers' side of the record. It is safe for concurrent use.
type Desk struct {
	Config
	drafts *openDrafts
}

// New returns a desk.
func New(c Config) *Desk {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{Config: c, drafts: newOpenDrafts()}
}

// Read shows the state at the journal's head. fn must not keep what it sees.
func (d *Desk) Read(fn func(st *alert.State)) { d.Book.Read(fn) }

// Wait returns when something after the given event was recorded.
func (d *Desk) Wait(ctx context.Context, after uint64) (uint64, error) {
	return d.Book.Wait(ctx, after)
}

// act appends one fact by an officer, after decide has looked at the state.
func (d *Desk) act(ctx context.Context, who alert.Actor, id string, decide func(st *alert.State) (alert.Fact, error)) error {
	_, err := d.Book.Do(ctx, func(st *alert.State) ([]alert.Event, error) {
		f, err := decide(st)
		if err != nil || f == nil {
			return nil, err
		}
		e, err := alert.NewEvent(d.Now(), who.ID, who.Mode, id, f)
		return []alert.Event{e}, err
	})
	return err
}

// onRevision finds the revision an act is about, and refuses what can never
// be: another mode, another revision than the newest, one already decided.
func onRevision(st *alert.State, who alert.Actor, notice string, rev int) (*alert.Notice, *alert.Revision, error) {
	n := st.Notices[notice]
	if n == nil || n.Rev(rev) == nil {
		return nil, nil, notFound("notice", "没有这条通知。", "There is no such notice.")
	}
	if n.Mode != who.Mode {
		return nil, nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", ZH: "演练与实战分开：这条通知属于另一种模式，请用那种模式登录。", EN: "Drill and live are apart: this notice belongs to the other mode."}
	}
	if rev != len(n.Revisions) {
		return nil, nil, &alert.Problem{Kind: alert.Conflict, Field: "rev", ZH: "已经有更新的版本，请重新打开看一看。", EN: "There is a newer revision: look again."}
	}
	return n, n.Rev(rev), nil
}

func need(who alert.Actor, roles ...alert.Role) error {
	if !who.Mode.Valid() {
		return &alert.Problem{Kind: alert.Forbidden, Rule: "R4", ZH: "会话没有模式，请重新登录。", EN: "The session has no mode: sign in again."}
	}
	var names []string
	for _, r := range roles {
		if who.Has(r) {
			return nil
		}
		names = append(names, r.ZH())
	}
	return &alert.Problem{Kind: alert.Forbidden, ZH: "这一步需要" + strings.Join(names, "或") + "岗位的人来做。", EN: "This needs the role " + string(roles[0]) + "."}
}

func notFound(field, zh, en string) *alert.Problem {
	return &alert.Problem{Kind: alert.NotFound, Field: field, ZH: zh, EN: en}
}

func blocked(zh, en string) *alert.Problem {
	return &alert.Problem{Kind: alert.Blocked, ZH: zh, EN: en}
}

// newID returns "<date>-<5 letters>": short enough to be read out over the
// telephone, unique enough for a desk (25 bits a day; the journal refuses a
// second first revision anyway).
func newID(now time.Time) string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	b := make([]byte, 5)
	rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return now.In(alert.Beijing()).Format("20060102") + "-" + string(b)
}

// clean trims the spaces that forms leave around single-line texts.
func clean(c alert.Content) alert.Content {
	for _, s := range []*string{&c.Event, &c.Headline, &c.Description, &c.Instruction, &c.SenderName, &c.Contact, &c.Web, &c.AreaDesc} {
		*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	}
	c.Tidy()
	c.Effective, c.Onset, c.Expires = c.Effective.UTC(), utc(c.Onset), c.Expires.UTC()
	return c
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
