package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
	"mingluo/internal/faulttest"
)

// signInFrom asks the console directly, as a client at any address would.
func (o *office) signInFrom(addr, officer, pass string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/signin", strings.NewReader(url.Values{"officer": {officer}, "password": {pass}}.Encode()))
	r.RemoteAddr = addr + ":40000"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	o.console.Handler().ServeHTTP(w, r)
	return w
}

// T33: a hundred thousand guesses (three thousand in the short form) from a
// thousand addresses at a hundred names.
// No name is tried more than ten times in a quarter of an hour, most guesses
// cost no hash, none is let in; meanwhile the officer signs in at the desk, and
// at home from the browser used before. The audit tells of all of them in few
// records.
func TestT33AHundredThousandGuesses(t *testing.T) {
	o := openOffice(t)
	home := o.browser()
	home.signIn(chen) // leaves its mark
	guesses := faulttest.Begin(t, "T33").N
	const addresses, names = 1000, 100
	var let, wrong, slowed atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < guesses; i += 4 {
				name := fmt.Sprintf("officer%d", i%names)
				if i%names == 0 {
					name = "chen"
				}
				switch a := o.signInFrom(fmt.Sprintf("203.0.%d.%d", i%addresses/4, i%addresses%4+1), name, fmt.Sprintf("guess number %d", i)); a.Code {
				case http.StatusTooManyRequests:
					slowed.Add(1)
				case http.StatusUnprocessableEntity:
					wrong.Add(1)
				default:
					let.Add(1)
				}
			}
		})
	}
	entered := 0
	for range 5 {
		if a := o.signInFrom("10.1.2.3", "chen", password); a.Code == http.StatusSeeOther {
			entered++
		}
		if p := home.post("/signin", url.Values{"officer": {"chen"}, "password": {password}}); p.status == http.StatusSeeOther {
			entered++
		}
	}
	wg.Wait()
	took := time.Since(began)
	if entered != 10 {
		t.Errorf("the desk signed in %d of 10 times during the attack", entered)
	}
	allowed := int64(names * (10 + int(took/(90*time.Second)) + 1))
	if let.Load() != 0 || wrong.Load() > allowed || slowed.Load()+wrong.Load() != int64(guesses) {
		t.Errorf("%d let in, %d hashed (at most %d), %d slowed", let.Load(), wrong.Load(), allowed, slowed.Load())
	}
	told, records := 0, 0
	for _, outcome := range []audit.Outcome{audit.WrongSignIn, audit.Throttled} {
		for q := (audit.Query{Act: "signin", Outcome: outcome}); ; {
			if err := o.audit.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			p, err := o.audit.Find(t.Context(), q, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Entries {
				told += e.Count
				records++
			}
			if q.Before = p.Next; q.Before == 0 {
				break
			}
		}
	}
	if told != guesses || records > 3000 {
		t.Errorf("the audit tells of %d guesses in %d records", told, records)
	}
	t.Logf("%d guesses in %v: %d hashed, %d slowed, %d records", guesses, took, wrong.Load(), slowed.Load(), records)
}

// T33: who walks through names instead of passwords is slowed by address, and an
// enormous name costs nothing.
func TestT33ManyNamesFromOneAddress(t *testing.T) {
	o := openOffice(t)
	hashed := 0
	for i := range 300 {
		if o.signInFrom("203.0.113.7", fmt.Sprintf("name%d", i), "x").Code != http.StatusTooManyRequests {
			hashed++
		}
	}
	if hashed > 45 {
		t.Errorf("%d of 300 names were tried from one address", hashed)
	}
	hashed = 0
	for range 30 {
		if o.signInFrom("198.51.100.7", strings.Repeat("x", 200_000), "x").Code != http.StatusTooManyRequests {
			hashed++
		}
	}
	if hashed > 10 {
		t.Errorf("an enormous name was tried %d times", hashed)
	}
	if a := o.signInFrom("10.1.2.3", "li", password); a.Code != http.StatusSeeOther {
		t.Errorf("the desk is kept out: %d", a.Code)
	}
}

// T33: a cookie that was stolen is worth nothing after the sign-out, nor after
// the role or the account was taken away; trying it is told.
func TestT33AStolenCookie(t *testing.T) {
	o := openOffice(t)
	u, err := url.Parse(o.url)
	if err != nil {
		t.Fatal(err)
	}
	b, thief := o.browser(), o.browser()
	steal := func() { thief.client.Jar.SetCookies(u, b.client.Jar.Cookies(u)) }
	s := b.signIn(chen)
	steal()
	thief.get("/desk/chen/").want(200)
	mark := s.open("/").field("csrf")
	s.send("/signout", nil).want(303)
	thief.get("/desk/chen/").want(303)
	thief.post("/desk/chen/new", url.Values{"csrf": {mark}}).want(http.StatusUnauthorized)
	o.tells("chen", "new", audit.SignedOut, 1)

	for _, end := range []func() error{
		func() error { return o.accounts.SetRoles(t.Context(), "chen", []alert.Role{alert.RoleReviewer}) },
		func() error { return o.accounts.SetPassword(t.Context(), "chen", password) },
		func() error { return o.accounts.Disable(t.Context(), "chen") },
	} {
		b.signIn(chen)
		steal()
		thief.get("/desk/chen/").want(200)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		thief.get("/desk/chen/").want(303)
		thief.post("/desk/chen/new", url.Values{"csrf": {mark}}).want(http.StatusUnauthorized)
	}
	o.tells("chen", "new", audit.SignedOut, 4)
}
