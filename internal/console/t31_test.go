package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
)

// isReleased reports whether anything went out.
func (o *office) isReleased(id string) (out bool) {
	o.desk.Read(func(st *alert.State) { out = st.Notices[id] != nil && st.Notices[id].Current() != nil })
	return out
}

// refusedTries is how many tries of an act the audit tells that were not carried out.
func (o *office) refusedTries(act string) (n int) {
	o.t.Helper()
	for _, e := range o.audited(audit.Query{Act: act, Refused: true}) {
		n += e.Count
	}
	return n
}

// T31: one person in two sessions, in two browsers and by API, is still one
// person: who wrote a text can neither review nor sign it.
func TestT31OneOfficerInTwoSessions(t *testing.T) {
	o := openOffice(t)
	id := o.submitted(o.browser().signIn(wang))
	other := o.browser().signIn(wang)
	var n struct{ Hash string }
	o.call(wang, "GET", "/notices/"+id, nil, &n)
	form := url.Values{"rev": {"1"}, "hash": {n.Hash}}
	for _, act := range []string{"review", "approve", "release", "sign"} {
		if p := other.send("/notices/"+id+"/"+act, form); p.status < 400 {
			t.Errorf("%s from the second session: %d", act, p.status)
		}
		o.call(wang, "POST", "/notices/"+id+"/"+act, map[string]any{"rev": 1, "hash": n.Hash}, nil)
		if told := o.refusedTries("notices." + act); told != 2 {
			t.Errorf("%s: %d tries are told, want 2", act, told)
		}
	}
	// A colleague reviews it; the author still cannot sign.
	o.call(li, "POST", "/notices/"+id+"/review", map[string]any{"rev": 1, "hash": n.Hash}, nil).want(200)
	for range 50 {
		other.send("/notices/"+id+"/approve", form).want(http.StatusForbidden, "R1")
	}
	if o.isReleased(id) {
		t.Error("one person released a notice")
	}
	if told := o.refusedTries("notices.approve"); told != 52 {
		t.Errorf("%d tries are told, want 52", told)
	}
}

// T31: an approval that was recorded off the wire is worth nothing afterwards:
// not a second time, not for the next revision, not after the sign-out, not in
// the next session.
func TestT31AReplayedApproval(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.submitted(author)
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/review", nil).want(303)
	action := "/notices/" + id + "/approve"
	recorded := judge.open("/notices/" + id + "/approve").form(action)
	judge.post("/desk/li"+action, recorded).want(303)
	replay := func(s *seated, status int) {
		t.Helper()
		s.post("/desk/li"+action, recorded).want(status)
	}
	replay(judge, http.StatusConflict)

	// It goes back to the writer, who changes it: the approval is void.
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/return", url.Values{"reason": {"人数不对"}}).want(303)
	p := author.open("/").want(200)
	_, rest, ok := strings.Cut(p.body, "/drafts/")
	if !ok {
		t.Fatalf("no draft on the board:\n%s", p.text())
	}
	draft, _, _ := strings.Cut(rest, `"`)
	page := author.open("/drafts/" + draft).want(200)
	edited := page.inputs()
	edited.Set("headline", "张槎街道仓库危化品泄漏，扩大疏散")
	edited.Set("act", "submit")
	author.post("/desk/chen/drafts/"+draft, edited).want(303)
	replay(judge, http.StatusConflict)
	second := url.Values{"csrf": recorded["csrf"], "rev": {"2"}, "hash": recorded["hash"]}
	judge.post("/desk/li"+action, second).want(http.StatusConflict)
	judge.post("/desk/li/notices/"+id+"/sign", second).want(http.StatusConflict)

	judge.send("/signout", nil).want(303)
	judge.post("/desk/li"+action, second).want(http.StatusUnauthorized)
	replay(o.browser().signIn(li), http.StatusConflict)
	if o.isReleased(id) {
		t.Error("a replayed approval released the notice")
	}
	if told := o.refusedTries("notices.approve") + o.refusedTries("notices.sign"); told != 6 {
		t.Errorf("%d tries are told, want 6", told)
	}
	o.tells("li", "notices.approve", audit.Done, 1)
	o.tells("li", "notices.approve", audit.OldForm, 1)
}

// T31: whose role is taken away while the page is open cannot sign any more,
// with what he has open or with the token of his program.
func TestT31ARoleThatChangedMidway(t *testing.T) {
	o := openOffice(t)
	judge := o.browser().signIn(li)
	id := o.submitted(o.browser().signIn(chen))
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/review", nil).want(303)
	action := "/notices/" + id + "/approve"
	form := judge.open("/notices/" + id + "/approve").form(action)
	if err := o.accounts.SetRoles(t.Context(), "li", []alert.Role{alert.RoleWriter}); err != nil {
		t.Fatal(err)
	}
	judge.post("/desk/li"+action, form).want(http.StatusUnauthorized)
	o.call(li, "POST", action, map[string]any{"rev": 1, "hash": form.Get("hash")}, nil).refusal(http.StatusForbidden)
	o.browser().signIn(li).send(action, url.Values{"rev": {"1"}, "hash": {form.Get("hash")}}).want(http.StatusForbidden)
	if o.isReleased(id) {
		t.Error("it was released")
	}
	o.tells("li", "notices.approve", audit.SignedOut, 1)
	o.tells("li", "notices.approve", audit.Forbidden, 2)
}

// T31: a hundred signatures at the same moment release once, and the other
// ninety-nine are told; and whatever mixture of numbers and hashes is tried, it
// is the exact revision or nothing.
func TestT31AHundredAtOnce(t *testing.T) {
	o := openOffice(t)
	id := o.submitted(o.browser().signIn(chen))
	var n struct{ Hash string }
	o.call(li, "GET", "/notices/"+id, nil, &n)
	o.call(li, "POST", "/notices/"+id+"/review", map[string]any{"rev": 1, "hash": n.Hash}, nil).want(200)
	for _, rev := range []int{-1, 0, 2, 1 << 30} {
		for _, hash := range []string{"", n.Hash, strings.Repeat("0", 64), strings.ToUpper(n.Hash), n.Hash + "0"} {
			o.call(li, "POST", "/notices/"+id+"/sign", map[string]any{"rev": rev, "hash": hash}, nil)
		}
	}
	for _, hash := range []string{"", strings.Repeat("0", 64), strings.ToUpper(n.Hash), n.Hash + "0", n.Hash[:63]} {
		o.call(wang, "POST", "/notices/"+id+"/sign", map[string]any{"rev": 1, "hash": hash}, nil)
	}
	if o.isReleased(id) {
		t.Fatal("another revision or another text was signed")
	}
	before := o.refusedTries("notices.sign")
	if before != 25 {
		t.Errorf("%d tries are told, want 25", before)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			o.call([]alert.Officer{li, wang}[i%2], "POST", "/notices/"+id+"/sign", map[string]any{"rev": 1, "hash": n.Hash}, nil)
		})
	}
	wg.Wait()
	released := 0
	for _, s := range o.journalOf(id) {
		if s == "notice.released" {
			released++
		}
	}
	if !o.isReleased(id) || released != 1 {
		t.Errorf("it was released %d times", released)
	}
	done := 0
	for _, e := range o.audited(audit.Query{Act: "notices.sign", Outcome: audit.Done}) {
		done += e.Count
	}
	if refused := o.refusedTries("notices.sign") - before; done != 1 || refused != 99 {
		t.Errorf("the audit tells of %d signatures and %d refusals", done, refused)
	}
}

// journalOf lists what the journal says about a notice.
func (o *office) journalOf(id string) (types []string) {
	o.t.Helper()
	var trail struct{ Trail []struct{ Type string } }
	o.call(chen, "GET", "/notices/"+id+"/trail", nil, &trail)
	for _, s := range trail.Trail {
		types = append(types, s.Type)
	}
	return types
}
