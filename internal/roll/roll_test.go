package roll_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
	"mingluo/internal/roll/rolltest"
)

// a town's roll: a store, keys and the city's places.
func town(t testing.TB) (*roll.Roll, *rolltest.Store) {
	t.Helper()
	store := rolltest.New()
	return roll.New(store, roll.NewKeys(), alert.Foshan(), roll.Rules{Sample: true}), store
}

var noon = time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC)

const mei = "13800138000"

func join(t *testing.T, r *roll.Roll, address string, areas ...string) uint64 {
	t.Helper()
	_, seq, err := r.Join(t.Context(), roll.Subscription{Channel: roll.SMS, Address: address, Areas: areas, Joined: noon})
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func find(t *testing.T, r *roll.Roll, address string) roll.Subscription {
	t.Helper()
	s, err := r.Find(t.Context(), roll.SMS, address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPersonJoinsChangesTheirMindAndLeaves(t *testing.T) {
	r, store := town(t)
	join(t, r, mei, "440604")
	join(t, r, "+86 138 0013 8000", "440605", "440604012") // the same phone, spelt in another way
	s := find(t, r, mei)
	if s.Address != "+8613800138000" || !slices.Equal(s.Areas, []string{"440604012", "440605"}) || s.State != roll.Active {
		t.Fatalf("on the roll: %+v", s)
	}
	keep := noon.Add(80 * time.Hour)
	if err := r.Leave(t.Context(), roll.SMS, mei, noon.Add(time.Hour), keep); err != nil {
		t.Fatal(err)
	}
	s = find(t, r, mei)
	if s.State != roll.Left || s.Address == "" || !s.KeepUntil.Equal(keep) || !s.LeftAt.Equal(noon.Add(time.Hour)) {
		t.Fatalf("after leaving, the address has to stay for a retraction: %+v", s)
	}
	if err := r.Leave(t.Context(), roll.SMS, mei, noon.Add(9*time.Hour), noon); err != nil {
		t.Fatal(err)
	}
	if again := find(t, r, mei); !again.LeftAt.Equal(s.LeftAt) || again.Address == "" {
		t.Fatalf("leaving a second time changed %+v", again)
	}

	if n, err := r.Forget(t.Context(), keep.Add(-time.Second)); n != 0 || err != nil {
		t.Fatalf("forgot %d too early, %v", n, err)
	}
	if n, err := r.Forget(t.Context(), keep); n != 1 || err != nil {
		t.Fatalf("forgot %d, %v; want 1", n, err)
	}
	if s = find(t, r, mei); s.Address != "" || len(s.Areas) != 0 || s.State != roll.Left {
		t.Fatalf("after the time was up: %+v", s)
	}
	join(t, r, mei, "440604")
	if s = find(t, r, mei); s.State != roll.Active || s.Address == "" {
		t.Fatalf("came back as %+v", s)
	}
	if strings.Contains(store.Dump(), "3800138") {
		t.Fatal("the number stands in the record")
	}
}

func TestErasureIsImmediateAndLasts(t *testing.T) {
	r, _ := town(t)
	join(t, r, mei, "440604")
	if err := r.Erase(t.Context(), roll.SMS, mei, noon); err != nil {
		t.Fatal(err)
	}
	if s := find(t, r, mei); s.State != roll.Erased || s.Address != "" || len(s.Areas) != 0 {
		t.Fatalf("after erasure: %+v", s)
	}
	if err := r.Leave(t.Context(), roll.SMS, mei, noon, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if s := find(t, r, mei); s.State != roll.Erased {
		t.Fatalf("leaving undid the erasure: %+v", s)
	}
	if _, err := r.Find(t.Context(), roll.SMS, "13900139000"); !errors.Is(err, alert.ErrNotFound) {
		t.Fatalf("a stranger: %v", err)
	}
}

func TestR11ASubscriptionWithoutAKnownPlaceIsRefused(t *testing.T) {
	r, store := town(t)
	for name, areas := range map[string][]string{"none": nil, "unknown": {"440604", "999999"}, "too many": slices.Repeat([]string{"440604"}, 65)} {
		_, _, err := r.Join(t.Context(), roll.Subscription{Channel: roll.SMS, Address: mei, Areas: areas})
		ps := alert.AsProblems(err)
		if len(ps) != 1 || ps[0].Field != "areas" || ps[0].Rule != "R11" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := r.Join(t.Context(), roll.Subscription{
		Channel: roll.SMS, Address: "abc", Lang: "fr", MinLevel: 9, Quiet: roll.Quiet{From: 9999},
		Groups: []string{"a;b"}, Hazards: []alert.Hazard{"台风"},
	})
	if ps := alert.AsProblems(err); len(ps) != 7 {
		t.Errorf("seven faults gave %d problems: %v", len(ps), err)
	}
	if puts, _ := store.Calls(); puts != 0 {
		t.Errorf("%d writes of refused subscriptions", puts)
	}
}

func TestTwoChangesOfOnePersonAtOnceBothHappen(t *testing.T) {
	r, store := town(t)
	join(t, r, mei, "440604")
	store.Interfere(func() { join(t, r, mei, "440605") })
	if err := r.Leave(t.Context(), roll.SMS, mei, noon, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if s := find(t, r, mei); s.State != roll.Left || !slices.Equal(s.Areas, []string{"440605"}) {
		t.Fatalf("the leaving or the change was lost: %+v", s)
	}
}

const people = `渠道,手机号,区域,分组,最低级别,灾种,语言,免打扰,加入时间
短信,138-0013-8000,禅城区;440605011,市民、学校,黄色,台风,zh,22:00-07:00,2026-05-01
sms,13800138001,禅城区祖庙街道,,,,,,
sms,1380013,禅城,,,,,,
sms,13800138003,火星区,,,,,,
sms,13800138004,"禅城
微信,oABCDEFGHIJKLMNOPQRSTUVWXY_-,"440604012000",,red,,en,,
sms,13800138005,禅城区,,,,,
`

func importCSV(t *testing.T, r *roll.Roll, text string) (roll.Report, []roll.Rejection) {
	t.Helper()
	var no []roll.Rejection
	rep, err := r.Import(t.Context(), noon, roll.ReadCSV(strings.NewReader(text), alert.Foshan()), roll.ImportOptions{
		Rejected: func(x roll.Rejection) error { no = append(no, x); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep, no
}

func TestAnImportSaysWhichLineAndColumnIsWrong(t *testing.T) {
	r, _ := town(t)
	rep, no := importCSV(t, r, "\ufeff"+strings.ReplaceAll(people, "\n", "\r\n"))
	if rep.Rows != 7 || rep.Joined != 4 || rep.Rejected != 3 {
		t.Fatalf("report %+v", rep)
	}
	var got []string
	for _, x := range no {
		got = append(got, fmt.Sprintf("%d:%d %s", x.Line, x.Problems[0].Column, x.Problems[0].Field))
	}
	want := []string{"4:5 address", "5:17 areas", "6:17 "}
	if !slices.Equal(got, want) {
		t.Errorf("rejected at %q, want %q", got, want)
	}
	s := find(t, r, mei)
	if !slices.Equal(s.Areas, []string{"440604", "440605011"}) || !slices.Equal(s.Groups, []string{"学校", "市民"}) ||
		s.MinLevel != alert.Yellow || !slices.Equal(s.Hazards, []alert.Hazard{"11B01"}) || s.Quiet.String() != "22:00-07:00" ||
		s.Joined.Format(time.RFC3339) != "2026-04-30T16:00:00Z" {
		t.Errorf("imported as %+v", s)
	}
	if s := find(t, r, "13800138001"); !slices.Equal(s.Areas, []string{"440604012"}) || !s.Joined.Equal(noon) {
		t.Errorf("imported as %+v", s)
	}
}

func TestAnImportRunAgainChangesNothing(t *testing.T) {
	r, store := town(t)
	places := alert.Foshan()
	rows := roll.SampleRows(places, 1500, 1000)
	first, err := r.Import(t.Context(), noon, rows, roll.ImportOptions{})
	if err != nil || first.Joined != 2500 {
		t.Fatalf("%+v, %v", first, err)
	}
	if puts, gets := store.Calls(); puts != 3 || gets != 0 {
		t.Errorf("a fresh import of 2,500 took %d batches and %d looks, want 3 and 0", puts, gets)
	}
	again, err := r.Import(t.Context(), noon.Add(time.Hour), rows, roll.ImportOptions{})
	if err != nil || again.Unchanged != 2500 || again.LastSeq != 0 {
		t.Fatalf("again: %+v, %v", again, err)
	}
	counts, err := r.Count(t.Context())
	if err != nil || counts[roll.SMS].Active != 1500 || counts[roll.WeChat].Active != 1000 {
		t.Fatalf("counts %v, %v", counts, err)
	}
}

func TestAnImportBringsNobodyBack(t *testing.T) {
	r, _ := town(t)
	join(t, r, "13800138000", "440604")
	join(t, r, "13800138001", "440604")
	ctx := t.Context()
	for _, err := range []error{
		r.Leave(ctx, roll.SMS, "13800138000", noon, noon.Add(time.Hour)),
		r.Erase(ctx, roll.SMS, "13800138001", noon),
		r.Leave(ctx, roll.SMS, "13800138002", noon, noon.Add(time.Hour)), // answered 退订 without ever having joined
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	rep, _ := importCSV(t, r, "channel,address,areas\nsms,13800138000,禅城\nsms,13800138001,禅城\nsms,13800138002,禅城\nsms,13800138003,禅城\n")
	if rep.Suppressed != 3 || rep.Joined != 1 {
		t.Fatalf("report %+v", rep)
	}
	for _, a := range []string{"13800138000", "13800138001", "13800138002"} {
		if s := find(t, r, a); s.State == roll.Active {
			t.Errorf("…%s was brought back", a[7:])
		}
	}
	join(t, r, "13800138001", "440604")
	if s := find(t, r, "13800138001"); s.State != roll.Active {
		t.Error("who asks again themselves is not taken")
	}
}

func TestAnImportUpdatesWhoIsThereAndTakesTheLaterRowOfTwo(t *testing.T) {
	r, _ := town(t)
	join(t, r, mei, "440604")
	rep, _ := importCSV(t, r, "channel,address,areas\nsms,13800138000,三水\nsms,13800138001,三水\nsms,13800138001,高明\n")
	if rep.Changed != 2 || rep.Joined != 1 {
		t.Fatalf("report %+v", rep)
	}
	if s := find(t, r, mei); !slices.Equal(s.Areas, []string{"440607"}) || !s.Joined.Equal(noon) {
		t.Errorf("updated to %+v", s)
	}
	if s := find(t, r, "13800138001"); !slices.Equal(s.Areas, []string{"440608"}) {
		t.Errorf("the earlier of two rows counted: %v", s.Areas)
	}
}

func TestAnImportWhoseAnswerIsLostLooksBeforeItRepeats(t *testing.T) {
	r, store := town(t)
	store.Lose()
	rep, err := r.Import(t.Context(), noon, roll.SampleRows(alert.Foshan(), 10, 0), roll.ImportOptions{})
	if err != nil || rep.Joined != 10 || rep.LastSeq != 10 {
		t.Fatalf("%+v, %v", rep, err)
	}
}

func TestAnImportStopsAtAReadErrorWithWhatItHas(t *testing.T) {
	r, _ := town(t)
	text := "channel,address,areas\nsms,13800138000,禅城\n"
	broken := io.MultiReader(strings.NewReader(text), errReader{})
	rep, err := r.Import(t.Context(), noon, roll.ReadCSV(broken, alert.Foshan()), roll.ImportOptions{})
	if !errors.Is(err, io.ErrUnexpectedEOF) || rep.Joined != 1 {
		t.Fatalf("%+v, %v", rep, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Import(ctx, noon, roll.SampleRows(alert.Foshan(), 10, 0), roll.ImportOptions{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestSamplesAreNobodyAndAlwaysTheSame(t *testing.T) {
	places := alert.Foshan()
	a, b := roll.Sample(places, 2000, 1000), roll.Sample(places, 2000, 1000)
	towns, groups := map[string]bool{}, map[string]int{}
	for i, s := range a {
		if s.Address != b[i].Address || !slices.Equal(s.Areas, b[i].Areas) {
			t.Fatalf("sample %d differs between two runs", i)
		}
		if _, p := (roll.Rules{}).Normalise(s.Channel, s.Address); p == nil {
			t.Fatalf("sample %d would be taken by a live service", i)
		}
		if s.MinLevel > alert.Orange || len(s.Hazards) > 0 && !slices.Contains(s.Hazards, "11B01") {
			t.Fatalf("sample %d is not reached by an orange typhoon warning: %+v", i, s)
		}
		for _, area := range s.Areas {
			towns[area] = true
		}
		groups[s.Groups[0]]++
	}
	if len(a) != 3000 || len(towns) != 37 || len(groups) != 6 {
		t.Fatalf("%d samples in %d places and %d groups, want 3000 in 5+32 and 6", len(a), len(towns), len(groups))
	}
}
