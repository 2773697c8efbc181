package app_test

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/journal"
)

// What officers and the public see is the same after a stop and a start on the
// same folder: a draft that nobody submitted, a notice that waits, one that was
// released and retracted, its figures and its page, an incident and its clocks.
// Nothing is sent again.
func TestEverythingIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	town := apptest.NewTown(t, apptest.People(50, 30))
	s := town.Start()
	chen := s.As("chen")
	half := apptest.Typhoon()
	half.Description = "写了一半"
	draft := chen.Draft(half)
	waiting := chen.Submit(chen.Draft(apptest.Typhoon()))
	sent := s.Issue(apptest.Typhoon())
	s.WaitSettled(sent)
	back := chen.Retract(sent, "演练结束")
	s.WaitSettled(back)
	chen.Call(http.MethodPost, "/incidents", alert.IncidentFacts{
		Title: "某工地坍塌", Unit: "某公司", Place: "南海区", Area: "440605", Course: "坍塌。", Measures: "救援。",
		Occurred: time.Now().Add(-6 * time.Hour), Received: time.Now().Add(-5 * time.Hour), Deaths: 12,
	}).OK()
	s.Until("the receipts are in", func() bool {
		for _, n := range []apptest.Notice{sent, back} {
			p, _ := s.Progress(n)
			for _, c := range p.Channels {
				if c.Counts[alert.StateDelivered.String()] != c.Planned {
					return false
				}
			}
		}
		return true
	})
	before, taken := sights(s, draft, waiting, sent), town.Carriers.Taken()
	s.Stop()

	s = town.Start()
	s.Events() // opens when the site has read the journal
	after := sights(s, draft, waiting, sent)
	for what, was := range before {
		if is := after[what]; is != was {
			t.Errorf("%s was\n%s\nand is\n%s", what, was, is)
		}
	}
	if now := town.Carriers.Taken(); now != taken {
		t.Errorf("the start sent %d messages again", now-taken)
	}
	// And the work goes on.
	s.WaitSettled(s.Sign(waiting))
	chen = s.As("chen")
	chen.Submit(chen.Reopen(draft.ID))
}

// sights is what can be seen, without what a restart may change: the port, the
// count of changes, the age of the answer.
func sights(s *apptest.Service, draft apptest.Draft, waiting, sent apptest.Notice) map[string]string {
	out := map[string]string{}
	plain := func(a *apptest.Answer) string {
		text := strings.NewReplacer(s.PublicURL, "PUBLIC", s.ConsoleURL, "CONSOLE").Replace(string(a.OK().Body))
		for _, changing := range []string{`"version":`, `"now":"`} {
			if before, rest, ok := strings.Cut(text, changing); ok {
				_, rest, _ = strings.Cut(rest, ",")
				text = before + rest
			}
		}
		return text
	}
	li := s.As("li")
	for _, path := range []string{"/drafts", "/drafts/" + draft.ID, "/notices", "/notices/" + waiting.ID, "/notices/" + sent.ID, "/notices/" + sent.ID + "/trail", "/incidents", "/duties", "/me"} {
		out[path] = plain(li.Call(http.MethodGet, path, nil))
	}
	for _, rev := range []int{1, 2} {
		p, _ := s.Progress(apptest.Notice{ID: sent.ID, Rev: rev})
		p.Version = 0
		text := ""
		for _, c := range p.Channels {
			c.Ready, c.Reason = true, "" // the link may still be coming up
			text += strings.Join([]string{c.Channel, c.First.String(), c.Last.String()}, " ") + alertCounts(c.Counts)
		}
		out["progress of the notice and its retraction"] += text
	}
	for _, path := range []string{"/n/" + sent.ID + ".json", "/n/" + sent.ID + ".xml", "/api/public/v1/notices?mode=drill"} {
		out[path] = plain(s.Page(path))
	}
	out["/n/"+sent.ID] = strings.ReplaceAll(s.Page("/n/"+sent.ID).OK().Text(), s.PublicURL, "PUBLIC")
	return out
}

func alertCounts(counts map[string]int) string {
	text := ""
	for state := alert.StateNone; state <= alert.LastState; state++ {
		if n := counts[state.String()]; n > 0 {
			text += " " + state.String() + strings.Repeat("|", n)
		}
	}
	return text + "\n"
}

// The keys make the ids of subscriptions. With others every subscriber would be
// a stranger who is told twice or never: the service refuses to start, says
// which file is wrong, and starts again with the right one.
func TestOtherKeysThanTheRollsAreRefused(t *testing.T) {
	t.Parallel()
	town := apptest.NewTown(t)
	town.Start().Stop()
	path := filepath.Join(town.Dir, "keys.json")
	right, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := apptest.NewTown(t)
	other.Start().Stop()
	wrong, err := os.ReadFile(filepath.Join(other.Dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string][]byte{"another roll's": wrong, "damaged": right[:len(right)/2], "missing": nil} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if keys != nil {
			if err := os.WriteFile(path, keys, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := town.TryStart(); err == nil || !strings.Contains(err.Error(), "keys.json") {
			t.Errorf("%s keys: %v", name, err)
		} else {
			t.Logf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); keys == nil && err == nil {
			t.Error("new keys were made for an old roll")
		}
	}
	if err := os.WriteFile(path, right, 0o600); err != nil {
		t.Fatal(err)
	}
	s := town.Start()
	s.WaitSettled(s.Issue(apptest.Typhoon()))
}

// A port that is taken stops a service with the name of the setting, and what
// was opened before it is closed again. Two services never share a folder.
func TestAStartThatFailsLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().String()
	town := apptest.NewTown(t, apptest.Configure(func(c *app.Config) { c.Console.Listen = port }))
	if _, err := town.TryStart(); err == nil || !strings.Contains(err.Error(), "console.listen "+port) {
		t.Fatalf("a taken port: %v", err)
	}
	taken.Close()
	s := town.Start() // the lock, the record and the other port are free again
	_, err = town.TryStart()
	if _, locked := errors.AsType[*journal.LockedError](err); !locked {
		t.Errorf("a second service on the folder: %v", err)
	}
	s.WaitSettled(s.Issue(apptest.Typhoon()))
}
