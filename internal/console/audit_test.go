package console_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
)

// zheng is the auditor, sun (roll_test.go) the administrator.
var zheng = alert.Officer{ID: "zheng", Name: "郑监", Roles: []alert.Role{alert.RoleAuditor}}

// joins gives an officer an account and a token.
func (o *office) joins(who alert.Officer) {
	o.t.Helper()
	token, err := o.accounts.Create(o.t.Context(), who, password)
	if err != nil {
		o.t.Fatal(err)
	}
	o.tokens[who.ID] = token
}

// audited returns what the audit holds, newest first.
func (o *office) audited(q audit.Query) []audit.Entry {
	o.t.Helper()
	if err := o.audit.Flush(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	p, err := o.audit.Find(o.t.Context(), q, 1000)
	if err != nil {
		o.t.Fatal(err)
	}
	return p.Entries
}

// tells wants a try in the audit: of the act, by the officer, with the outcome,
// so many times.
func (o *office) tells(officer, act string, outcome audit.Outcome, times int) {
	o.t.Helper()
	n := 0
	for _, e := range o.audited(audit.Query{Act: act, Officer: officer, Outcome: outcome}) {
		n += e.Count
	}
	if n != times {
		o.t.Errorf("the audit tells of %d × %s %s by %q, want %d: %+v", n, act, outcome, officer, times, o.audited(audit.Query{Act: act}))
	}
}

// seq is how far the journal has come.
func (o *office) seq() (n uint64) {
	o.desk.Read(func(st *alert.State) { n = st.Seq })
	return n
}

// What officers do and what they are refused is in the audit, by page and by
// API alike, with who, from where, what and on which notice.
func TestActsAndRefusalsAreAudited(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.released(author, judge)
	author.send("/notices/"+id+"/approve", url.Values{"rev": {"1"}}).want(http.StatusForbidden)
	o.call(chen, "POST", "/notices/"+id+"/stop", map[string]any{"rev": 9, "reason": "x"}, nil)
	o.call(chen, "POST", "/notices/"+id+"/retract", map[string]any{"rev": 1, "reason": "发错"}, nil).want(200)
	author.open("/notices/" + id).want(200)
	author.send("/signout", nil).want(303)

	o.tells("chen", "signin", audit.Done, 1)
	o.tells("chen", "new.submit", audit.Done, 1)
	o.tells("li", "notices.review", audit.Done, 1)
	o.tells("li", "notices.approve", audit.Done, 1)
	o.tells("li", "notices.release", audit.Done, 1)
	o.tells("chen", "notices.approve", audit.Forbidden, 1)
	o.tells("chen", "notices.stop", audit.NotFound, 1)
	o.tells("chen", "notices.retract", audit.Done, 1)
	o.tells("chen", "signout", audit.Done, 1)
	for _, e := range o.audited(audit.Query{Object: id}) {
		if !e.Proven || e.From != "127.0.0.1" || e.Mode != alert.Drill || e.At.IsZero() {
			t.Errorf("got %+v", e)
		}
	}
	if e := o.audited(audit.Query{Act: "notices.approve", Outcome: audit.Forbidden})[0]; e.Object != id || e.ZH == "" || e.EN == "" || e.Via != "page" {
		t.Errorf("got %+v", e)
	}
	if e := o.audited(audit.Query{Act: "new"})[0]; e.Object != id {
		t.Errorf("the submission is about %q, want the notice", e.Object)
	}
	if e := o.audited(audit.Query{Act: "notices.retract"})[0]; e.Via != "api" || e.Object != id {
		t.Errorf("got %+v", e)
	}
}

// The auditors' page: searched, paged, exported, also by API; nobody else sees
// it, and to have tried stands in it.
func TestTheAuditorsPage(t *testing.T) {
	o := openOffice(t)
	o.joins(zheng)
	o.joins(sun)
	author := o.browser().signIn(chen)
	id := o.submitted(author)
	for range 3 {
		author.send("/notices/"+id+"/approve", url.Values{"rev": {"1"}}).want(http.StatusForbidden)
	}
	for _, who := range []alert.Officer{chen, li, sun} {
		o.browser().signIn(who).open("/audit").want(http.StatusForbidden).without(id)
		o.call(who, "GET", "/audit", nil, nil).refusal(http.StatusForbidden)
	}
	if err := o.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := o.browser().signIn(zheng)
	s.open("/audit").want(200, "陈晓岚", "签发", "不允许", "审计", "127.0.0.1", id)
	s.open("/audit?officer=chen&outcome=refused").want(200, "不允许").without("新通知 · 提交审核</b>")
	s.open("/audit?object="+id+"&act=new").want(200, "提交审核").without("tag bad")
	s.open("/audit?from=yesterday").want(422, "时间看不懂")
	s.open("/audit?until=2020-01-01").want(200, "没有找到")
	s.open("/audit?lang=en&act=audit").want(200, "Not allowed")

	var found audit.Page
	o.call(zheng, "GET", "/audit?act=notices.approve&officer=chen", nil, &found).want(200)
	total := 0
	for _, e := range found.Entries {
		total += e.Count
	}
	if total != 3 {
		t.Errorf("%d tries found", total)
	}
	o.call(zheng, "GET", "/audit?limit=1", nil, &found).want(200)
	if len(found.Entries) != 1 || found.Next == 0 {
		t.Errorf("a page of one: %+v", found)
	}
	o.call(zheng, "GET", "/audit?limit=0", nil, nil).refusal(422)
	o.call(zheng, "GET", "/audit?outcome=lost", nil, nil).refusal(422)

	p := s.open("/audit/export.csv?officer=chen").want(200)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) < 3 || rows[0][0] != "seq" {
		t.Errorf("%v %q", err, rows)
	}
	p = o.call(zheng, "GET", "/audit/export.ndjson", nil, nil).want(200)
	var first audit.Entry
	if err := json.NewDecoder(strings.NewReader(p.body)).Decode(&first); err != nil || first.Act == "" {
		t.Errorf("%v %+v", err, first)
	}
	o.call(li, "GET", "/audit/export.csv", nil, nil).refusal(http.StatusForbidden)
	o.tells("zheng", "audit.export.csv", audit.Done, 1)
	o.tells("zheng", "audit.export.ndjson", audit.Done, 1)
	o.tells("li", "audit", audit.Forbidden, 3)
}

// 等保 level three: the offices are apart. No account holds two that must be
// two people's, whoever makes it.
func TestOfficesAreApart(t *testing.T) {
	o := openOffice(t)
	o.joins(sun)
	for _, roles := range [][]alert.Role{
		{alert.RoleAdmin, alert.RoleAuditor}, {alert.RoleAdmin, alert.RoleApprover}, {alert.RoleAdmin, alert.RoleReviewer},
		{alert.RoleAuditor, alert.RoleWriter}, {alert.RoleAuditor, alert.RoleApprover}, {alert.RoleAuditor, alert.RoleReviewer},
	} {
		both := alert.Officer{ID: "both", Name: "两任", Roles: roles}
		if _, err := o.accounts.Create(t.Context(), both, password); alert.AsProblems(err) == nil {
			t.Errorf("an account with %v was made: %v", roles, err)
		}
		if _, err := o.accounts.Invite(t.Context(), both); alert.AsProblems(err) == nil {
			t.Errorf("an account with %v was invited: %v", roles, err)
		}
		if err := o.accounts.SetRoles(t.Context(), "sun", roles); alert.AsProblems(err) == nil {
			t.Errorf("%v were given: %v", roles, err)
		}
	}
	if a, err := o.accounts.Get(t.Context(), "sun"); err != nil || len(a.Roles) != 1 {
		t.Errorf("the administrator became %v (%v)", a.Roles, err)
	}
}

// An administrator signs nothing; an auditor changes nothing, by any call or
// form there is; both tries are told.
func TestAdministratorsAndAuditors(t *testing.T) {
	o := openOffice(t, withRoll)
	o.joins(sun)
	o.joins(zheng)
	id := o.submitted(o.browser().signIn(chen))
	var n struct{ Hash string }
	o.call(li, "GET", "/notices/"+id, nil, &n)
	before := o.seq()
	boss := o.browser().signIn(sun)
	for _, act := range []string{"review", "approve", "release", "sign", "return"} {
		o.call(sun, "POST", "/notices/"+id+"/"+act, map[string]any{"rev": 1, "hash": n.Hash, "reason": "x"}, nil).refusal(http.StatusForbidden)
		boss.send("/notices/"+id+"/"+act, url.Values{"rev": {"1"}, "hash": {n.Hash}, "reason": {"x"}}).want(http.StatusForbidden)
		o.tells("sun", "notices."+act, audit.Forbidden, 2)
	}
	tried := 0
	for path, item := range o.promised().Document().Paths {
		for method := range item {
			if method == "get" {
				continue
			}
			tried++
			path := strings.NewReplacer("{notice}", id, "{draft}", "none", "{incident}", "none", "{import}", "none").Replace(path)
			o.call(zheng, strings.ToUpper(method), path, map[string]any{"rev": 1, "hash": n.Hash}, nil).refusal(http.StatusForbidden)
		}
	}
	s := o.browser().signIn(zheng)
	f := leakForm()
	f.Set("act", "submit")
	for path, form := range map[string]url.Values{
		"/new": f, "/notices/" + id + "/approve": {"rev": {"1"}, "hash": {n.Hash}}, "/notices/" + id + "/retract": {"rev": {"1"}, "reason": {"x"}}, "/incidents": {"title": {"x"}},
	} {
		tried++
		s.send(path, form).want(http.StatusForbidden)
	}
	if o.seq() != before {
		t.Errorf("the journal moved from %d to %d", before, o.seq())
	}
	told := 0
	for _, e := range o.audited(audit.Query{Officer: "zheng", Outcome: audit.Forbidden}) {
		told += e.Count
	}
	if told < tried {
		t.Errorf("%d of %d tries are told", told, tried)
	}
	s.open("/notices/"+id).want(200, "张槎街道仓库危化品泄漏警示")
	s.send("/account/password", url.Values{"old": {password}, "new": {"another battery staple"}, "again": {"another battery staple"}}).want(303)
}
