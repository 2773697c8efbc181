package progress_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

// shelf is a stream of outcomes in memory.
type shelf struct {
	mu   sync.Mutex
	recs []alert.Record
}

func (s *shelf) put(subject string, os ...alert.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recs = append(s.recs, alert.Record{Seq: uint64(len(s.recs) + 1), Subject: subject, Data: alert.AppendOutcomes(nil, os)})
}

func (s *shelf) Scan(_ context.Context, _, filter string, from uint64, fn func(alert.Record) error) (uint64, error) {
	s.mu.Lock()
	recs := append([]alert.Record(nil), s.recs...)
	s.mu.Unlock()
	part := strings.Split(filter, ".")
	for _, r := range recs {
		p := strings.Split(r.Subject, ".")
		if r.Seq >= from && p[2] == part[2] && p[3] == part[3] {
			if err := fn(r); err != nil {
				return 0, err
			}
		}
	}
	return uint64(len(recs)), nil
}

func (*shelf) Follow(context.Context, string, string, uint64, func(alert.Record) error) error {
	return nil
}

// places puts people into two districts by their first byte.
func places(ids []alert.RecipientID) []progress.Place {
	out := make([]progress.Place, len(ids))
	for i, id := range ids {
		d := []string{"440604", "440605"}[id[0]%2]
		out[i] = progress.Place{District: d, Area: d, Groups: []string{"工地"}}
	}
	return out
}

func person(n int) (id alert.RecipientID) {
	id[0], id[1], id[15] = byte(n), byte(n>>8), 1
	return id
}

// The outcomes tell how fast it went, in which districts, and why people were
// refused; who was refused and reached after all is no refusal. What comes later
// is read later, and only that.
func TestChronicleTellsTimePlaceAndReasons(t *testing.T) {
	s := &shelf{}
	told := make(chan struct{}, 10)
	c := &progress.Chronicle{Stream: s, Place: places, Changed: func() { told <- struct{}{} }, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	at := func(sec int) time.Time { return t0.Add(time.Duration(sec) * time.Second) }
	for i := range 100 {
		s.put("outcome.sms.n.1.0000-0063", alert.Outcome{ID: person(i), State: alert.StateAccepted, At: at(i / 10), Final: true})
	}
	s.put("outcome.sms.n.1.0000-0063",
		alert.Outcome{ID: person(200), State: alert.StateRefused, Code: "0x0000000b", At: at(3), Final: true},
		alert.Outcome{ID: person(201), State: alert.StateRefused, Code: "0x0000000b", At: at(4), Final: true},
		alert.Outcome{ID: person(202), State: alert.StateDeferred, Code: "0x00000058", At: at(4)},
		alert.Outcome{State: alert.StateClosed, At: at(5)})
	s.put("outcome.sms.other.1.0000-0063", alert.Outcome{ID: person(9), State: alert.StateRefused, At: at(1)})
	look := func() progress.ChannelAccount { return c.Look(ctx, "n", 1, t0).Channels["sms"] }
	until(t, func() bool { return len(look().Reasons) == 2 })
	a := look()
	if got := a.Curve.Answered; len(got) != 10 || got[0] != 10 || got[9] != 102 || a.Curve.Seconds != 1 {
		t.Errorf("answered %v in steps of %d s", got, a.Curve.Seconds)
	}
	if n := len(a.Districts); n != 2 || a.Districts["440604"].Answered[9]+a.Districts["440605"].Answered[9] != 102 {
		t.Errorf("%d districts: %+v", n, a.Districts)
	}
	if a.Reasons[0] != (progress.Reason{State: "refused", Code: "0x0000000b", People: 2}) || len(a.People) != 3 || a.People[0].Area == "" || a.People[0].Groups[0] != "工地" {
		t.Errorf("reasons %+v, people %+v", a.Reasons, a.People)
	}
	<-told
	s.put("outcome.sms.n.1.0000-0063", alert.Outcome{ID: person(202), State: alert.StateAccepted, At: at(400)}, alert.Outcome{ID: person(1), State: alert.StateDelivered, At: at(401)})
	until(t, func() bool { return len(look().Reasons) == 1 })
	if a = look(); a.Curve.Seconds != 4 || a.Curve.Answered[len(a.Curve.Answered)-1] != 103 || a.Curve.Delivered[len(a.Curve.Delivered)-1] != 1 {
		t.Errorf("the curve is %+v", a.Curve)
	}
	for i := range 20 { // many releases are looked at: only a few are kept, and this one is read again
		c.Look(ctx, fmt.Sprintf("x%d", i), 1, t0)
	}
	until(t, func() bool { return look().Curve.Seconds == 4 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func until(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatal("it never came")
}

// R16: people wait and nothing is heard. A pause is no silence, nor is a wait
// for another try, nor an end.
func TestR16ASilentChannelIsAnAlarm(t *testing.T) {
	b := book{alert.NewState()}
	hash := (&alert.Content{Expires: t0.Add(time.Hour)}).Hash("n", 1, alert.Issue, alert.Drill)
	for i, f := range []alert.Fact{
		alert.Submitted{Rev: 1, Verb: alert.Issue, Content: alert.Content{Expires: t0.Add(time.Hour)}}, alert.Released{Rev: 1, Hash: hash}, *released().st.Plans["n-1"],
	} {
		e, err := alert.NewEvent(t0, "chen", alert.Drill, []string{"n", "n", "n-1"}[i], f)
		if err != nil {
			t.Fatal(err)
		}
		e.Seq = uint64(i + 1)
		if err := b.st.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	n := b.st.Notices["n"]
	tr := tracker(b)
	const after = 30 * time.Second
	silent := func(now time.Time) bool {
		p, _ := tr.Of("n", 1)
		_, is := p.Silent(now, after)["sms"]
		return is
	}
	take := func(slice string, v alert.Tally) {
		t.Helper()
		if err := tr.Take(tally(t, slice, v)); err != nil {
			t.Fatal(err)
		}
	}
	at := func(sec int) time.Time { return t0.Add(time.Duration(sec) * time.Second) }
	if silent(at(29)) || !silent(at(30)) {
		t.Error("nothing was heard since the release")
	}
	take("0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 4}, First: at(10), Last: at(50)})
	if silent(at(70)) || !silent(at(80)) {
		t.Error("heard at 50 s")
	}
	n.Revisions[0].Paused = &alert.Decision{}
	if silent(at(200)) {
		t.Error("it is paused")
	}
	n.Revisions[0].Paused = nil
	take("0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 9, "deferred": 1}, First: at(10), Last: at(50), NextTry: at(300)})
	take("0064-0fff", alert.Tally{Expected: 20, Counts: map[string]int{"accepted": 20}, Closed: true, First: at(10), Last: at(55)})
	if silent(at(310)) || !silent(at(330)) {
		t.Error("somebody waits until 300 s")
	}

	reg := prometheus.NewRegistry()
	alarm := &progress.Silence{Tracker: tr, Book: b, After: after, Log: slog.New(slog.DiscardHandler)}
	if err := alarm.Register(reg, []string{"sms", "wechat"}); err != nil {
		t.Fatal(err)
	}
	gauge := func(want float64) {
		t.Helper()
		families, err := reg.Gather()
		if err != nil || len(families) != 1 || len(families[0].GetMetric()) != 3 {
			t.Fatalf("gathered %v, %v", families, err)
		}
		for _, m := range families[0].GetMetric() {
			if v, sms := m.GetGauge().GetValue(), m.GetLabel()[0].GetValue() == "sms"; sms && v != want || !sms && v != 0 {
				t.Errorf("%v, want %v", m, want)
			}
		}
	}
	before := tr.Version()
	alarm.Round(at(330))
	gauge(1)
	if tr.Version() == before {
		t.Error("nobody who follows was told of the alarm")
	}
	before = tr.Version()
	alarm.Round(at(331))
	if tr.Version() != before {
		t.Error("the same alarm was told twice")
	}
	take("0000-0063", alert.Tally{Expected: 10, Counts: map[string]int{"accepted": 10}, Closed: true, First: at(10), Last: at(332)})
	alarm.Round(at(340))
	gauge(0)
}
