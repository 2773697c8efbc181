package console_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
	"mingluo/internal/console"
)

// Whoever may change who may sign has to be there in person: an administrator's
// acts take a fresh code, on the page and for programs, and a session that
// somebody left open gives nobody a role. The tries are in the audit.
func TestAdministeringTakesAFreshSecondFactor(t *testing.T) {
	o, admin := staffed(t, func(c *console.Config) { c.FactorIn = []alert.Mode{alert.Drill} })
	grant := field("seq", "0", "officer", "li", "highest", "red", "areas", "440600")
	acts := func(who *seated, factor string, status int) {
		t.Helper()
		for path, form := range map[string]string{"/officers/chen/roles": "roles=auditor", "/officers/chen/reach": "phone=13800138000", "/officers/li/envelope": "count=2", "/officers/li/reset": "", "/officers/li/token": ""} {
			f := field("factor", factor)
			if k, v, ok := strings.Cut(form, "="); ok {
				f.Set(k, v)
			}
			who.send(path, f).want(status, "动态验证码")
		}
	}
	acts(admin, "", http.StatusForbidden)
	admin.send("/grants", grant).want(http.StatusForbidden, "动态验证码", `name="highest" value="red" checked`)
	admin.send("/officers/chen/roles", field("roles", "auditor", "factor", "1")).want(http.StatusForbidden, `value="auditor" checked`)
	admin.send("/officers", field("id", "zhao", "name", "赵启明", "roles", "writer")).want(http.StatusForbidden, "动态验证码", `value="赵启明"`)
	o.call(sun, "POST", "/officers/chen/roles", map[string]any{"roles": []string{"auditor"}}, nil).refusal(http.StatusForbidden)
	o.call(sun, "POST", "/officers", map[string]any{"id": "zhao", "name": "赵启明", "roles": []string{"writer"}}, nil).refusal(http.StatusForbidden)
	o.call(sun, "PUT", "/grants", map[string]any{"seq": 0, "grants": []any{}}, nil).refusal(http.StatusForbidden)
	o.tells("sun", "officers.roles", audit.WrongFactor, 3)

	secret, now := o.authenticator("sun")
	acts(admin, "123456", http.StatusForbidden)
	o.browser().signIn(chen).send("/officers/li/reset", field("factor", "123456")).want(http.StatusForbidden, "管理员")
	admin.open("/officers/chen").want(200, `name="factor"`)
	admin.open("/officers").want(200, `name="factor"`)
	admin.open("/grants?officer=li").want(200, `name="factor"`)
	grant.Set("factor", code(t, secret, now))
	admin.send("/grants", grant).want(http.StatusSeeOther)
	// One code is good for two minutes of this page, and for no program.
	admin.open("/officers/chen").want(200).without(`name="factor"`)
	admin.send("/officers/chen/roles", field("roles", "auditor")).want(http.StatusSeeOther)
	o.call(sun, "POST", "/officers/li/reset", map[string]any{}, nil).refusal(http.StatusForbidden)
	o.call(sun, "POST", "/officers/li/token", map[string]any{"factor": code(t, secret, now.Add(30*time.Second))}, nil).want(200)
}

// authenticator sets an officer's app up; its codes of now and of the next half
// minute are unused.
func (o *office) authenticator(officer string) (secret string, now time.Time) {
	o.t.Helper()
	now = time.Now()
	secret, err := o.accounts.BeginFactor(o.t.Context(), officer)
	if err == nil {
		err = o.accounts.ConfirmFactor(o.t.Context(), officer, code(o.t, secret, now.Add(-30*time.Second)))
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return secret, now
}

// The audit names who came through the desk's own proxy, and does not take a
// stranger's word for where he is.
func TestTheAuditSeesThroughOurProxyOnly(t *testing.T) {
	for proxies, want := range map[string]string{"127.0.0.1/32": "203.0.113.9", "10.9.0.0/28": "127.0.0.1"} {
		t.Run(want, func(t *testing.T) {
			o := openOffice(t, func(c *console.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix(proxies)} })
			o.joins(zheng)
			body := strings.NewReader(url.Values{"officer": {"chen"}, "password": {"wrong"}}.Encode())
			r, err := http.NewRequest("POST", o.url+"/signin", body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Forwarded-For", "10.0.0.7, 203.0.113.9")
			o.browser().do(r).want(http.StatusUnprocessableEntity)
			if err := o.audit.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			o.call(zheng, "GET", "/audit?outcome=wrong-signin", nil, nil).want(200, `"`+want+`"`)
		})
	}
}
