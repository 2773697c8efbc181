package console_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// again starts the console anew over the same record, as a restart of the
// service or a second machine does.
func (o *office) again(change ...func(*console.Config)) *office {
	o.t.Helper()
	cfg := o.console.Config
	cfg.Registry = prometheus.NewRegistry()
	for _, f := range change {
		f(&cfg)
	}
	c, err := console.New(cfg)
	if err != nil {
		o.t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = c.Server()
	srv.Start()
	o.t.Cleanup(func() { c.Stop(); srv.Close() })
	second := *o
	second.url, second.console = srv.URL, c
	return &second
}

// moves is the same browser before another console: it brings its cookies.
func (o *office) moves(b *browser) *browser {
	o.t.Helper()
	from, err := url.Parse(b.o.url)
	if err != nil {
		o.t.Fatal(err)
	}
	to, err := url.Parse(o.url)
	if err != nil {
		o.t.Fatal(err)
	}
	moved := o.browser()
	moved.client.Jar.SetCookies(to, b.client.Jar.Cookies(from))
	return moved
}

// An officer who is writing when the service is started anew goes on writing,
// with the form that was open; who had signed out stays out.
func TestSessionsOutliveARestart(t *testing.T) {
	o := openOffice(t)
	b, gone := o.browser(), o.browser()
	s := b.signIn(chen)
	form := leakForm()
	form.Set("csrf", s.open("/").field("csrf"))
	gone.signIn(li).send("/signout", nil).want(303)

	after := o.again()
	moved := after.moves(b)
	moved.post("/desk/chen/new", form).want(303)
	after.moves(gone).get("/desk/li/").want(303)

	// Out on one machine is out on the other, with its next request.
	b.signIn(li)
	both := after.moves(b)
	both.get("/desk/li/").want(200)
	(&seated{both, li}).send("/signout", nil).want(303)
	b.get("/desk/li/").want(303)
	moved.post("/desk/chen/signout", url.Values{"csrf": form["csrf"]}).want(303)
	b.get("/desk/chen/").want(303)
}

// While the service was away, time went on: what was idle too long, or older
// than a shift, is over. A changed role is noticed after a restart as before.
func TestARestartLengthensNoSession(t *testing.T) {
	o := openOffice(t)
	b := o.browser()
	b.signIn(chen)
	b.signIn(li)
	o.again().moves(b).get("/desk/chen/").want(200)
	if err := o.accounts.SetRoles(t.Context(), "li", []alert.Role{alert.RoleWriter}); err != nil {
		t.Fatal(err)
	}
	o.again().moves(b).get("/desk/li/").want(303)
	o.again(func(c *console.Config) { c.Idle = time.Nanosecond }).moves(b).get("/desk/chen/").want(303)
	o.again(func(c *console.Config) { c.Absolute = time.Nanosecond }).moves(b).get("/desk/chen/").want(303)
}

// The record holds no cookie and no mark of a form; what is put there by
// somebody without the key is no session; a planted cookie is never taken over.
func TestTheRecordOfSessionsOpensNothing(t *testing.T) {
	o := openOffice(t)
	u, err := url.Parse(o.url)
	if err != nil {
		t.Fatal(err)
	}
	b := o.browser()
	s := b.signIn(chen)
	mark, cookie := s.open("/").field("csrf"), ""
	for _, k := range b.client.Jar.Cookies(u) {
		if k.Name == "mingluo-chen" {
			cookie = k.Value
		}
	}
	var kept []alert.Record
	if _, err := o.store.Scan(t.Context(), alert.StreamSessions, "", 1, func(r alert.Record) error { kept = append(kept, r); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(kept) != 1 || cookie == "" {
		t.Fatalf("%d sessions are kept", len(kept))
	}
	for _, secret := range []string{mark, cookie, "chen", hex.EncodeToString([]byte(cookie))} {
		if strings.Contains(kept[0].Subject+string(kept[0].Data), secret) {
			t.Errorf("the record shows %q", secret)
		}
	}
	// One session's content under another's name, and a thief's own words.
	planted := strings.Repeat("A", 43)
	thief := &browser{o, &http.Client{CheckRedirect: b.client.CheckRedirect}}
	if thief.client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	thief.client.Jar.SetCookies(u, []*http.Cookie{{Name: "mingluo-chen", Value: planted, Path: "/"}})
	thief.get("/desk/chen/").want(303)
	sum := sha256.Sum256([]byte(planted))
	sumOfPlanted := "session." + hex.EncodeToString(sum[:])
	for _, data := range [][]byte{kept[0].Data, []byte(`{"officer":"chen"}`)} {
		if _, err := o.store.Put(t.Context(), alert.Put{Subject: sumOfPlanted, Data: data}); err != nil {
			t.Fatal(err)
		}
		thief.get("/desk/chen/").want(303)
	}
	thief.signIn(li) // and the sign-in takes up none of it
	for _, k := range thief.client.Jar.Cookies(u) {
		if k.Name == "mingluo-li" && k.Value == planted {
			t.Error("the planted cookie became a session")
		}
	}
}

// Eight sign-ins of one officer are open at most, also across restarts.
func TestSessionsAreBounded(t *testing.T) {
	o := openOffice(t)
	first := o.browser()
	first.signIn(chen)
	for range 5 {
		o.browser().signIn(chen)
	}
	after := o.again()
	for range 3 {
		after.browser().signIn(chen)
	}
	first.get("/desk/chen/").want(303)
	open := 0
	if _, err := o.store.Scan(t.Context(), alert.StreamSessions, "", 1, func(r alert.Record) error {
		if !r.Deleted {
			open++
		}
		return nil
	}); err != nil || open != 8 {
		t.Errorf("%d sessions are open (%v), want 8", open, err)
	}
}
