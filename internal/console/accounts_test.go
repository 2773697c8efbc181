package console

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// shelf is a record in memory, for the accounts' own tests.
type shelf struct {
	mu  sync.Mutex
	seq uint64
	new map[string]alert.Record
}

func (s *shelf) Put(_ context.Context, p alert.Put) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ExpectSubject != nil && s.new[p.Subject].Seq != *p.ExpectSubject {
		return 0, alert.ErrStale
	}
	s.seq++
	s.new[p.Subject] = alert.Record{Subject: p.Subject, Seq: s.seq, Data: p.Data, Deleted: p.Delete}
	return s.seq, nil
}

func (s *shelf) Get(_ context.Context, subject string) (alert.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.new[subject]
	if !ok || r.Deleted {
		return r, alert.ErrNotFound
	}
	return r, nil
}

func (s *shelf) Scan(_ context.Context, _, _ string, _ uint64, fn func(alert.Record) error) (uint64, error) {
	for _, r := range s.new {
		if err := fn(r); err != nil {
			return 0, err
		}
	}
	return s.seq, nil
}

var light = Argon{MemoryKiB: 64, Passes: 1, Threads: 1}

func openAccounts(t *testing.T, s *shelf, key byte) *Accounts {
	t.Helper()
	a, err := NewAccounts(s, []byte(strings.Repeat(string(rune(key)), 32)), light)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var chenOfficer = alert.Officer{ID: "chen", Name: "陈", Roles: []alert.Role{alert.RoleWriter}, Phone: "+8613800000000"}

// What lies in the record shows neither password nor token nor name, and opens
// with no other key and under no other officer's subject.
func TestAccountsAreSealed(t *testing.T) {
	s := &shelf{new: map[string]alert.Record{}}
	a := openAccounts(t, s, 'k')
	password := NewPassword()
	token, err := a.Create(t.Context(), chenOfficer, password)
	if err != nil {
		t.Fatal(err)
	}
	raw := string(s.new["account.chen"].Data)
	for _, secret := range []string{password, token, tokenSum(token), "陈", "13800000000", "argon2id"} {
		if strings.Contains(raw, secret) {
			t.Errorf("the record shows %q", secret)
		}
	}
	if _, err := openAccounts(t, s, 'z').Get(t.Context(), "chen"); !errors.Is(err, errSealed) {
		t.Errorf("another key: %v", err)
	}
	s.new["account.li"] = alert.Record{Subject: "account.li", Seq: 9, Data: []byte(raw)}
	if _, err := a.Get(t.Context(), "li"); !errors.Is(err, errSealed) {
		t.Errorf("moved to another officer: %v", err)
	}
}

func TestSignInAndToken(t *testing.T) {
	s := &shelf{new: map[string]alert.Record{}}
	a := openAccounts(t, s, 'k')
	ctx := t.Context()
	token, err := a.Create(ctx, chenOfficer, "a password of length")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(ctx, chenOfficer, "a password of length"); alert.AsProblems(err) == nil {
		t.Errorf("a second account of the id: %v", err)
	}
	if acc, err := a.Authenticate(ctx, "chen", "a password of length"); err != nil || acc.Name != "陈" {
		t.Errorf("right password: %+v, %v", acc, err)
	}
	for who, pass := range map[string]string{"chen": "wrong", "nobody": "a password of length", "": "", "../x": "y"} {
		if _, err := a.Authenticate(ctx, who, pass); !errors.Is(err, ErrSignIn) {
			t.Errorf("%q, %q: %v", who, pass, err)
		}
	}
	if acc, err := a.ByToken(ctx, token); err != nil || acc.ID != "chen" {
		t.Errorf("token: %+v, %v", acc, err)
	}
	fresh, err := a.RenewToken(ctx, "chen")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{token, "", "ml_", "ml_chen_", "ml_nobody_x", fresh + "x", strings.Repeat("ml_chen_", 99)} {
		if _, err := a.ByToken(ctx, bad); !errors.Is(err, ErrSignIn) {
			t.Errorf("token %.20q: %v", bad, err)
		}
	}
	if err := a.Disable(ctx, "chen"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(ctx, "chen", "a password of length"); !errors.Is(err, ErrSignIn) {
		t.Errorf("disabled: %v", err)
	}
	if _, err := a.ByToken(ctx, fresh); !errors.Is(err, ErrSignIn) {
		t.Errorf("disabled, token: %v", err)
	}
	if err := a.SetPassword(ctx, "chen", "too short"); alert.AsProblems(err) == nil {
		t.Errorf("a short password: %v", err)
	}
	if err := a.SetPassword(ctx, "chen", "another long password"); err != nil {
		t.Fatal(err)
	}
	list, err := a.List(ctx)
	if err != nil || len(list) != 1 || list[0].Disabled || list[0].Generation != 4 {
		t.Errorf("list %+v, %v", list, err)
	}
}

// R18: every password is made, long and different.
func TestR18PasswordsAreMade(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		p := NewPassword()
		if len(p) != 19 || strings.Count(p, "-") != 3 || seen[p] {
			t.Fatalf("password %q", p)
		}
		seen[p] = true
	}
}

// A hash carries its own cost, so a cost raised later leaves old ones readable.
func TestHashesKeepTheirCost(t *testing.T) {
	old := light.hash("secret")
	if !verify(old, "secret") || verify(old, "Secret") || verify("$argon2id$v=19$m=64,t=1,p=1$x$y", "secret") || verify("", "") {
		t.Error("verify is wrong")
	}
	if !strings.HasPrefix(StandardArgon.hash("x"), "$argon2id$v=19$m=65536,t=3,p=1$") {
		t.Error("the standard cost is not in the hash")
	}
}

// A thousand addresses outside guess no faster than one; the desk's networks
// and known browsers have tries of their own; tries come back with time.
func TestThrottlePlaces(t *testing.T) {
	th := newThrottle([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	now := time.Now()
	let := 0
	for i := range 1000 {
		addr := netip.AddrFrom4([4]byte{203, byte(i >> 8), byte(i), 7})
		if _, ok := th.allow("chen", th.place(addr, ""), now); ok {
			let++
		}
	}
	if let != tryBurst {
		t.Errorf("%d guesses from outside, want %d", let, tryBurst)
	}
	desk := th.place(netip.MustParseAddr("::ffff:10.1.2.3"), "")
	if _, ok := th.allow("chen", desk, now); !ok {
		t.Error("the desk's own network was locked out")
	}
	if _, ok := th.allow("chen", th.place(netip.MustParseAddr("203.0.0.7"), "browser"), now); !ok {
		t.Error("a known browser was locked out")
	}
	if wait, ok := th.allow("chen", "outside", now); ok || wait > tryEvery {
		t.Errorf("wait %v, %v", wait, ok)
	}
	if _, ok := th.allow("chen", "outside", now.Add(tryEvery+time.Second)); !ok {
		t.Error("no try came back")
	}
	key := []byte("key")
	if mark := deviceMark(key, "chen"); device(key, "chen", mark) == "" || device(key, "li", mark) != "" || device(key, "chen", "x.y") != "" {
		t.Error("the mark is not bound to the officer")
	}
}

// A session ends after its idle time, however busy the page's own refreshing,
// and after its absolute time, however busy the person.
func TestSessionTimes(t *testing.T) {
	table := newSessions(15*time.Minute, 8*time.Hour)
	now := time.Now()
	token, s := table.begin(Account{Officer: chenOfficer}, alert.Drill, now)
	if table.find(token, now.Add(10*time.Minute), false) != s || table.find(token, now.Add(14*time.Minute), false) != s {
		t.Fatal("the session was lost")
	}
	if table.find(token, now.Add(16*time.Minute), false) != nil {
		t.Error("a page's own refreshing kept the session open")
	}
	select {
	case <-s.ended:
	default:
		t.Error("the open streams were not told")
	}
	token, _ = table.begin(Account{Officer: chenOfficer}, alert.Drill, now)
	at := now
	for at.Sub(now) < 8*time.Hour {
		at = at.Add(10 * time.Minute)
		if table.find(token, at, true) == nil {
			break
		}
	}
	if d := at.Sub(now); d < 8*time.Hour || d > 8*time.Hour+10*time.Minute {
		t.Errorf("ended after %v", d)
	}
	for range perOfficer + 3 {
		table.begin(Account{Officer: chenOfficer}, alert.Drill, now)
	}
	if n := table.count(); n != perOfficer {
		t.Errorf("%d sessions of one officer, want %d", n, perOfficer)
	}
}
