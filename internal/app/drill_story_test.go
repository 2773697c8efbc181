package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/desk"
	"mingluo/internal/progress"
	"mingluo/internal/roll"
)

// places is a live installation with a place for drills, and five of the staff
// among its subscribers. What the town's carriers take counts as real.
func places(t *testing.T) (s *apptest.Service, staff int) {
	t.Helper()
	const people, followers = 200, 100
	s = apptest.Start(t, apptest.People(people, followers), apptest.Configure(smallWindows), apptest.Configure(func(c *app.Config) {
		c.Mode = alert.Live
		c.Drill.Listen = "127.0.0.1:0"
	}))
	everybody := map[string]map[string]bool{"sms": s.Town.Everybody("sms"), "wechat": s.Town.Everybody("wechat")}
	var seq uint64
	for p := range roll.Samples(s.Places, people+3, followers+2) {
		if everybody[p.Channel][p.Address] {
			continue
		}
		p.Groups, p.Areas, p.MinLevel, p.Hazards, p.Quiet = []string{"值班人员"}, []string{"440604"}, alert.NoLevel, nil, roll.Quiet{}
		var err error
		if _, seq, err = s.Roll.Join(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		staff++
	}
	if err := s.Index.WaitFor(t.Context(), seq); err != nil || staff != 5 {
		t.Fatalf("%d of the staff, %v", staff, err)
	}
	return s, staff
}

// in is an officer of the town in a mode, at the desk itself.
func in(s *apptest.Service, mode alert.Mode, id string) alert.Actor {
	a := s.Actor(id)
	a.Mode = mode
	return a
}

// issue takes a content through both officers; approve's error is returned.
func issue(t *testing.T, s *apptest.Service, mode alert.Mode, c alert.Content) (apptest.Notice, error) {
	t.Helper()
	ctx, chen, li := t.Context(), in(s, mode, "chen"), in(s, mode, "li")
	d, err := s.Desk.NewDraft(ctx, chen, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	id, rev, err := s.Desk.Submit(ctx, chen, d.ID, d.Seq)
	if err != nil {
		t.Fatal(err)
	}
	var hash string
	s.Desk.Read(func(st *alert.State) { hash = st.Notices[id].Rev(rev).Hash })
	for _, act := range []func() error{
		func() error { return review(ctx, s.Desk, li, id, rev, hash) },
		func() error { return s.Desk.Approve(ctx, li, id, rev, hash) },
		func() error { return s.Desk.Release(ctx, li, id, rev) },
	} {
		if err := act(); err != nil {
			return apptest.Notice{}, err
		}
	}
	return apptest.Notice{ID: id, Rev: rev}, nil
}

// R5: on a live installation a drill goes to the staff and to nobody else, over
// the imitations and over nothing else, also its retraction; officers are called
// by the imitations too. A live notice beside it goes the real way.
func TestR5NothingOfADrillReachesALiveRoute(t *testing.T) {
	t.Parallel()
	s, staff := places(t)
	drilled := apptest.Typhoon()
	drilled.Scope, drilled.Groups = alert.ScopeSector, nil // no group: the staff
	n, err := issue(t, s, alert.Drill, drilled)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, c := range settledAt(s, n).Channels {
		told += c.Counts["accepted"] + c.Counts["delivered"]
		if !c.Imitation || !strings.Contains(c.Route, "仿真") && c.Channel == "sms" {
			t.Errorf("%s is shown as %q, imitation %v", c.Channel, c.Route, c.Imitation)
		}
	}
	if told != staff {
		t.Errorf("%d were told, the staff is %d", told, staff)
	}
	rev, err := s.Desk.Follow(t.Context(), in(s, alert.Drill, "chen"), n.ID, alert.Retract, "")
	if err != nil {
		t.Fatal(err)
	}
	settledAt(s, apptest.Notice{ID: n.ID, Rev: rev})
	if got := s.Town.Carriers.Taken(); got != 0 {
		t.Fatalf("the real carriers took %d messages of a drill", got)
	}
	if page := s.Page("/n/" + n.ID); page.Status == http.StatusOK {
		t.Error("the drill stands on the public pages")
	}

	live, err := issue(t, s, alert.Live, apptest.Typhoon())
	if err != nil {
		t.Fatal(err)
	}
	settledAt(s, live)
	if got := s.Town.Carriers.Taken(); got < 300 {
		t.Errorf("the real carriers took %d messages of a live notice", got)
	}
}

// R5: a drill to the public, on the public pages or over a real carrier takes an
// approver with a permission of its own; and it takes two people.
func TestR5ADrillForThePublicIsAPermissionOfItsOwn(t *testing.T) {
	t.Parallel()
	s, _ := places(t)
	public := apptest.Typhoon()
	public.Groups = []string{"市民"}
	onPages, real := apptest.Typhoon(), apptest.Typhoon()
	onPages.Groups, real.Groups = []string{"值班人员"}, []string{"值班人员"}
	real.Scope, real.RealCarriers = alert.ScopeSector, true
	for what, c := range map[string]alert.Content{"the public": public, "public pages": onPages, "real carriers": real} {
		_, err := issue(t, s, alert.Drill, c)
		if ps := alert.AsProblems(err); len(ps) == 0 || ps[0].Kind != alert.Forbidden || ps[0].Rule != "R5" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := s.Town.Carriers.Taken(); got != 0 {
		t.Fatalf("%d messages went out", got)
	}
	admin := alert.Actor{Officer: alert.Officer{ID: "admin", Roles: []alert.Role{alert.RoleAdmin}}, Mode: alert.Live}
	if err := s.Desk.SetGrants(t.Context(), admin, 0, []alert.Grant{{Officer: "li", Highest: alert.Red, Areas: []string{s.Places.City()}, PublicDrill: true}}); err != nil {
		t.Fatal(err)
	}
	n, err := issue(t, s, alert.Drill, real)
	if err != nil {
		t.Fatal(err)
	}
	settledAt(s, n)
	texts := append(s.Town.Carriers.Texts("sms", n.ID, alert.Issue), s.Town.Carriers.Texts("wechat", n.ID, alert.Issue)...)
	if len(texts) == 0 {
		t.Error("the drill did not go over the real carriers")
	}
	for _, text := range texts {
		if !strings.HasPrefix(text, "【演练】") && !strings.HasPrefix(text, "[DRILL]") {
			t.Errorf("a text without the mark: %s", text)
		}
	}
}

// R4: the two places have addresses of their own, say their mode, and sign
// nobody in to the other mode.
func TestR4DrillAndLiveAreDifferentPlaces(t *testing.T) {
	t.Parallel()
	s, _ := places(t)
	if s.DrillURL == "" || s.DrillURL == s.ConsoleURL {
		t.Fatalf("the drill's place is %q", s.DrillURL)
	}
	for url, want := range map[string][2]string{s.DrillURL: {"drill", "live"}, s.ConsoleURL: {"live", "drill"}} {
		for i, mode := range want {
			r, err := http.NewRequest("GET", url+"/api/v1/me", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+s.Token("chen"))
			r.Header.Set("Mingluo-Mode", mode)
			status, got := answered(t, r)
			if ok := status == http.StatusOK; ok != (i == 0) {
				t.Errorf("%s as %s: %d %v", url, mode, status, got)
			}
		}
	}
}

func review(ctx context.Context, d *desk.Desk, who alert.Actor, id string, rev int, hash string) error {
	return d.Review(ctx, who, id, rev, hash, "", alert.Checked()...)
}

// settledAt waits until everybody of a release has a result, at the tracker.
func settledAt(s *apptest.Service, n apptest.Notice) (p progress.Progress) {
	s.Until("everybody has a result", func() (done bool) {
		p, done = s.Tracker.Of(n.ID, n.Rev)
		return done && p.Done
	})
	return p
}
