package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// staffed is an office with an administrator.
func staffed(t *testing.T, change ...func(*console.Config)) (*office, *seated) {
	t.Helper()
	o := openOffice(t, change...)
	o.joins(sun)
	return o, o.browser().signIn(sun)
}

func field(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// An administrator makes an account, sets its roles and closes it. Each is in
// the journal; the officer's session and open page end with the roles; nobody
// changes the own account, and administering stands apart from approving.
func TestAnAdministratorLooksAfterAccounts(t *testing.T) {
	o, admin := staffed(t)
	o.browser().signIn(chen).open("/officers").want(http.StatusForbidden)
	admin.open("/officers").want(200, "陈晓岚", "没有电话", "只有一位管理员能登录")
	admin.send("/officers", field("id", "zhao", "name", "赵启明", "roles", "admin", "roles", "approver")).want(422, "管理员不能同时签发或审查", `value="赵启明"`)
	admin.send("/officers", field("id", "zhao", "name", "赵启明", "roles", "writer", "phone", "12345")).want(422, "手机号应为 11 位")
	p := admin.send("/officers", field("id", "zhao", "name", "赵启明", "roles", "writer", "phone", "138 0013 8000")).want(200, "第一次登录的密码", "8613800138000")
	first := regexp.MustCompile(`<code>([a-z2-9-]{19})</code>`).FindStringSubmatch(p.body)
	if first == nil {
		t.Fatalf("no password is shown:\n%s", p.text())
	}
	if _, err := o.accounts.Authenticate(t.Context(), "zhao", first[1]); err != nil {
		t.Errorf("the password that is shown does not let in: %v", err)
	}
	admin.send("/officers", field("id", "zhao", "name", "别人", "roles", "writer")).want(http.StatusConflict, "已经有这个账号")

	reader := o.browser().signIn(chen)
	reader.open("/").want(200)
	stream, err := reader.client.Get(o.url + "/desk/chen/events?seq=999999")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	admin.send("/officers/chen/roles", field("roles", "auditor")).want(303)
	reader.open("/").want(303)
	ended := make([]byte, 4096)
	said := ""
	for !strings.Contains(said, "signed-out") {
		n, err := stream.Body.Read(ended)
		if said += string(ended[:n]); err != nil {
			break
		}
	}
	if !strings.Contains(said, "event: signed-out") {
		t.Errorf("the open page was not told that the session ended: %q", said)
	}
	o.browser().signIn(chen).send("/new", leakForm()).want(http.StatusForbidden)

	admin.send("/officers/sun/roles", field("roles", "approver")).want(http.StatusForbidden, "不能改自己的账号")
	admin.send("/officers/sun/disable", nil).want(http.StatusForbidden)
	admin.send("/officers/zhao/disable", nil).want(303)
	if _, err := o.accounts.Authenticate(t.Context(), "zhao", first[1]); err == nil {
		t.Error("a disabled account lets in")
	}
	admin.open("/officers/zhao").want(200, "停用账号", "新建账号", "孙敏", "恢复账号")
	admin.open("/officers/nobody").want(404)
}

// The roster: too few people can be called, and every page says so until two
// who may retract have confirmed the shift.
func TestR7TheRosterAndItsWarning(t *testing.T) {
	o, admin := staffed(t)
	writer, signer := o.browser().signIn(chen), o.browser().signIn(li)
	for _, s := range []*seated{admin, writer, signer} {
		s.open("/notices").want(200, "值班人手不够", "R7")
	}
	now := time.Now().In(alert.Beijing())
	form := func(from time.Time) url.Values {
		return field("from", from.Format("2006-01-02T15:04"), "until", from.Add(8*time.Hour).Format("2006-01-02T15:04"), "officers", "li", "officers", "", "officers", "chen", "on_call", "wang")
	}
	writer.send("/roster", form(now)).want(http.StatusForbidden)
	bad := form(now)
	bad.Set("on_call", "li")
	admin.send("/roster", bad).want(422, "出现了两次")
	bad.Set("on_call", "nobody")
	admin.send("/roster", bad).want(422, "没有这位同事")
	bad = form(now)
	bad.Set("until", bad.Get("from"))
	admin.send("/roster", bad).want(422, "班次须有开始和结束")
	admin.send("/roster", form(now.Add(-time.Hour))).want(303)

	page := writer.open("/roster").want(200, "我能接到呼叫", "能叫到并且能撤回的：0 人", "R7")
	shift := regexp.MustCompile(`/roster/([0-9a-z-]+)/acknowledge`).FindStringSubmatch(page.body)[1]
	o.browser().signIn(wang).send("/roster/"+shift+"/acknowledge", nil).want(303)
	writer.open("/").want(200, "只有 1 人")
	writer.send("/roster/"+shift+"/acknowledge", nil).want(303)
	writer.open("/").want(200).without("值班人手不够")
	writer.open("/roster").want(200, "能叫到并且能撤回的：2 人").without("我能接到呼叫")

	var api struct {
		Able   int
		Red    bool
		Shifts []struct {
			ID       string
			Officers []string
		}
	}
	o.call(chen, "GET", "/roster", nil, &api).want(200)
	if api.Able != 2 || api.Red || len(api.Shifts) != 1 || strings.Join(api.Shifts[0].Officers, " ") != "li chen" {
		t.Errorf("the API says %+v", api)
	}
	o.call(li, "POST", "/roster/shifts/"+shift+"/acknowledge", nil, nil).want(200)
	o.call(sun, "POST", "/roster/shifts", map[string]any{"from": now.Add(9 * time.Hour), "until": now.Add(20 * time.Hour), "officers": []string{"wang"}}, nil).want(200)

	// A change and a cancellation say why; both stay on the page.
	changed := form(now.Add(-time.Hour))
	changed.Set("id", shift)
	admin.send("/roster", changed).want(422, "请写明为什么改这个班次")
	changed.Set("reason", "王守一家里有事")
	admin.send("/roster", changed).want(303)
	admin.send("/roster/"+shift+"/drop", url.Values{"reason": {""}}).want(422, "请写明为什么取消")
	admin.send("/roster/"+shift+"/drop", url.Values{"reason": {"台风过去了"}}).want(303)
	writer.open("/roster").want(200, "王守一家里有事", "台风过去了", "已取消")
	o.call(sun, "POST", "/roster/shifts/"+shift+"/drop", map[string]any{"reason": "再来"}, nil).refusal(http.StatusConflict)
}

// The table of authority is changed line by line and is in force at once. The
// first line does not silently take everybody else's authority away, two
// administrators do not overwrite each other, and nobody writes the own line.
func TestTheTableOfAuthorityIsInForceAtOnce(t *testing.T) {
	o, admin := staffed(t)
	signer := o.browser().signIn(li)
	signer.open("/grants").want(200, "还没有授权表", "王守一").without("修改", "保存，立即生效")
	edit := admin.open("/grants?officer=li").want(200, "授权给 李卫东")
	narrow := field("highest", "yellow", "areas", "440604", "act", "set")
	old := edit.form("/grants")
	admin.press(edit, "/grants", narrow).want(303)
	admin.open("/grants").want(200, "禅城区", "黄色", "王守一")
	o.desk.Read(func(st *alert.State) {
		if len(st.Grants.Grants) != 2 {
			t.Errorf("the first change left %d lines: %+v", len(st.Grants.Grants), st.Grants.Grants)
		}
	})
	old.Set("highest", "red")
	old.Set("areas", "440604")
	admin.post("/desk/sun/grants", old).want(http.StatusConflict, "别人刚刚改过授权表")

	id := o.submitted(o.browser().signIn(chen)) // orange, for two districts
	signer.press(signer.open("/notices/"+id+"/approve"), "/notices/"+id+"/review", nil).want(303)
	signer.press(signer.open("/notices/"+id+"/approve"), "/notices/"+id+"/sign", nil).want(http.StatusForbidden, "您只能签发黄色及以下")

	var table struct {
		Seq    uint64        `json:"seq"`
		Grants []alert.Grant `json:"grants"`
	}
	o.call(sun, "GET", "/grants", nil, &table).want(200)
	table.Grants = append(table.Grants, alert.Grant{Officer: "sun", Highest: alert.Red, Areas: []string{"440600"}})
	o.call(sun, "PUT", "/grants", table, nil).want(422)
	table.Grants = []alert.Grant{{Officer: "li", Highest: alert.Red, Areas: []string{"440600"}}}
	o.call(li, "PUT", "/grants", table, nil).want(http.StatusForbidden)
	o.call(sun, "PUT", "/grants", table, nil).want(200)
	o.call(sun, "PUT", "/grants", table, nil).want(http.StatusConflict)
	signer.press(signer.open("/notices/"+id+"/approve"), "/notices/"+id+"/sign", nil).want(303)
	admin.open("/grants").want(200, "不在授权表里：不能签发")
}

// The envelope is printed once, counted, and every use raises an alarm on all
// pages until an administrator looked into it.
func TestASealedEnvelopeIsPrintedAndAlarmsWhenItIsUsed(t *testing.T) {
	o, admin := staffed(t, func(c *console.Config) { c.FactorIn = []alert.Mode{alert.Drill} })
	signer, writer := o.browser().signIn(li), o.browser().signIn(chen)
	secret, now := o.authenticator("sun")
	admin.send("/officers/li/envelope", field("count", "21", "factor", code(t, secret, now))).want(422, "一次打印 1 到 20 个")
	sheet := admin.send("/officers/li/envelope", field("count", "3")).want(200, "李卫东", "共 3 个", "划掉")
	codes := regexp.MustCompile(`<code>([a-z2-9-]{19})</code>`).FindAllStringSubmatch(sheet.body, -1)
	if len(codes) != 3 {
		t.Fatalf("the sheet has %d codes", len(codes))
	}
	admin.open("/officers").want(200, "3 个码")

	id := o.submitted(writer)
	signer.press(signer.open("/notices/"+id+"/approve"), "/notices/"+id+"/review", nil).want(303)
	page := signer.open("/notices/" + id + "/approve")
	signer.press(page, "/notices/"+id+"/sign", field("factor", "aaaa-bbbb-cccc-dddd")).want(http.StatusForbidden)
	signer.press(page, "/notices/"+id+"/sign", field("factor", strings.ReplaceAll(codes[1][1], "-", ""))).want(303)
	writer.open("/").want(200, "密封信封里的一次性码被使用", "李卫东").without("去核实")
	admin.open("/").want(200, "去核实")
	admin.open("/officers").want(200, "共 1 次，还剩 2 个码", "2 个码")
	o.browser().get("/metrics").want(200, "mingluo_console_envelope_codes_total 1")
	signer.send("/officers/li/seen", nil).want(http.StatusForbidden)
	admin.send("/officers/li/seen", nil).want(303)
	writer.open("/").want(200).without("密封信封里的一次性码被使用")
	admin.open("/officers/li").want(200, "使用了密封信封里的一次性码", "核实了密封信封的使用")
}

// An officer says where to call, and every word of a call's state has both
// languages.
func TestAnOfficerSaysWhereToCall(t *testing.T) {
	o := openOffice(t)
	s := o.browser().signIn(chen)
	s.send("/account/reach", field("phone", "+1 202 555 0100")).want(422, "未开放该国家或地区的号码")
	s.send("/account/reach", field("phone", "138-0013-8000", "wechat", "")).want(303)
	s.open("/account").want(200, "8613800138000")
	o.call(chen, "PUT", "/me/reach", map[string]string{"phone": "13900139000", "wechat": ""}, nil).want(200)
	if a, err := o.accounts.Get(t.Context(), "chen"); err != nil || a.Phone != "+8613900139000" {
		t.Errorf("%+v %v", a, err)
	}
}
