package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// A link opens once, not after its time, not for a closed account, and not by
// guessing; what is kept of it does not lead to it.
func TestACallsLinkOpensOnce(t *testing.T) {
	o := openOffice(t)
	ctx := t.Context()
	to := console.CallLink{Notice: "20260820-abcde", Rev: 1, No: 1}
	link := func(valid time.Duration) string {
		t.Helper()
		word, err := o.accounts.NewCallLink(ctx, "li", to, valid)
		if err != nil {
			t.Fatal(err)
		}
		return word
	}
	refused := func(what, word string, want alert.ProblemKind) {
		t.Helper()
		_, _, err := o.accounts.OpenCallLink(ctx, word)
		if ps := alert.AsProblems(err); ps == nil || ps[0].Kind != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	word := link(time.Hour)
	b := o.browser()
	for range 2 {
		b.get("/c/"+word).want(200, "李卫东", "打开来看").without("20260820-abcde")
	}
	if officer, got, err := o.accounts.OpenCallLink(ctx, word); err != nil || officer != "li" || got != to {
		t.Errorf("%s %+v %v", officer, got, err)
	}
	refused("again", word, alert.Conflict)
	b.get("/c/"+word).want(http.StatusConflict, "已经打开过一次").without("20260820-abcde")
	refused("after its time", link(-time.Second), alert.NotFound)
	refused("another officer's word", "chen"+strings.TrimPrefix(word, "li"), alert.NotFound)
	refused("a guess", "li-"+strings.Repeat("a", 26), alert.NotFound)
	refused("nobody's", "nobody-"+strings.Repeat("a", 26), alert.NotFound)
	word = link(time.Hour)
	if err := o.accounts.Disable(ctx, "li"); err != nil {
		t.Fatal(err)
	}
	refused("of a closed account", word, alert.NotFound)
	r, err := o.store.Get(ctx, "account.li")
	if err != nil || strings.Contains(string(r.Data), word) || strings.Contains(string(r.Data), to.Notice) {
		t.Errorf("the account keeps the link in clear (%v)", err)
	}
	for range 40 { // the account stays small
		link(time.Hour)
	}
	if r, err = o.store.Get(ctx, "account.li"); err != nil || len(r.Data) > 8<<10 {
		t.Errorf("an account of %d bytes (%v)", len(r.Data), err)
	}
}
