package app_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/apptest"
	"mingluo/internal/desk"
	"mingluo/internal/faulttest"
	"mingluo/internal/roll"
)

// T03: the process is killed within 200 ms after the last task of a fan-out was
// acknowledged. JetStream forgets such acknowledgements and gives the tasks out
// again; the ledger knows better: nobody is sent anything twice.
func TestT03KilledAfterTheLastAcknowledgement(t *testing.T) {
	run := faulttest.Begin(t, "T03")
	t.Parallel()
	people := run.N / scale
	town := apptest.NewTown(t, apptest.People(people*2/3, people/3))
	var notices []apptest.Notice
	for range run.Times {
		service := town.Spawn()
		n := service.Issue(apptest.Typhoon())
		notices = append(notices, n)
		service.WaitSettled(n)
		service.Until("no task is held", func() bool { return held(service.Office) == 0 })
		time.Sleep(time.Duration(run.Rand.IntN(200)) * time.Millisecond)
		service.Kill()
	}
	s := town.Start()
	defer s.Stop()
	var tasks []string
	for _, n := range notices {
		s.Desk.Read(func(st *alert.State) {
			for _, task := range desk.PlanTasks(st.Plans[alert.PlanID(n.ID, n.Rev)]) {
				tasks = append(tasks, task.Subject())
			}
		})
	}
	// What did not come back by itself is put once more. A task that can be put
	// again has been worked since.
	for range 2 {
		s.Until("every task was worked again", func() bool {
			put, err := s.Store.PutTasks(t.Context(), tasks)
			return err == nil && put == len(tasks)
		})
	}
	for _, n := range notices {
		for _, channel := range []string{"sms", "wechat"} {
			got := town.Carriers.Held(channel, n.ID, alert.Issue)
			sameAddresses(t, n.ID+" "+channel, addresses(got), town.Everybody(channel))
			for address, k := range got {
				if k != 1 {
					t.Errorf("%s: %d copies to %s", n.ID, k, address)
				}
			}
		}
	}
	if n := town.Carriers.WeChat.Counts().Deduplicated; n != 0 {
		t.Errorf("%d messages were sent to WeChat a second time", n)
	}
}

// held is how many tasks the service's workers hold; -1 when it does not say.
func held(o *apptest.Office) (n int) {
	found := regexp.MustCompile(`(?m)^mingluo_channel_tasks_held\{channel="\w+"\} (\d+)$`).FindAllStringSubmatch(string(o.Metrics().Body), -1)
	if len(found) == 0 {
		return -1
	}
	for _, f := range found {
		k, err := strconv.Atoi(f[1])
		if err != nil {
			return -1
		}
		n += k
	}
	return n
}

// T22: a notice is retracted while 60 % of it is still queued, and another red
// one is being sent. Nothing of the old text leaves any more behind it; the
// retraction reaches all who were sent it and nobody else, also those who
// left since, and goes before the red notice.
func TestT22ARetractionOvertakesTheFanOut(t *testing.T) {
	run := faulttest.Begin(t, "T22")
	t.Parallel()
	people := run.N / scale
	for range run.Times {
		town := apptest.NewTown(t, apptest.People(people*2/3, people/3), apptest.Configure(smallWindows))
		s := town.Start()
		town.Carriers.Hold(people*2/3*2/5, people/3*2/5)
		n := s.Issue(apptest.Typhoon())
		s.Until("40 % are told", town.Carriers.Holding)
		red := apptest.Typhoon()
		red.Level, red.Severity, red.Headline = alert.Red, alert.Red.Severity(), "台风红色预警信号"
		other := s.Issue(red)
		left := leave(t, s, town, n, 20)
		holders := func(channel string, of apptest.Notice) int {
			return len(town.Carriers.Held(channel, of.ID, alert.Issue))
		}
		town.Carriers.Hold(60, 30)
		s.Until("the red one is being sent", func() bool { return holders("sms", other) > 0 && holders("wechat", other) > 0 })
		s.Until("it stands still again", town.Carriers.Holding)
		retraction := s.As("chen").Retract(n, "发布有误")
		s.Until("it is at work", func() bool { return s.Closed(n, "sms") && s.Closed(n, "wechat") })
		// Enough for the retraction and not for the red one: who does not let it
		// pass never ends here.
		slack := people / 9
		town.Carriers.Hold(holders("sms", n)+2*slack, holders("wechat", n)+slack)
		s.WaitSettled(retraction)
		then := holders("sms", n) + holders("wechat", n)
		if p, _ := s.Progress(other); p.Done {
			t.Error("the red notice was done before the retraction")
		}
		town.Carriers.Release()
		s.WaitSettled(other)
		for _, channel := range []string{"sms", "wechat"} {
			was, is := town.Carriers.Held(channel, n.ID, alert.Issue), town.Carriers.Held(channel, n.ID, alert.Retract)
			sameAddresses(t, channel+": retracted", addresses(is), addresses(was))
			if len(was) >= len(town.Everybody(channel)) {
				t.Errorf("%s: everybody had the notice, so nothing was held back", channel)
			}
			for address := range left {
				if was[address] > 0 && is[address] != 1 {
					t.Errorf("%s left after the notice and got %d retractions", address, is[address])
				}
			}
		}
		if now := holders("sms", n) + holders("wechat", n); now != then {
			t.Errorf("%d got the old text behind the retraction", now-then)
		}
		s.Stop()
	}
}

// leave lets some of those who hold a notice leave, and returns their numbers.
func leave(t *testing.T, s *apptest.Service, town *apptest.Town, n apptest.Notice, count int) map[string]bool {
	t.Helper()
	left := map[string]bool{}
	for address := range town.Carriers.Held("sms", n.ID, alert.Issue) {
		if len(left) == count {
			break
		}
		if err := s.Roll.Leave(t.Context(), roll.SMS, address, time.Now(), time.Now().Add(72*time.Hour)); err != nil {
			t.Fatal(err)
		}
		left[address] = true
	}
	return left
}
