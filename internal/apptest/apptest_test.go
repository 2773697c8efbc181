package apptest_test

import (
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// A service of a test is up within a second on a machine that has nothing else
// to do, and a notice goes from the draft to every phone and back.
func TestAServiceInATest(t *testing.T) {
	t.Parallel()
	began := time.Now()
	s := apptest.Start(t, apptest.People(40, 20))
	t.Logf("started in %v", time.Since(began))
	page := s.Events()
	n := s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	page.Wait("release", n)
	held := s.Town.Carriers.Held("sms", n.ID, alert.Issue)
	if len(held) != 40 {
		t.Errorf("%d phones got the SMS, want 40", len(held))
	}
	if held := s.Town.Carriers.Held("wechat", n.ID, alert.Issue); len(held) != 20 {
		t.Errorf("%d people got the WeChat message, want 20", len(held))
	}
	r := s.As("chen").Retract(n, "误发")
	s.WaitSettled(r)
	page.Wait("retract", r)
	for _, channel := range []string{"sms", "wechat"} {
		if got, was := s.Town.Carriers.Held(channel, n.ID, alert.Retract), s.Town.Carriers.Held(channel, n.ID, alert.Issue); len(got) != len(was) {
			t.Errorf("%s: the retraction reached %d of %d", channel, len(got), len(was))
		}
	}
	s.Page("/n/"+n.ID).OK().Says("撤回", "演练")
}

// A spawned service is the same service in a process that can be stopped.
func TestASpawnedService(t *testing.T) {
	t.Parallel()
	town := apptest.NewTown(t, apptest.People(30, 10))
	p := town.Spawn()
	n := p.Issue(apptest.Typhoon())
	p.WaitSettled(n)
	if took, err := p.Terminate(); err != nil || took > 20*time.Second {
		t.Errorf("stopped after %v: %v", took, err)
	}
	s := town.Start()
	if got := s.Ledger(n); len(got) != 40 {
		t.Errorf("the ledger knows %d recipients, want 40", len(got))
	}
}
