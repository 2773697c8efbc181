package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// TestR18AOneTimePasswordOpensOnePage: whoever signs in with a password that was
// made by somebody else gets to the page on which it is changed, and nowhere
// else; the new one opens everything and the old one nothing.
func TestR18AOneTimePasswordOpensOnePage(t *testing.T) {
	o := openOffice(t)
	first, err := o.accounts.Invite(t.Context(), alert.Officer{ID: "zhao", Name: "赵启明", Roles: []alert.Role{alert.RoleWriter, alert.RoleAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	b := o.browser()
	signIn := func(password string) *page {
		return b.post("/signin", url.Values{"officer": {"zhao"}, "password": {password}})
	}
	signIn(first).want(http.StatusSeeOther)
	s := &seated{b, alert.Officer{ID: "zhao"}}
	for _, path := range []string{"/", "/new", "/notices", "/incidents/new"} {
		if p := s.open(path); p.status != http.StatusSeeOther || p.header.Get("Location") != "/desk/zhao/account" {
			t.Errorf("%s: %d to %s", path, p.status, p.header.Get("Location"))
		}
	}
	account := s.open("/account")
	account.want(http.StatusOK, "一次性密码")
	draft := leakForm()
	draft.Set("csrf", account.field("csrf"))
	if p := s.send("/new", draft); p.status != http.StatusForbidden {
		t.Errorf("a draft was written: %d", p.status)
	}
	change := func(old, new, again string) *page {
		return s.press(s.open("/account"), "/account/password", url.Values{"old": {old}, "new": {new}, "again": {again}})
	}
	const own = "台风天里有三只白鹭落在屋顶上"
	const mine = own + "的夜"
	for what, p := range map[string]*page{
		"too short":   change(first, "short", "short"),
		"differing":   change(first, mine, mine+"x"),
		"the old one": change(first, first, first),
		"wrong old":   change("not it", mine, mine),
	} {
		if p.status == http.StatusSeeOther {
			t.Errorf("%s: the password was changed", what)
		}
	}
	change(first, mine, mine).want(http.StatusSeeOther)
	s.open("/").want(http.StatusOK)
	if p := o.browser().post("/signin", url.Values{"officer": {"zhao"}, "password": {first}}); p.status == http.StatusSeeOther {
		t.Error("the password for one sign-in works again")
	}
	signIn(mine).want(http.StatusSeeOther)

	again, err := o.accounts.Reset(t.Context(), "zhao")
	if err != nil || again == first {
		t.Fatalf("reset: %q, %v", again, err)
	}
	if p := s.open("/"); p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/signin") {
		t.Errorf("a session outlived the reset: %d", p.status)
	}
	signIn(again).want(http.StatusSeeOther)
	s.open("/account").want(http.StatusOK, "一次性密码")
}

// vault is a safe with one phrase.
type vault struct {
	mu sync.Mutex
	s  console.SafeStatus
}

func (v *vault) Safe() console.SafeStatus {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.s
}

func (v *vault) TestPhrase(_ context.Context, who alert.Actor, phrase string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if phrase != "1234" {
		return &alert.Problem{Kind: alert.Invalid, Field: "phrase", ZH: "核对码不对。", EN: "wrong"}
	}
	v.s.Tested, v.s.TestedBy, v.s.TestedAt = true, who.ID, time.Now()
	return nil
}

// TestTheBoardIsRedUntilTheSheetWasTested: every officer sees it, and only an
// administrator can put it right, with the phrase off the paper.
func TestTheBoardIsRedUntilTheSheetWasTested(t *testing.T) {
	v := &vault{s: console.SafeStatus{Kit: "AAAA-BBBB-CCCC-DDDD"}}
	o := openOffice(t, func(c *console.Config) {
		c.Safe = v
		c.Parts = func() []console.PartStatus {
			p := console.PartStatus{Name: "recovery", ZH: "恢复页", EN: "Recovery sheet", Lamp: console.Red, StateZH: "还没有核对", State: "not tested", Page: "/safe"}
			if v.Safe().Tested {
				p.Lamp = console.Green
			}
			return []console.PartStatus{p}
		}
	})
	boss := alert.Officer{ID: "boss", Name: "何主任", Roles: []alert.Role{alert.RoleAdmin}}
	if _, err := o.accounts.Create(t.Context(), boss, password); err != nil {
		t.Fatal(err)
	}
	writer, admin := o.browser().signIn(chen), o.browser().signIn(boss)
	writer.open("/").want(http.StatusOK, "需要有人处理")
	page := writer.open("/safe")
	page.want(http.StatusOK, "AAAA-BBBB-CCCC-DDDD")
	if p := writer.send("/safe", url.Values{"phrase": {"1234"}}); p.status != http.StatusForbidden {
		t.Errorf("a writer tested the sheet: %d", p.status)
	}
	if p := admin.press(admin.open("/safe"), "/safe", url.Values{"phrase": {"4321"}}); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong phrase: %d", p.status)
	}
	admin.press(admin.open("/safe"), "/safe", url.Values{"phrase": {"1234"}}).want(http.StatusSeeOther)
	admin.open("/safe").want(http.StatusOK, "已核对：boss")
	if p := writer.open("/"); strings.Contains(p.body, "需要有人处理") {
		t.Error("the board is still red")
	}
}
