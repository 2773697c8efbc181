package app_test

import (
	"net/http"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/apptest"
	"mingluo/internal/faulttest"
)

// T12, for the whole service: in the middle of a fan-out somebody else's file takes
// the disk to the last byte. Officers are refused at once, in a sentence that says
// why, readiness is red, the public goes on reading, and nothing gives up. When the
// file is deleted everything goes on where it was, without a restart and without
// anybody's hand: the act is taken, the fan-out ends, everybody is told.
func TestT12TheServiceMeetsAFullDisk(t *testing.T) {
	t.Parallel()
	run := faulttest.Begin(t, "T12")
	const sms, wechat = 400, 200
	disk := faulttest.NewDisk(t, 2<<30)
	town := apptest.NewTown(t, apptest.People(sms, wechat), apptest.Configure(smallWindows), apptest.At(disk.Dir))
	s := town.Start()
	for range run.Times {
		town.Carriers.Slow(8*time.Millisecond, 8*time.Millisecond)
		chen, li := s.As("chen"), s.As("li")
		waiting := chen.Submit(chen.Draft(apptest.Typhoon()))
		before := town.Carriers.Taken()
		n := s.Issue(apptest.Typhoon())
		enough := before + 50 + run.Rand.IntN(400)
		s.Until("enough is taken", func() bool { return town.Carriers.Taken() >= enough })
		disk.Fill()
		filled := time.Now()
		refusedBecauseFull(t, func() *apptest.Answer { return li.Try("review", waiting, "") })
		refusedBecauseFull(t, func() *apptest.Answer { return chen.Call(http.MethodPost, "/notices", apptest.Typhoon()) })
		s.Until("readiness is red", func() bool { return s.Ready().Status == http.StatusServiceUnavailable })
		if took := time.Since(filled); took > 5*time.Second {
			t.Errorf("readiness turned red after %v", took)
		}
		s.Ready().Says("record: ", "full")
		s.Page("/n/" + n.ID).OK()

		taken := town.Carriers.Taken()
		disk.Clear()
		cleared := time.Now()
		s.Until("readiness is green", func() bool { return s.Ready().Status == http.StatusOK })
		green := time.Since(cleared)
		li.Review(waiting)
		s.WaitSettled(n)
		t.Logf("%d of %d had been taken; ready %v after there was room, everybody told after %v", taken-before, sms+wechat, green.Round(time.Millisecond), time.Since(cleared).Round(time.Millisecond))
		everybodyOnceOrNearly(t, town, n)
	}
	select {
	case err := <-s.Failed():
		t.Errorf("a part gave up: %v", err)
	default:
	}
	s.Stop()
	town.Start() // it comes up, and the journal is what it was
}

// refusedBecauseFull acts on a full disk. The very first write may meet it inside
// JetStream: then nobody knows whether it was written, and the officer is told
// that; the next one is refused for good.
func refusedBecauseFull(t *testing.T, act func() *apptest.Answer) {
	t.Helper()
	for range 2 {
		began := time.Now()
		a := act()
		if took := time.Since(began); took > slowest(time.Second) {
			t.Errorf("the officer waited %v", took)
		}
		p := a.Refusal()
		if p.Status != http.StatusServiceUnavailable {
			t.Fatalf("refused with %d\n%s", p.Status, a.Body)
		}
		if p.Problems[0].ZH == "没有得到确认：可能已经记下，也可能没有。请先看一遍再决定是否重做。" {
			continue
		}
		a.Says("磁盘或存储已满", "The record is full and nothing was written")
		return
	}
	t.Error("it is never refused for good")
}

// slowest gives the race detector more time.
func slowest(d time.Duration) time.Duration { return d * scale * scale }

// everybodyOnceOrNearly: nobody is missed; who is told twice is one of those whose
// answer was not on the disk when it ran full.
func everybodyOnceOrNearly(t *testing.T, town *apptest.Town, n apptest.Notice) {
	t.Helper()
	for _, channel := range []string{"sms", "wechat"} {
		held, twice := town.Carriers.Held(channel, n.ID, alert.Issue), 0
		sameAddresses(t, channel, addresses(held), town.Everybody(channel))
		for _, k := range held {
			twice += k - 1
		}
		if bound := window + inFlight*(concurrency+unrecorded); twice > bound {
			t.Errorf("%s: %d second copies, at most %d", channel, twice, bound)
		}
		t.Logf("%s: %d hold it, %d second copies", channel, len(held), twice)
	}
}
