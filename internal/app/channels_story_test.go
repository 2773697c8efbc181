package app_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels"
	"mingluo/channels/sms"
	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/progress"
)

// A channel without a carrier is there and red, with the reason, before anybody
// submits. What is released goes out on the others at once; on the red one
// nobody is counted as told.
func TestR24AChannelWithoutACarrierIsRed(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(30, 20), apptest.Configure(func(c *app.Config) { c.SMS.Addr = "" }))
	for _, c := range s.Channels() {
		if c.Name == "sms" && (c.Ready || !strings.Contains(c.Reason, "未配置运营商")) {
			t.Errorf("the channel without a carrier: %+v", c)
		}
	}
	n := s.Issue(apptest.Typhoon())
	var told progress.ChannelProgress
	s.Until("WeChat is done", func() bool {
		p, _ := s.Progress(n)
		for _, c := range p.Channels {
			if c.Channel == "sms" {
				told = c
			}
			if c.Channel == "wechat" && c.Planned == 20 && c.Settled == 20 {
				return !p.Done
			}
		}
		return false
	})
	if told.Ready || told.Reason == "" || told.Planned != 30 || told.Settled != 0 || len(told.Counts) != 0 {
		t.Errorf("the red channel shows %+v", told)
	}
	s.Until("the gauge says that it is halted", func() bool {
		return metric(t, s, `mingluo_channel_halted{channel="sms"}`) == "1"
	})
}

// Only when a route is told to simulate does it settle people without a
// carrier, and then as simulated: never as accepted or delivered.
func TestR24ASimulatedSendIsItsOwnState(t *testing.T) {
	t.Parallel()
	route := sms.New(sms.Config{Name: "模拟", Signature: "佛山应急", Simulate: true}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	s := apptest.Start(t, apptest.People(30, 20), apptest.With(func(o *app.Options) { o.Channels = []channels.Channel{route} }))
	c := apptest.Typhoon()
	c.Channels = []string{"sms"}
	p := s.WaitSettled(s.Issue(c))
	if got := p.Channels[0]; got.Counts[alert.StateSimulated.String()] != 30 || len(nonzero(got.Counts)) != 1 {
		t.Errorf("simulated sends are shown as %v", got.Counts)
	}
	if s.Town.Carriers.Taken() != 0 {
		t.Error("something was sent")
	}
}

func nonzero(counts map[string]int) map[string]int {
	out := map[string]int{}
	for state, n := range counts {
		if n > 0 {
			out[state] = n
		}
	}
	return out
}

// A plan of the wrong mode in the journal, however it came there, is refused by
// the workers: not one message leaves, and the gauge says so.
func TestR5AWorkerRefusesThePlanOfAnotherMode(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(30, 20))
	chen, li := s.As("chen"), s.As("li")
	c := apptest.Typhoon()
	n := chen.Submit(chen.Draft(c))
	li.Review(n)
	li.Approve(n)
	_, err := s.Book.Do(t.Context(), func(*alert.State) ([]alert.Event, error) {
		all := []alert.Slice{{Lo: 0, Hi: alert.Buckets - 1, Count: 30}}
		e, err := alert.NewEvent(time.Now(), "spread", alert.Live, alert.PlanID(n.ID, n.Rev), alert.Plan{
			Notice: n.ID, Rev: n.Rev, Verb: alert.Issue, Mode: alert.Live, Query: c.Query(), Until: c.Expires,
			Channels: []alert.ChannelPlan{{Channel: "sms", Count: 30, Slices: all}},
		})
		return []alert.Event{e}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	li.Release(n)
	s.Until("a worker refuses the task", func() bool {
		return metric(t, s, `mingluo_channel_wrong_mode_total{channel="sms"}`) == "1"
	})
	if got := s.Town.Carriers.Taken(); got != 0 {
		t.Errorf("%d messages left", got)
	}
	// The next notice is not held up.
	s.WaitSettled(s.Issue(apptest.Typhoon()))
}

// What was written and approved in a drill cannot be released by a service that
// is live, and the drill's drafts cannot be submitted there.
func TestR5ADrillsNoticeIsNotReleasedLive(t *testing.T) {
	t.Parallel()
	mode := alert.Drill
	town := apptest.NewTown(t, apptest.People(30, 20), apptest.Configure(func(c *app.Config) { c.Mode = mode }))
	s := town.Start()
	chen, li := s.As("chen"), s.As("li")
	draft := chen.Draft(apptest.Typhoon())
	n := chen.Submit(chen.Draft(apptest.Typhoon()))
	li.Review(n)
	li.Approve(n)
	s.Stop()

	mode = alert.Live
	s = town.Start()
	chen, li = s.As("chen"), s.As("li")
	before := s.LastSeqs(alert.StreamJournal)
	li.Try("release", n, "").Refused(http.StatusForbidden, "R5", "")
	chen.Try("retract", n, "误发").Refused(http.StatusForbidden, "R5", "")
	chen.TrySubmit(draft).Refused(http.StatusForbidden, "R5", "")
	chen.TrySave(draft).Refused(http.StatusForbidden, "R5", "")
	if after := s.LastSeqs(alert.StreamJournal); after[alert.StreamJournal] != before[alert.StreamJournal] {
		t.Error("the journal has something new")
	}
	if got := town.Carriers.Taken(); got != 0 {
		t.Errorf("%d messages left", got)
	}
}

// metric reads one sample of the console's /metrics.
func metric(t *testing.T, s *apptest.Service, sample string) string {
	t.Helper()
	for line := range strings.Lines(string(s.Metrics().Body)) {
		if value, ok := strings.CutPrefix(line, sample+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("there is no %s", sample)
	return ""
}
