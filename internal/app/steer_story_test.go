package app_test

import (
	"strings"
	"testing"
	"time"

	"mingluo/channels/channeltest/smsc"
	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
)

// W17: in the middle of a fan-out the officer sees that the area is wrong and
// stops it. Two seconds later nothing leaves any more; the figures say how many
// were told and how many were left out; nothing can be resumed; the notice is
// still on the web. The retraction reaches those who hold it, and nobody else.
func TestW17AFanOutIsStoppedInTheMiddle(t *testing.T) {
	t.Parallel()
	const people = 1500 / scale
	s := apptest.Start(t, apptest.People(people*2/3, people/3), apptest.Configure(smallWindows))
	carriers := s.Town.Carriers
	carriers.Slow(8*time.Millisecond, 8*time.Millisecond)
	carriers.Hold(people*2/9, people/9)
	n := s.Issue(apptest.Typhoon())
	s.Until("a third is told", carriers.Holding)
	chen := s.As("chen")
	chen.Try("stop", n, "").Refused(422, "", "reason")
	chen.Stop(n, "范围不对")
	stopped := time.Now()
	carriers.Release()
	p := s.WaitSettled(n)
	t.Logf("settled %v after the stop", time.Since(stopped).Round(time.Millisecond))
	time.Sleep(time.Until(stopped.Add(2 * time.Second)))
	taken := carriers.Taken()
	chen.Try("resume", n, "").Refused(409, "", "")
	left := 0
	for _, c := range p.Channels {
		if c.Counts["stopped"] == 0 || c.Counts["stopped"]+c.Counts["accepted"]+c.Counts["delivered"] != c.Planned {
			t.Errorf("%s: %v of %d", c.Channel, c.Counts, c.Planned)
		}
		left += c.Counts["stopped"]
	}
	if !p.Stopped || taken+left != people {
		t.Errorf("%d were told and %d left out, of %d", taken, left, people)
	}
	if page := s.Page("/n/" + n.ID); !strings.Contains(string(page.OK().Body), "台风橙色预警信号") {
		t.Error("the stop took the notice off the web")
	}
	s.WaitSettled(chen.Retract(n, "范围不对"))
	for _, channel := range []string{"sms", "wechat"} {
		sameAddresses(t, channel, addresses(carriers.Held(channel, n.ID, alert.Retract)), addresses(carriers.Held(channel, n.ID, alert.Issue)))
	}
	if now := carriers.Taken(); now != 2*taken {
		t.Errorf("%d messages after the retraction, want twice the %d before it", now, taken)
	}
}

// W17: the carrier begins to refuse everything. The fan-out pauses by itself,
// says why on the notice, and waits for a person on the board; when the carrier
// works again an officer resumes, and everybody else is told.
func TestW17ABurstOfRefusalsPausesTheFanOut(t *testing.T) {
	t.Parallel()
	const people = 400
	s := apptest.Start(t, apptest.People(people, 20), apptest.Configure(smallWindows), apptest.Configure(func(c *app.Config) {
		c.Fanout.BurstWindow, c.Fanout.BurstLeast = 100, 20
	}))
	carriers := s.Town.Carriers
	carriers.SMS.SetFaults(smsc.Faults{AnswerDelay: 5 * time.Millisecond, Status: 0x0b})
	n := s.Issue(apptest.Typhoon())
	s.Until("it pauses", func() bool { p, _ := s.Progress(n); return p.Paused })
	r := func() (r alert.Revision) {
		s.Desk.Read(func(st *alert.State) { r = *st.Notices[n.ID].Rev(n.Rev) })
		return r
	}
	if paused := r().Paused; paused.By != alert.SystemActor || !strings.Contains(paused.Reason, "sms") || !strings.Contains(paused.Reason, "0x0000000b") {
		t.Errorf("paused by %s: %s", paused.By, paused.Reason)
	}
	if got := metric(t, s, `mingluo_channel_bursts_total{channel="sms"}`); got != "1" {
		t.Errorf("%s bursts are counted", got)
	}
	carriers.SMS.SetFaults(smsc.Faults{})
	s.As("chen").Resume(n)
	p := s.WaitSettled(n)
	for _, c := range p.Channels {
		if c.Channel == "sms" && (c.Counts["refused"] < 20 || c.Counts["refused"] > 20+unrecorded+window || c.Counts["refused"]+c.Counts["accepted"]+c.Counts["delivered"] != people) {
			t.Errorf("%v", c.Counts)
		}
	}
	if r().Bursts != 1 || r().Paused != nil {
		t.Errorf("%d bursts, paused %+v", r().Bursts, r().Paused)
	}
}
