package desk_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/journal"
)

// night is a desk on a real record, with an audience of a fixed size and a
// channel that renders the headline.
type night struct {
	*desk.Desk
	t     *testing.T
	store *journal.Store
	book  *journal.Book
	crowd *crowd
	limit int // the channel's, in characters; 0 is none
}

var (
	writer    = alert.Actor{Officer: alert.Officer{ID: "chen", Name: "陈", Roles: []alert.Role{alert.RoleWriter}}, Mode: alert.Drill}
	approver  = alert.Actor{Officer: alert.Officer{ID: "li", Name: "李", Roles: []alert.Role{alert.RoleReviewer, alert.RoleApprover}}, Mode: alert.Drill}
	approver2 = alert.Actor{Officer: alert.Officer{ID: "wang", Name: "王", Roles: []alert.Role{alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover}}, Mode: alert.Drill}
)

// crowd is an audience that only knows how many there are.
type crowd struct{ per [alert.Buckets]int }

func (c *crowd) total() (n int) {
	for _, k := range c.per {
		n += k
	}
	return n
}

func (c *crowd) Count(_ context.Context, q alert.Query) (map[string]int, map[string]map[string]int, error) {
	if len(q.Areas) == 0 {
		return map[string]int{}, nil, nil
	}
	return map[string]int{"sms": c.total()}, map[string]map[string]int{"sms": {q.Areas[0]: c.total()}}, nil
}

func (c *crowd) PerBucket(context.Context, string, alert.Query) (*[alert.Buckets]int, error) {
	per := c.per
	return &per, nil
}

func (c *crowd) WaitFor(context.Context, uint64) error { return nil }

// headlines is a channel that says what and where, up to a limit.
type headlines struct{ limit *int }

func (headlines) Channels() []string { return []string{"sms"} }

func (h headlines) Render(_ string, s desk.Said, _ string) (desk.Text, error) {
	text := s.Content.Headline + s.Content.AreaDesc
	if *h.limit > 0 && len([]rune(text)) > *h.limit {
		return desk.Text{}, &alert.Problem{Kind: alert.Invalid, Field: "headline", ZH: "太长", EN: "too long"}
	}
	return desk.Text{Text: text, Parts: 1}, nil
}

func newNight(t *testing.T) *night {
	n := &night{t: t, crowd: &crowd{}}
	for i := range n.crowd.per {
		n.crowd.per[i] = 1
	}
	n.open(t.TempDir())
	return n
}

func (n *night) open(dir string) {
	var err error
	if n.store, err = journal.Open(n.t.Context(), journal.Config{Dir: dir, AllowUnsafeStore: true, Replicas: 1, Log: slog.New(slog.DiscardHandler)}); err != nil {
		n.t.Fatal(err)
	}
	store := n.store
	n.t.Cleanup(func() { store.Close(context.Background()) })
	if n.book, err = n.store.OpenBook(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
	n.Desk = desk.New(desk.Config{Book: n.book, Store: n.store, Audience: n.crowd, Renderer: headlines{&n.limit}, Gazetteer: alert.Foshan(), Rules: alert.FoshanDuties()})
}

func leak() alert.Content {
	now := time.Now().UTC().Truncate(time.Second)
	return alert.Content{
		Kind: alert.KindCaution, Category: "Safety", Event: "危险化学品泄漏", Hazard: "XCHEM", Level: alert.Orange,
		Urgency: "Immediate", Severity: "Severe", Certainty: "Observed",
		Headline: "禅城区危化品泄漏警示", Description: "张槎街道一仓库发生泄漏。", Instruction: "请关好门窗，不要靠近。",
		SenderName: "佛山市应急管理局", Effective: now, Expires: now.Add(6 * time.Hour),
		Areas: []string{"440604"}, AreaDesc: "禅城区", Channels: []string{"sms"},
		Authority: alert.Authority{Basis: "own"}, Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
	}
}

// submitted brings a draft before the reviewers.
func (n *night) submitted(who alert.Actor, c alert.Content) (notice string, rev int, hash string) {
	n.t.Helper()
	d, err := n.NewDraft(n.t.Context(), who, c, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	if notice, rev, err = n.Submit(n.t.Context(), who, d.ID, d.Seq); err != nil {
		n.t.Fatal(err)
	}
	return notice, rev, n.hash(notice, rev)
}

func (n *night) hash(notice string, rev int) (h string) {
	n.Read(func(st *alert.State) { h = st.Notices[notice].Rev(rev).Hash })
	return h
}

// released takes a text through both officers.
func (n *night) released(c alert.Content) (notice string) {
	n.t.Helper()
	notice, rev, hash := n.submitted(writer, c)
	n.must(n.Review(n.t.Context(), approver, notice, rev, hash, "", alert.Checked()...))
	n.must(n.Approve(n.t.Context(), approver, notice, rev, hash))
	n.must(n.Release(n.t.Context(), approver, notice, rev))
	return notice
}

func (n *night) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// refused asserts that an act was refused by a rule or with a kind.
func refused(t *testing.T, err error, kind alert.ProblemKind, rule string) {
	t.Helper()
	ps := alert.AsProblems(err)
	if len(ps) == 0 || ps[0].Kind != kind || ps[0].Rule != rule || ps[0].ZH == "" {
		t.Errorf("got %v, want a problem of kind %s and rule %q", err, kind, rule)
	}
}

func (n *night) state(notice string) (s alert.NoticeState) {
	n.Read(func(st *alert.State) { s = st.Notices[notice].State(time.Now()) })
	return s
}
