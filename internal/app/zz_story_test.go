package app_test

import (
	"testing"
	"time"

	"mingluo/internal/apptest"
)

func TestZZ(t *testing.T) {
	town := apptest.NewTown(t, apptest.People(2000, 100), apptest.Configure(smallWindows))
	town.Carriers.Slow(8*time.Millisecond, 0)
	s := town.Spawn()
	n := s.Issue(apptest.Typhoon())
	s.Until("x", func() bool { return town.Carriers.Taken() >= 1000 })
	s.Kill()
	s = town.Spawn()
	b := time.Now()
	s.WaitSettled(n)
	for range 40 {
		p, _ := s.Progress(n)
		t.Logf("%v %v %+v", time.Since(b).Milliseconds(), p.Channels[0].Counts, town.Carriers.SMS.Counts().ReceiptsAcked)
		if time.Since(b) > 60*time.Second { break }
		time.Sleep(2000 * time.Millisecond)
	}
}
