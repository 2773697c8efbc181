package app_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/faulttest"
)

// frozenRecord is a record that two machines use: a NATS server of its own.
func frozenRecord(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
		JetStreamMaxStore: 1 << 40, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not get ready")
	}
	return s.ClientURL()
}

// T11: a worker process is frozen in the middle of a fan-out for longer than its
// tasks are its own. Another machine goes on, or the notice is retracted
// meanwhile. When the frozen one wakes it does not send on: nobody is sent what
// was retracted, nobody is told twice beyond what is unrecorded, and the
// retraction reaches all who hold the notice, those included whom the frozen
// process only records when it wakes.
func TestT11AFrozenWorkerDoesNotSendOn(t *testing.T) {
	run := faulttest.Begin(t, "T11")
	t.Parallel()
	people, frozen, ackWait := run.N/scale/3*3, 6*time.Second, 2*time.Second
	if run.Long {
		frozen, ackWait = 45*time.Second, 30*time.Second
	}
	for _, retract := range []bool{true, false} {
		name := map[bool]string{true: "retracted meanwhile", false: "another goes on"}[retract]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range run.Times {
				freeze(t, people, frozen, ackWait, retract)
			}
		})
	}
}

func freeze(t *testing.T, people int, frozen, ackWait time.Duration, retract bool) {
	url := frozenRecord(t)
	town := apptest.NewTown(t, apptest.People(people*2/3, people/3), apptest.Configure(smallWindows), apptest.Configure(func(c *app.Config) {
		c.NATS.URL, c.Fanout.AckWait = url, app.Duration(ackWait)
		c.SMS.RespTimeout, c.WeChat.Timeout = app.Duration(3*time.Second), app.Duration(3*time.Second)
	}))
	town.Carriers.Slow(8*time.Millisecond, 8*time.Millisecond)
	machines := []*apptest.Process{town.Spawn(), town.Twin().Spawn()}
	// Whoever writes the plan, both take slices of it. A fifth is answered.
	town.Carriers.Hold(people*2/3/5, people/3/5)
	n := machines[0].Issue(apptest.Typhoon())
	machines[0].Until("a fifth is told", town.Carriers.Holding)
	first, second := machines[0], machines[1]
	if held(second.Office) > held(first.Office) {
		first, second = second, first
	}
	first.Freeze()
	since := time.Now()
	holders := func(verb alert.Verb) (n1, copies int) {
		for _, channel := range []string{"sms", "wechat"} {
			for _, k := range town.Carriers.Held(channel, n.ID, verb) {
				n1, copies = n1+1, copies+k
			}
		}
		return n1, copies
	}
	if !retract {
		town.Carriers.Release()
		time.Sleep(time.Until(since.Add(frozen)))
		first.Thaw()
		second.WaitSettled(n)
		for _, channel := range []string{"sms", "wechat"} {
			sameAddresses(t, channel, addresses(town.Carriers.Held(channel, n.ID, alert.Issue)), town.Everybody(channel))
		}
		if all, copies := holders(alert.Issue); copies-all > 2*unrecorded {
			t.Errorf("%d second copies, at most %d", copies-all, 2*unrecorded)
		}
		return
	}
	issuing := held(second.Office)
	retraction := second.As("chen").Retract(n, "发布有误")
	second.Until("the retraction is at work", func() bool { return held(second.Office) > issuing })
	town.Carriers.Release()
	second.WaitSettled(retraction)
	told, _ := holders(alert.Issue)
	if told >= people*9/10 {
		t.Fatalf("%d of %d were told before the retraction: hardly anything is tried here", told, people)
	}
	time.Sleep(time.Until(since.Add(frozen)))
	first.Thaw()
	second.Until("all who hold the notice hold the retraction", func() bool {
		is, _ := holders(alert.Issue)
		back, _ := holders(alert.Retract)
		return is == back
	})
	time.Sleep(2 * lookAgain) // if the frozen one sent on, it would by now
	after, copies := holders(alert.Issue)
	// A freeze may fall between the last look and the hand-over: then that one
	// message is on its way already. Who sent on would send hundreds.
	if after-told > onTheWay || copies-after > 2*unrecorded {
		t.Errorf("%d were told before the retraction, %d after the freeze, with %d copies", told, after, copies)
	}
	for _, channel := range []string{"sms", "wechat"} {
		sameAddresses(t, channel+": retracted", addresses(town.Carriers.Held(channel, n.ID, alert.Retract)), addresses(town.Carriers.Held(channel, n.ID, alert.Issue)))
	}
	t.Logf("%d of %d were told; frozen for %v", told, people, frozen)
}

// onTheWay is how many hand-overs may lie between their last look and the socket.
const onTheWay = inFlight * concurrency

const lookAgain = time.Second // longer than a worker or the watch sleeps
