package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

func pushedOf(t *testing.T, e event) pushed {
	t.Helper()
	var p pushed
	if err := json.Unmarshal([]byte(e.data), &p); err != nil {
		t.Fatalf("data of %+v: %v", e, err)
	}
	return p
}

// A notice is released while a stream is open. The reader hears of it, loses its
// connection, misses an update and the lift, comes back with its last id and
// gets exactly those. Somebody who reads the page later finds it all still there.
func TestReleaseArrivesAndWhatWasMissedComesLater(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), nil)
	l := r.listen("")
	seq := r.release("n1", typhoon())

	e := l.next()
	p := pushedOf(t, e)
	if e.name != "release" || e.id != strconv.FormatUint(seq, 10) || p.Seq != seq || p.ID != "n1" || p.Mode != alert.Live || p.Level != alert.Yellow || p.Expires.IsZero() {
		t.Fatalf("first event: %+v", e)
	}
	if p.URL != r.base+"/n/n1" || p.Headline != typhoon().Headline {
		t.Fatalf("data: %+v", p)
	}
	// The page is new before the event is heard of.
	if page := r.page("/"); !strings.Contains(page, typhoon().Headline) {
		t.Fatal("the front page does not show the notice that was announced")
	}
	last := l.last
	l.close()

	c := typhoon()
	c.Level, c.Headline = alert.Orange, "佛山市气象台将台风预警信号升级为橙色"
	update := r.release("n1", c)
	lift := r.follow("n1", alert.Lift, "台风已经远离。")
	r.settled()

	for _, back := range []*listener{r.listen("", "Last-Event-ID", last), r.listen("?last-event-id=" + last)} {
		if e := back.next(); e.name != "update" || pushedOf(t, e).Seq != update {
			t.Fatalf("second event: %+v", e)
		}
		if e := back.next(); e.name != "lift" || e.id != strconv.FormatUint(lift, 10) || pushedOf(t, e).State != alert.StateLifted {
			t.Fatalf("third event: %+v", e)
		}
	}
	page := r.page("/n/n1")
	for _, want := range []string{typhoon().Headline, c.Headline, "台风已经远离。", "已解除"} {
		if !strings.Contains(page, want) {
			t.Errorf("the notice's page lacks %q", want)
		}
	}
	if front := r.page("/"); !strings.Contains(front, "目前没有生效的预警") {
		t.Error("the front page does not say that nothing is in force any more")
	}
}

// The ids are the journal's, so a reader resumes from another process too.
func TestResumeAfterRestart(t *testing.T) {
	d := newDesk(t, alert.Live)
	first := open(t, d, nil)
	d.release("n1", typhoon())
	first.settled()
	l := first.listen("?last-event-id=0")
	l.next()
	last := l.last
	first.end()
	d.release("n2", chemical(alert.Red, "狮山镇氨气泄漏"))

	second := open(t, d, nil)
	if e := second.listen("", "Last-Event-ID", last).next(); pushedOf(t, e).ID != "n2" {
		t.Fatalf("after the restart: %+v", e)
	}
}

// Somebody who was away for longer than the log reaches, or whose id is of
// another journal, is told to read anew and then follows.
func TestResetWhenThePositionIsGone(t *testing.T) {
	d := newDesk(t, alert.Live)
	for i := range 9 {
		d.release("n"+strconv.Itoa(i), chemical(alert.Blue, "演示"))
	}
	r := open(t, d, func(c *Config) { c.LogEvents = 2 })
	r.settled()
	head := strconv.FormatUint(d.Seq(), 10)
	for _, id := range []string{"1", "900000"} {
		l := r.listen("", "Last-Event-ID", id)
		if e := l.next(); e.name != "reset" || e.id != head {
			t.Fatalf("id %s: %+v, want a reset to %s", id, e, head)
		}
	}
	l := r.listen("", "Last-Event-ID", "1")
	l.next()
	d.release("later", chemical(alert.Red, "later"))
	if e := l.next(); pushedOf(t, e).ID != "later" {
		t.Fatalf("after the reset: %+v", e)
	}
}

// When several are due at once red goes first; the id moves only when all were
// given, so a break in between loses nothing. One notice's events keep order.
func TestRedFirstAndNothingLost(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("blue", chemical(alert.Blue, "蓝"))
	d.release("red", chemical(alert.Red, "红"))
	d.release("yellow", chemical(alert.Yellow, "黄"))
	d.follow("blue", alert.Retract, "误发。")
	r := open(t, d, nil)
	r.settled()
	l := r.listen("?last-event-id=0")
	var got []string
	for i := range 4 {
		e := l.next()
		got = append(got, pushedOf(t, e).ID+" "+e.name)
		if want := ""; i < 3 && e.id != want {
			t.Errorf("event %d carries id %q before all were given", i, e.id)
		} else if i == 3 && e.id != strconv.FormatUint(d.Seq(), 10) {
			t.Errorf("the last one carries id %q", e.id)
		}
	}
	if want := "blue release, blue retract, red release, yellow release"; strings.Join(got, ", ") != want {
		t.Errorf("order %q, want %q", strings.Join(got, ", "), want)
	}
}

// W7: filters by area, level, hazard. Who was told of a red warning also hears
// that it became yellow, and that it is over.
func TestFilters(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), nil)
	r.settled()
	red := r.listen("?level=red")
	town := r.listen("?area=440605124")          // 狮山镇
	chancheng := r.listen("?area=440604,440608") // 禅城区 or 高明区
	typhoons := r.listen("?hazard=11B01")
	expect := func(want string, who ...*listener) {
		t.Helper()
		for i, l := range who {
			e := l.next()
			if got := pushedOf(t, e).ID + " " + e.name; got != want {
				t.Errorf("reader %d: got %s, want %s", i, got, want)
			}
		}
	}
	r.release("chem", chemical(alert.Red, "泄漏"))
	expect("chem release", red, town)
	r.release("wind", typhoon())
	expect("wind release", town, chancheng, typhoons)
	r.release("chem", chemical(alert.Yellow, "泄漏已基本控制"))
	expect("chem update", red, town)
	r.follow("chem", alert.Lift, "已经处置完毕。")
	expect("chem lift", red, town)
	r.release("wind", typhoon())
	expect("wind update", town, chancheng, typhoons)
}

func TestBadFiltersAreRefused(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), nil)
	r.settled()
	for _, q := range []string{"area=999999", "area=", "mode=,", "level=purple", "level=red,blue", "hazard=nope", "mode=test", "levels=red", "last-event-id=abc", "last-event-id=-1", "last-event-id=99999999999999999999999", "area=" + strings.Repeat("440604,", 65)} {
		for _, path := range []string{"/events?", "/api/public/v1/notices?", "/feed.atom?"} {
			status, body, h := r.get(path + q)
			if status != http.StatusBadRequest || h.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s%s: status %d, %s", path, q, status, h.Get("Content-Type"))
				continue
			}
			var p problemBody
			if err := json.Unmarshal([]byte(body), &p); err != nil || p.Field == "" || p.ZH == "" || p.EN == "" {
				t.Errorf("%s%s: problem %s, %v", path, q, body, err)
			}
		}
	}
	if status, _, _ := r.get("/events", "Last-Event-ID", "x"); status != http.StatusBadRequest {
		t.Errorf("a foreign Last-Event-ID header: status %d", status)
	}
}

// Comments keep a silent connection open, and move a filtered reader's id along.
func TestHeartbeat(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), func(c *Config) { c.Heartbeat = 20 * time.Millisecond })
	r.settled()
	l := r.listen("?level=red")
	seq := r.release("n1", chemical(alert.Blue, "蓝"))
	eventually(t, "the id passed the event that was filtered out", func() bool {
		e, err := l.read()
		if err != nil || e.name != "" {
			t.Fatalf("%+v, %v", e, err)
		}
		return l.last == strconv.FormatUint(seq, 10)
	})
}

// The server's limits are for requests: a stream outlives them.
func TestStreamOutlivesTheServersDeadlines(t *testing.T) {
	if testing.Short() {
		faulttest.Skip(t, "a stream that outlives a deadline: it takes as long as the deadline, and -short was given")
	}
	d := newDesk(t, alert.Live)
	r := open(t, d, nil)
	l := r.listenWithLimits(60 * time.Millisecond)
	eventually(t, "the deadlines have passed", func() bool { return time.Since(l.opened) > 200*time.Millisecond })
	d.release("n1", typhoon())
	if e := l.next(); e.name != "release" {
		t.Fatalf("%+v", e)
	}
}

// Stop ends the streams with advice on when to come back, spread over seconds.
func TestStopSpreadsTheReturn(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), nil)
	r.settled()
	a := r.listen("")
	r.end()
	if _, err := a.read(); err != nil {
		t.Fatalf("no parting words: %v", err)
	}
	if _, err := a.read(); err == nil {
		t.Fatal("the stream goes on after Stop")
	}
}

func TestTooManyStreams(t *testing.T) {
	r := open(t, newDesk(t, alert.Live), func(c *Config) { c.MaxStreams = 2 })
	r.settled()
	a, _ := r.listen(""), r.listen("")
	status, _, h := r.get("/events")
	if status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
		t.Fatalf("third stream: status %d, Retry-After %q", status, h.Get("Retry-After"))
	}
	a.close()
	eventually(t, "a place is free again", func() bool {
		r.site.hub.mu.Lock()
		defer r.site.hub.mu.Unlock()
		return r.site.hub.open == 1
	})
	r.listen("")
}
