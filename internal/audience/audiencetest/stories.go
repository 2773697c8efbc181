package audiencetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/roll"
)

func noArea(t *testing.T, w World) {
	tn := newTown(t, w)
	tn.joins(1, "440604")
	tn.want("no area", alert.Query{Level: alert.Red}, "")
	per, districts, err := tn.index.Count(t.Context(), alert.Query{Level: alert.Red})
	if err != nil || per[roll.SMS] != 0 || len(districts) != 0 {
		t.Errorf("no area counts %v %v, %v", per, districts, err)
	}
	bad := alert.Query{Areas: []string{"440604", "999999"}}
	_, err1 := tn.index.Slice(t.Context(), roll.SMS, everywhere(), bad)
	_, err2 := tn.index.PerBucket(t.Context(), roll.SMS, bad)
	_, _, err3 := tn.index.Count(t.Context(), bad)
	for _, err := range []error{err1, err2, err3} {
		if ps := alert.AsProblems(err); len(ps) != 1 || ps[0].Field != "areas" || ps[0].Rule != "R11" {
			t.Errorf("an unknown area: %v", err)
		}
	}
}

func places(t *testing.T, w World) {
	tn := newTown(t, w)
	tn.joins(1, "440600")                 // the city
	tn.joins(2, "440604")                 // 禅城区
	tn.joins(3, "440604012")              // 祖庙街道, in it
	tn.joins(4, "440604011", "440605011") // a town in each of two districts
	tn.joins(5, "440605")                 // 南海区
	for _, c := range []struct {
		areas []string
		want  string
	}{
		{[]string{"440604"}, "1 2 3 4"},
		{[]string{"440604012"}, "1 2 3"},
		{[]string{"440605011"}, "1 4 5"},
		{[]string{"440600"}, "1 2 3 4 5"},
		{[]string{"440604012", "440605"}, "1 2 3 4 5"},
		{[]string{"440608"}, "1"},
	} {
		tn.want(fmt.Sprint(c.areas), alert.Query{Areas: c.areas}, c.want)
	}
	_, districts, err := tn.index.Count(t.Context(), alert.Query{Areas: []string{"440604", "440605"}})
	if err != nil || districts[roll.SMS]["440604"] != 4 || districts[roll.SMS]["440605"] != 3 || len(districts[roll.SMS]) != 2 {
		t.Errorf("by district %v, %v", districts, err)
	}
	_, districts, err = tn.index.Count(t.Context(), alert.Query{Areas: []string{"440600", "440604"}})
	if err != nil || districts[roll.SMS]["440604"] != 4 || districts[roll.SMS]["440608"] != 1 || len(districts[roll.SMS]) != 5 {
		t.Errorf("the whole city by district %v, %v", districts, err)
	}
}

func wishes(t *testing.T, w World) {
	tn := newTown(t, w)
	person := func(n int, s roll.Subscription) {
		s.Channel, s.Address, s.Areas = roll.SMS, number(n), []string{"440604"}
		tn.joinsWith(s)
	}
	person(1, roll.Subscription{})
	person(2, roll.Subscription{MinLevel: alert.Orange, Lang: "en", Quiet: roll.Quiet{From: 1320, To: 420}})
	person(3, roll.Subscription{Groups: []string{"学校", "市民"}})
	person(4, roll.Subscription{Groups: []string{"工地"}, Hazards: []alert.Hazard{"11B01", "11B03"}})
	tn.joinsWith(roll.Subscription{Channel: roll.WeChat, Address: "demo-foshan-1", Areas: []string{"440604"}})
	here := []string{"440604"}
	tn.want("red", alert.Query{Areas: here, Level: alert.Red}, "1 2 3 4")
	tn.want("yellow", alert.Query{Areas: here, Level: alert.Yellow}, "1 3 4")
	tn.want("without a colour", alert.Query{Areas: here}, "1 2 3 4")
	tn.want("a school's", alert.Query{Areas: here, Groups: []string{"学校"}}, "3")
	tn.want("schools' and sites'", alert.Query{Areas: here, Groups: []string{"工地", "学校"}}, "3 4")
	tn.want("a group that nobody is in", alert.Query{Areas: here, Groups: []string{"游客"}}, "")
	tn.want("rain", alert.Query{Areas: here, Hazard: "11B03", Level: alert.Red}, "1 2 3 4")
	tn.want("fog", alert.Query{Areas: here, Hazard: "11B17", Level: alert.Red}, "1 2 3")
	per, _, err := tn.index.Count(t.Context(), alert.Query{Areas: here})
	if err != nil || per[roll.SMS] != 4 || per[roll.WeChat] != 1 {
		t.Errorf("per channel %v, %v", per, err)
	}
	if m, err := tn.index.Slice(t.Context(), "fax", everywhere(), alert.Query{Areas: here}); err != nil || len(m) != 0 {
		t.Errorf("a channel that nobody joined: %v, %v", m, err)
	}
	m, err := tn.index.ByID(t.Context(), roll.SMS, []alert.RecipientID{tn.keys.ID(roll.SMS, number(2))})
	if err != nil || len(m) != 1 || m[0].Lang != "en" || m[0].Quiet != (roll.Quiet{From: 1320, To: 420}) {
		t.Errorf("language and quiet hours: %+v, %v", m, err)
	}
}

func joiners(t *testing.T, w World) {
	tn := newTown(t, w)
	tn.joins(1, "440604")
	plan := tn.joins(2, "440604")
	tn.joins(3, "440604")
	q := alert.Query{Areas: []string{"440604"}, UpTo: plan}
	tn.want("the plan's audience", q, "1 2")
	tn.joins(1, "440604", "440605") // a change of wishes is no new joining
	tn.want("after a change of wishes", q, "1 2")
	q.UpTo = 0
	tn.want("now", q, "1 2 3")
}

func leavers(t *testing.T, w World) {
	tn := newTown(t, w)
	tn.joins(1, "440604")
	tn.joins(2, "440604")
	tn.joins(3, "440604")
	tn.leaves(1, time.Hour)
	q := alert.Query{Areas: []string{"440604"}, UpTo: tn.last()}
	tn.leaves(2, time.Hour)
	tn.want("the plan's audience", q, "2- 3")
	tn.want("now", alert.Query{Areas: q.Areas}, "3")
	tn.joins(2, "440604") // comes back: after the plan
	tn.want("after the return", q, "3")
	m, err := tn.index.ByID(tn.t.Context(), roll.SMS, []alert.RecipientID{tn.keys.ID(roll.SMS, number(1)), tn.keys.ID(roll.SMS, number(3))})
	if err != nil || len(m) != 2 || !m[0].Left || m[0].Address != number(1) || m[1].Left || m[1].Address != number(3) {
		t.Errorf("a retraction has to reach 1, who left, and 3: %+v, %v", m, err)
	}
}

func erased(t *testing.T, w World) {
	tn := newTown(t, w)
	tn.joins(1, "440604")
	plan := tn.joins(2, "440604")
	if err := tn.roll.Erase(t.Context(), roll.SMS, number(1), noon()); err != nil {
		t.Fatal(err)
	}
	tn.leaves(2, 0) // nothing was ever sent: no address is kept
	tn.want("the plan's audience", alert.Query{Areas: []string{"440604"}, UpTo: plan}, "")
	stranger := tn.keys.ID(roll.SMS, number(9))
	ids := []alert.RecipientID{stranger, tn.keys.ID(roll.SMS, number(1)), tn.keys.ID(roll.SMS, number(2))}
	m, err := tn.index.ByID(t.Context(), roll.SMS, ids)
	if err != nil || len(m) != 3 {
		t.Fatalf("%+v, %v", m, err)
	}
	for i, one := range m {
		if one.ID != ids[i] || !one.Erased || !one.Left || one.Address != "" || one.Unreadable {
			t.Errorf("person %d: %+v", i, one)
		}
	}
}

func slicesHoldEverybody(t *testing.T, w World) {
	tn := newTown(t, w)
	const sms, wechat = 2000, 1000
	if _, err := tn.roll.Import(t.Context(), noon(), roll.SampleRows(alert.Foshan(), sms, wechat), roll.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	q := alert.Query{Areas: alert.Foshan().Districts(), Hazard: "11B01", Level: alert.Orange, UpTo: tn.last()}
	per, err := tn.index.PerBucket(t.Context(), roll.WeChat, q)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range alert.CutSlices(per, 100) {
		members, err := tn.index.Slice(t.Context(), roll.WeChat, s, q)
		if err != nil || len(members) != s.Count {
			t.Fatalf("slice %s: %d people, %v; the plan says %d", s.Name(), len(members), err, s.Count)
		}
		for _, m := range members {
			if seen[m.Address] || !s.Contains(m.ID) || m.ID != tn.keys.ID(roll.WeChat, m.Address) || m.Left {
				t.Fatalf("slice %s: %+v is there twice or does not belong", s.Name(), m)
			}
			seen[m.Address] = true
		}
	}
	counts, _, err := tn.index.Count(t.Context(), q)
	if err != nil || len(seen) != wechat || counts[roll.WeChat] != wechat || counts[roll.SMS] != sms {
		t.Errorf("%d in slices, counts %v, %v", len(seen), counts, err)
	}
	for _, s := range []alert.Slice{{Lo: 2, Hi: 1}, {Lo: 0, Hi: alert.Buckets}} {
		if _, err := tn.index.Slice(t.Context(), roll.SMS, s, q); err == nil {
			t.Errorf("slice %+v was answered", s)
		}
	}
}

func waits(t *testing.T, w World) {
	tn := newTown(t, w)
	next := tn.joins(1, "440604") + 1
	q := alert.Query{Areas: []string{"440604"}, UpTo: next}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tn.index.Slice(gone, roll.SMS, everywhere(), q); err == nil {
		t.Error("an index that is behind the plan answered")
	}
	var members []audience.Member
	var err error
	var asking sync.WaitGroup
	asking.Go(func() { members, err = tn.index.Slice(t.Context(), roll.SMS, everywhere(), q) })
	tn.joins(2, "440604")
	asking.Wait()
	if err != nil || len(members) != 2 {
		t.Errorf("told %+v, %v; want both", members, err)
	}
}

func changes(t *testing.T, w World) {
	tn := newTown(t, w)
	tn.joins(1, "440604")
	tn.joins(2, "440604")
	tn.joins(1, "440605")
	tn.want("the old place", alert.Query{Areas: []string{"440604"}}, "2")
	tn.want("the new place", alert.Query{Areas: []string{"440605"}}, "1")
	m, err := tn.index.ByID(t.Context(), roll.SMS, []alert.RecipientID{tn.keys.ID(roll.SMS, number(1))})
	if err != nil || len(m) != 1 || m[0].Address != number(1) {
		t.Errorf("%+v, %v", m, err)
	}
}

func unreadable(t *testing.T, w World) {
	tn := newTown(t, w)
	tn.joins(1, "440604")
	foreign := roll.NewKeys()
	id := tn.keys.ID(roll.SMS, number(2))
	rec := roll.Record{
		Joined: noon(), Sealed: foreign.Seal(nil, id, number(2)),
		Profile: roll.AppendProfile(nil, roll.Profile{Channel: roll.SMS, Areas: []string{"440604"}}),
	}
	if _, err := tn.store.Put(t.Context(), alert.Put{Subject: roll.Subject(id), Data: roll.AppendRecord(nil, rec)}); err != nil {
		t.Fatal(err)
	}
	tn.catchUp()
	m, err := tn.index.Slice(t.Context(), roll.SMS, everywhere(), alert.Query{Areas: []string{"440604"}})
	if err != nil || len(m) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	for _, one := range m {
		if one.Unreadable != (one.ID == id) || one.Unreadable != (one.Address == "") || one.Left || one.Erased {
			t.Errorf("%+v", one)
		}
	}
}
