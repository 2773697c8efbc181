package app_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/faulttest"
	"mingluo/internal/roll"
	"mingluo/internal/shared/sharedtest"
)

// T15: in the middle of a fan-out Redis is flushed, frozen, killed and replaced
// by an empty one, set back to what it was before people left, and out of
// memory. Nobody is missed, nobody is told twice, and whoever left before the
// release stays out. What it costs is time, which is measured and not asserted.
func TestT15RedisInTheMiddleOfAFanOut(t *testing.T) {
	run := faulttest.Begin(t, "T15")
	t.Parallel()
	n, frozen := run.N/scale, 3*time.Second
	if run.Long {
		frozen = 30 * time.Second
	}
	server := sharedtest.Start(t)
	town := apptest.NewTown(t, apptest.People(n*2/3, n/3), apptest.Redis(server.Config()), apptest.Configure(func(c *app.Config) {
		c.Fanout.SliceSize, c.Fanout.InFlight = 200, 4 // some slices are still to be read when the fault comes
		c.WeChat.Timeout = app.Duration(time.Minute)
	}))
	town.Carriers.Slow(5*time.Millisecond, 5*time.Millisecond)
	s := town.Start()
	c := &citizens{t: t, s: s, everybody: map[string]map[string]bool{"sms": town.Everybody("sms"), "wechat": town.Everybody("wechat")}}
	c.samples = roll.Sample(s.Places, n*2/3, n/3)
	run.Rand.Shuffle(len(c.samples), func(i, j int) { c.samples[i], c.samples[j] = c.samples[j], c.samples[i] })
	c.covered("built")
	clean := c.told("nothing happens", func() {})
	if c.buckets("redis") == 0 {
		t.Fatal("no slice came from Redis: the faults would hit nothing")
	}
	nothing := func() {}
	for _, f := range []struct {
		name           string
		before, during func() // the last people leave, and in the middle of the fan-out
	}{
		{"flushed", nothing, server.Flush},
		{"frozen", nothing, func() { server.Freeze(); time.AfterFunc(frozen, server.Thaw) }},
		{"killed and restarted empty", nothing, func() { server.Kill(); server.Restart() }},
		{"an older copy takes over", server.Save, func() { server.Kill(); server.Restart() }},
		{"out of memory", func() { server.Order("CONFIG", "SET", "maxmemory", "1") }, nothing},
	}[:run.Times] {
		c.covered(f.name)
		f.before()
		c.leave(40)
		fromRoll := c.buckets("roll") + c.buckets("mended")
		took := c.told(f.name, f.during)
		t.Logf("%s: %d people in %v, %.1f times as long as without a fault", f.name, n, took.Round(time.Millisecond), took.Seconds()/clean.Seconds())
		if c.buckets("roll")+c.buckets("mended") == fromRoll {
			t.Errorf("%s: every slice still came from Redis: the fault hit nothing", f.name)
		}
	}
	server.Order("CONFIG", "SET", "maxmemory", "0")
	c.covered("at the end")
}

// citizens are the people of a town who come and go while notices are issued.
type citizens struct {
	t         *testing.T
	s         *apptest.Service
	samples   []roll.Subscription
	everybody map[string]map[string]bool // by channel, as they are now
}

// leave lets some of them leave.
func (c *citizens) leave(n int) {
	c.t.Helper()
	now := time.Now()
	for _, p := range c.samples[:n] {
		if err := c.s.Roll.Leave(c.t.Context(), p.Channel, p.Address, now, now.Add(time.Hour)); err != nil {
			c.t.Fatal(err)
		}
		delete(c.everybody[p.Channel], p.Address)
	}
	c.samples = c.samples[n:]
}

// told issues a notice, lets something happen when a third of the people have
// it, and compares what the carriers hold with who is to be told.
func (c *citizens) told(what string, happens func()) time.Duration {
	c.t.Helper()
	town := c.s.Town
	town.Carriers.Hold(len(c.everybody["sms"])/3, len(c.everybody["wechat"])/3)
	began := time.Now()
	n := c.s.Issue(apptest.Typhoon())
	c.s.Until(what+": a third is told", town.Carriers.Holding)
	happens()
	town.Carriers.Release()
	c.s.WaitSettled(n)
	took := time.Since(began)
	for channel, want := range c.everybody {
		held := town.Carriers.Held(channel, n.ID, alert.Issue)
		sameAddresses(c.t, what+": "+channel, addresses(held), want)
		for address, k := range held {
			if k != 1 {
				c.t.Errorf("%s: %s: %d copies to %s", what, channel, k, address)
			}
		}
	}
	return took
}

// covered waits until Redis has everybody as they are.
func (c *citizens) covered(when string) {
	c.t.Helper()
	c.s.Until(when+": Redis has everybody again", func() bool {
		_, text := ready(c.t, c.s)
		return strings.Contains(text, "redis: green")
	})
}

// buckets returns how many buckets came from there: redis, mended or roll.
func (c *citizens) buckets(from string) int {
	c.t.Helper()
	found := regexp.MustCompile(`mingluo_audience_buckets_total\{from="` + from + `"\} (\d+)`).FindStringSubmatch(string(c.s.Metrics().Body))
	if found == nil {
		c.t.Fatal("no figure of the buckets from " + from)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}
