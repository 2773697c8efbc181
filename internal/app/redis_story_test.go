package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/roll"
	"mingluo/internal/shared"
	"mingluo/internal/shared/sharedtest"
)

// ready is what /readyz says.
func ready(t *testing.T, s *apptest.Service) (int, string) {
	t.Helper()
	resp, err := http.Get(s.ConsoleURL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

// everybodyOnce fails the test unless exactly these people hold the notice, once.
func everybodyOnce(t *testing.T, town *apptest.Town, n apptest.Notice) {
	t.Helper()
	for _, channel := range []string{"sms", "wechat"} {
		held := town.Carriers.Held(channel, n.ID, alert.Issue)
		sameAddresses(t, channel, addresses(held), town.Everybody(channel))
		for address, k := range held {
			if k != 1 {
				t.Errorf("%s: %d copies to %s", channel, k, address)
			}
		}
	}
}

// A service with a Redis takes its slices from there, says so, and goes on when
// Redis dies and when it is not there at the start.
func TestAServiceOnRedis(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	town := apptest.NewTown(t, apptest.People(60, 40), apptest.Redis(server.Config()))
	s := town.Start()
	s.Until("Redis has everybody", func() bool {
		_, text := ready(t, s)
		return strings.Contains(text, "redis: green")
	})
	n := s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	everybodyOnce(t, town, n)
	if m := s.Metrics(); !strings.Contains(string(m.Body), "mingluo_redis_up 1") || strings.Contains(string(m.Body), `mingluo_audience_buckets_total{from="redis"} 0`) {
		t.Error("no bucket came from Redis")
	}

	server.Kill()
	s.Until("the death is noticed", func() bool {
		status, text := ready(t, s)
		if status != http.StatusOK {
			t.Fatalf("a service without Redis is not ready: %s", text)
		}
		return strings.Contains(text, "redis: yellow: no answer")
	})
	n = s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	everybodyOnce(t, town, n)
	s.Stop()

	s = town.Start() // Redis is not there
	n = s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	everybodyOnce(t, town, n)
	server.Restart()
	s.Until("Redis has everybody again", func() bool { _, text := ready(t, s); return strings.Contains(text, "redis: green") })
}

func TestARedisThatRefusesUsIsRedAndStopsNothing(t *testing.T) {
	t.Parallel()
	c := sharedtest.Start(t).Config()
	c.Password = "not-the-password"
	town := apptest.NewTown(t, apptest.People(20, 10), apptest.Redis(c))
	s := town.Start()
	if status, text := ready(t, s); status != http.StatusOK || !strings.Contains(text, "redis: red") {
		t.Errorf("ready: %d %s", status, text)
	}
	n := s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	everybodyOnce(t, town, n)
	s.Stop()

	if err := os.Chmod(filepath.Join(town.Dir, "redis-password"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := app.New(town.Config(), app.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := town.TryStart(); err == nil || !strings.Contains(err.Error(), "everybody can read it") {
		t.Errorf("a password that everybody can read: %v", err)
	}
}

// A Redis Cluster of three real processes serves a whole service.
func TestAServiceOnARedisCluster(t *testing.T) {
	t.Parallel()
	cluster := sharedtest.StartCluster(t)
	town := apptest.NewTown(t, apptest.People(60, 40), apptest.Redis(cluster.Config()))
	s := town.Start()
	s.Until("the cluster has everybody", func() bool { _, text := ready(t, s); return strings.Contains(text, "redis: green") })
	cluster.Nodes[1].Kill() // a third of the buckets is gone
	n := s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	everybodyOnce(t, town, n)
}

// A Redis that was started with the file in deploy/ serves the whole service, and
// the service's user can neither flush, configure nor script.
func TestTheRedisOfTheDeployFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root, "deploy", "redis.conf")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), shared.ACL+"\n") {
		t.Errorf("redis.conf gives the service other rights than %s", shared.ACL)
	}
	server := sharedtest.StartFile(t, path)
	town := apptest.NewTown(t, apptest.People(60, 40), apptest.Redis(server.Config()))
	s := town.Start()
	s.Until("Redis has everybody", func() bool { _, text := ready(t, s); return strings.Contains(text, "redis: green") })
	n := s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	everybodyOnce(t, town, n)
	if log := server.Order("ACL", "LOG"); log != "" {
		t.Errorf("something was refused: %s", log)
	}
	for _, order := range []string{"FLUSHALL", "FLUSHDB", "CONFIG GET dir", "EVAL return 0", "KEYS *", "SHUTDOWN", "SET other:key 1"} {
		if answer, err := server.AsService(strings.Fields(order)...); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%s: %s %v", order, answer, err)
		}
	}
	if answer, err := server.AsService("GET", "mingluo:x"); err != nil {
		t.Errorf("its own keys: %s %v", answer, err)
	}
}

// Over TLS the server's authority is checked.
func TestARedisOverTLS(t *testing.T) {
	t.Parallel()
	server, url, ca := sharedtest.StartTLS(t)
	c := server.Config()
	c.URL = url
	green := func(ca string) string {
		town := apptest.NewTown(t, apptest.People(10, 5), apptest.Redis(c), apptest.Configure(func(conf *app.Config) { conf.Redis.CA = ca }))
		s := town.Start()
		defer s.Stop()
		var text string
		s.Until("Redis was looked at", func() bool { _, text = ready(t, s); return !strings.Contains(text, "being looked at") })
		return text
	}
	if text := green(""); !strings.Contains(text, "redis: yellow: no answer") {
		t.Errorf("an authority that nobody knows is believed: %s", text)
	}
	if text := green(ca); strings.Contains(text, "no answer") {
		t.Errorf("with its authority: %s", text)
	}
}

// Two services with one WeChat account and one Redis ask the platform for one
// token, and for one more when it refuses the first; in Redis it cannot be read.
// Without Redis each asks for itself, and warnings go on.
func TestTwoServicesShareAWeChatToken(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	first := apptest.NewTown(t, apptest.People(5, 30), apptest.Redis(server.Config()))
	account := first.Config().WeChat
	second := apptest.NewTown(t, apptest.People(5, 30), apptest.Redis(server.Config()), apptest.Configure(func(c *app.Config) {
		c.WeChat = account
	}))
	wechat := first.Carriers.WeChat
	wechat.SetFaults(func(f *wechatapi.Faults) { f.CallbackLose = 1 }) // it calls back one service, which cannot know the other's messages
	a, b := first.Start(), second.Start()
	tell := func(asked int) {
		t.Helper()
		n, m := a.Issue(apptest.Typhoon()), b.Issue(apptest.Typhoon())
		a.WaitSettled(n)
		b.WaitSettled(m)
		for _, id := range []string{n.ID, m.ID} {
			if held := first.Carriers.Held("wechat", id, alert.Issue); len(held) != 30 {
				t.Errorf("%d people hold %s", len(held), id)
			}
		}
		if got := wechat.Counts().TokenRequests; got > asked {
			t.Errorf("the platform was asked for a token %d times, want %d", got, asked)
		}
	}
	tell(1)
	sealed := server.Order("GET", "mingluo:cache:wechat-token:"+account.AppID)
	if sealed == "" || strings.Contains(sealed, "Value") {
		t.Errorf("the token in Redis: %q", sealed)
	}
	wechat.RevokeToken()
	tell(2)
	server.Kill()
	wechat.RevokeToken()
	tell(4)
}

// When the roll becomes another one, the index in Redis is built anew and no copy
// of the old one stays. Here it is given other keys.
func TestAnotherRollIsAnotherIndex(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	town := apptest.NewTown(t, apptest.People(30, 20), apptest.Redis(server.Config()))
	s := town.Start()
	editions := func() map[string]int {
		found := map[string]int{}
		for _, key := range strings.Fields(server.Order("KEYS", "mingluo:{b*}")) {
			name, _, _ := strings.Cut(server.Order("HGET", key, "edition"), "@")
			found[name]++
		}
		return found
	}
	// Not the green lamp: a few messages behind is green, and so few people are no more.
	s.Until("Redis has somebody", func() bool { return len(editions()) == 1 })
	keys := roll.NewKeys()
	if err := s.Shared.Renew(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	s.Until("only the new edition is there", func() bool {
		now := editions()
		return len(now) == 1 && now["1/"+keys.Fingerprint()] > 0
	})
}
