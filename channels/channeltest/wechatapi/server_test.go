package wechatapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// office is a service that calls the imitation, without any library.
type office struct {
	*testing.T
	s *Server
}

func open(t *testing.T, change func(*Config)) office {
	c := Config{AppID: "wx1", AppSecret: "secret", Templates: []Template{{ID: "T1", Title: "预警信息通知",
		Fields: []Field{{"thing1", "预警类型"}, {"time2", "时间"}}}}}
	if change != nil {
		change(&c)
	}
	s, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := s.Follow("ann", "bob"); err != nil {
		t.Fatal(err)
	}
	return office{t, s}
}

func (o office) post(path string, body any, into any) {
	o.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		o.Fatal(err)
	}
	resp, err := http.Post(o.s.URL()+path, "application/json", bytes.NewReader(b))
	if err != nil {
		o.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		o.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		o.Fatalf("%s answered %q: %v", path, raw, err)
	}
}

func (o office) token(force bool) string {
	o.Helper()
	var got struct {
		tokenReply
		reply
	}
	o.post("/cgi-bin/stable_token", map[string]any{"grant_type": "client_credential", "appid": "wx1", "secret": "secret", "force_refresh": force}, &got)
	if got.ErrCode != 0 {
		o.Fatalf("token: errcode %d", got.ErrCode)
	}
	return got.AccessToken
}

func message(to, what, id string) map[string]any {
	return map[string]any{"touser": to, "template_id": "T1", "url": "https://example.test/n/1", "client_msg_id": id,
		"data": map[string]any{"thing1": map[string]string{"value": what}, "time2": map[string]string{"value": "2026年8月1日 14:00~2026年8月1日 20:00"}}}
}

func (o office) send(token string, m map[string]any) reply {
	o.Helper()
	var r reply
	o.post("/cgi-bin/message/template/send?access_token="+token, m, &r)
	return r
}

// TestAMessageLandsOnThePhone: what was accepted is what the person sees.
func TestAMessageLandsOnThePhone(t *testing.T) {
	o := open(t, nil)
	r := o.send(o.token(false), message("ann", "台风黄色预警", "m1"))
	if r.ErrCode != 0 || r.MsgID == 0 {
		t.Fatalf("answer %+v", r)
	}
	got := o.s.Messages("ann")
	if len(got) != 1 || got[0].MsgID != r.MsgID || got[0].Title != "预警信息通知" || got[0].URL == "" {
		t.Fatalf("phone: %+v", got)
	}
	if f := got[0].Fields[0]; f.Label != "预警类型" || f.Value != "台风黄色预警" {
		t.Errorf("first line %+v", f)
	}
	if len(o.s.Messages("bob")) != 0 {
		t.Error("bob has ann's message")
	}
}

// TestWhatThePlatformRefuses holds the codes of the checks, in their order.
func TestWhatThePlatformRefuses(t *testing.T) {
	o := open(t, nil)
	token := o.token(false)
	o.s.Unfollow("bob")
	long := message("ann", strings.Repeat("长", 21), "")
	badTime := message("ann", "台风", "")
	badTime["data"].(map[string]any)["time2"] = map[string]string{"value": "明天"}
	noTemplate := message("ann", "台风", "")
	noTemplate["template_id"] = "T9"
	for _, c := range []struct {
		name  string
		token string
		m     map[string]any
		want  int
	}{
		{"no token", "", message("ann", "台风", ""), 41001},
		{"a made-up token", "nonsense", message("ann", "台风", ""), 40001},
		{"somebody unknown", token, message("zoe", "台风", ""), 40003},
		{"one who left", token, message("bob", "台风", ""), 43004},
		{"no such template", token, noTemplate, 40037},
		{"21 characters in a thing", token, long, 47003},
		{"a time that is none", token, badTime, 47003},
		{"an empty field", token, message("ann", "", ""), 47003},
	} {
		if r := o.send(c.token, c.m); r.ErrCode != c.want {
			t.Errorf("%s: errcode %d, want %d", c.name, r.ErrCode, c.want)
		}
	}
	if n := o.s.Counts().Accepted; n != 0 {
		t.Errorf("%d accepted", n)
	}
}

// TestTheSameClientMsgIDIsOneMessage, and the same text without one is counted
// as doubled: that count is how a test sees a real duplicate.
func TestTheSameClientMsgIDIsOneMessage(t *testing.T) {
	o := open(t, nil)
	token := o.token(false)
	first := o.send(token, message("ann", "台风", "m1"))
	again := o.send(token, message("ann", "台风", "m1"))
	if again.ErrCode != 45065 || again.MsgID != first.MsgID {
		t.Errorf("the second: %+v, want 45065 with the first's id", again)
	}
	if r := o.send(token, message("bob", "台风", "m1")); r.ErrCode != 0 {
		t.Errorf("the same id to somebody else: errcode %d", r.ErrCode)
	}
	if r := o.send(token, message("ann", "台风", "m2")); r.ErrCode != 0 {
		t.Errorf("another id: errcode %d", r.ErrCode)
	}
	c := o.s.Counts()
	if c.Accepted != 3 || c.Distinct != 2 || c.Doubled != 1 || c.Deduplicated != 1 {
		t.Errorf("counts %+v", c)
	}
}

// TestTokensEnd: expired is 42001, revoked is 40001, and a renewal helps. A
// forced refresh within 30 seconds of another gives the token there is.
func TestTokensEnd(t *testing.T) {
	o := open(t, nil)
	one := o.token(false)
	if o.token(false) != one {
		t.Error("the stable token changed without need")
	}
	o.s.ExpireToken()
	if r := o.send(one, message("ann", "台风", "")); r.ErrCode != 42001 {
		t.Errorf("expired: errcode %d", r.ErrCode)
	}
	two := o.token(false)
	if two == one {
		t.Error("an expired token was given out")
	}
	three := o.token(true)
	if three == two || o.token(true) != three {
		t.Error("force_refresh: want a new token, and no third within 30 s")
	}
	if r := o.send(two, message("ann", "台风", "")); r.ErrCode != 0 {
		t.Errorf("the predecessor, within five minutes: errcode %d", r.ErrCode)
	}
	o.s.RevokeToken()
	if r := o.send(three, message("ann", "台风", "")); r.ErrCode != 40001 {
		t.Errorf("revoked: errcode %d", r.ErrCode)
	}
}

// TestQuotaRunsOut, and the account says so itself.
func TestQuotaRunsOut(t *testing.T) {
	o := open(t, nil)
	token := o.token(false)
	o.s.SetFaults(func(f *Faults) { f.Quota = 1 })
	if r := o.send(token, message("ann", "台风", "")); r.ErrCode != 0 {
		t.Fatalf("the last of the quota: %+v", r)
	}
	if r := o.send(token, message("bob", "台风", "")); r.ErrCode != 45009 {
		t.Errorf("beyond the quota: errcode %d", r.ErrCode)
	}
	var q struct {
		Quota struct{ Remain int } `json:"quota"`
	}
	o.post("/cgi-bin/openapi/quota/get?access_token="+token, map[string]string{}, &q)
	if q.Quota.Remain != 0 {
		t.Errorf("remain %d", q.Quota.Remain)
	}
}

// TestPhonesSurviveARestart: through JSON into another server.
func TestPhonesSurviveARestart(t *testing.T) {
	o := open(t, func(c *Config) { c.KeepMessages = 3 })
	token := o.token(false)
	for _, what := range []string{"一", "二", "三", "四"} {
		o.send(token, message("ann", what, "id-"+what))
	}
	b, err := json.Marshal(o.s.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	var st State
	if err := json.Unmarshal(b, &st); err != nil {
		t.Fatal(err)
	}
	next := open(t, func(c *Config) { c.KeepMessages = 3 })
	if err := next.s.Restore(st); err != nil {
		t.Fatal(err)
	}
	got := next.s.Messages("ann")
	if len(got) != 3 || got[0].Fields[0].Value != "二" || got[2].Fields[0].Value != "四" {
		t.Errorf("restored: %+v", got)
	}
	if a, b := o.s.Counts(), next.s.Counts(); a.Accepted != b.Accepted || a.Distinct != b.Distinct {
		t.Errorf("counts %+v became %+v", a, b)
	}
	if r := next.send(next.token(false), message("ann", "四", "id-四")); r.ErrCode != 45065 || r.MsgID != got[2].MsgID {
		t.Errorf("the same client_msg_id after a restart: %+v", r)
	}
	if r := next.send(next.token(false), message("ann", "五", "")); r.MsgID <= got[2].MsgID {
		t.Errorf("message ids went back: %d after %d", r.MsgID, got[2].MsgID)
	}
}

// TestFieldTypes holds the table of values.
func TestFieldTypes(t *testing.T) {
	types := newFieldTypes()
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"thing1", strings.Repeat("字", 20), true},
		{"thing1", strings.Repeat("字", 21), false},
		{"thing1", "a\nb", false},
		{"thing1", strings.Repeat("😀", 11), false},
		{"phrase2", "黄色预警", true},
		{"phrase2", "yellow", false},
		{"phrase2", "六个汉字不行", false},
		{"time3", "15:01", true},
		{"time3", "2026年8月1日 14:00~2026年8月1日 20:00", true},
		{"time3", "14:00~20:00", true},
		{"time3", "25:00", false},
		{"date4", "2026年8月1日", true},
		{"date4", "2026-08-01 14:00", true},
		{"character_string5", "ABCD2345", true},
		{"character_string5", "核验码", false},
		{"number6", "-3.5", true},
		{"keyword1", "旧模板", false},
		{"thing1", "", false},
		{"thing1", "\xff", false},
	} {
		if got := valid(types, c.name, c.value); got != c.want {
			t.Errorf("%s = %q: %v, want %v", c.name, c.value, got, c.want)
		}
	}
}

// TestDedupeIsBounded: ten minutes at least, twenty at most, and never more
// than two halves.
func TestDedupeIsBounded(t *testing.T) {
	d, now := newDedupe(), time.Now()
	d.put("ann", "m1", 7, now)
	if id, ok := d.find("ann", "m1", now.Add(9*time.Minute)); !ok || id != 7 {
		t.Error("forgotten within ten minutes")
	}
	d.find("ann", "m1", now.Add(11*time.Minute))
	if _, ok := d.find("ann", "m1", now.Add(22*time.Minute)); ok {
		t.Error("remembered beyond twenty minutes")
	}
}

// hook is a service that takes callbacks as told by answer.
func hook(t *testing.T, answer func(n int) int) (address string, calls func() []url.Values) {
	var mu sync.Mutex
	var got []url.Values
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.URL.Query())
		w.WriteHeader(answer(len(got)))
		_, _ = io.WriteString(w, "success")
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/wechat?tenant=1", func() []url.Values {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

func withCallbacks(address string) func(*Config) {
	return func(c *Config) {
		c.CallbackURL, c.Token, c.EncodingAESKey = address, "tok", strings.Repeat("A", 43)
		c.CallbackDelay = time.Millisecond
	}
}

func (o office) until(what string, ok func() bool) {
	o.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			o.Fatalf("not within 10 s: %s", what)
		}
	}
}

// TestACallbackIsTriedThreeTimes, each with its own nonce, and then lost.
func TestACallbackIsTriedThreeTimes(t *testing.T) {
	address, calls := hook(t, func(n int) int {
		if n <= 2 || n > 3 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	o := open(t, withCallbacks(address))
	token := o.token(false)
	o.send(token, message("ann", "台风", ""))
	o.until("the third try is taken", func() bool { return o.s.Counts().Callbacks == 1 })
	o.send(token, message("bob", "台风", ""))
	o.until("three tries fail", func() bool { return o.s.Counts().CallbacksLost == 1 })
	nonces := map[string]bool{}
	for _, q := range calls() {
		nonces[q.Get("nonce")] = true
		if q.Get("tenant") != "1" || q.Get("encrypt_type") != "aes" || q.Get("signature") != sign("tok", q.Get("timestamp"), q.Get("nonce")) {
			t.Errorf("callback %v", q)
		}
	}
	if len(nonces) != 6 {
		t.Errorf("%d nonces in six tries", len(nonces))
	}
}

// TestCallbacksGoWrongAsTold: every second is lost, the others come twice.
func TestCallbacksGoWrongAsTold(t *testing.T) {
	address, calls := hook(t, func(int) int { return http.StatusOK })
	o := open(t, withCallbacks(address))
	o.s.SetFaults(func(f *Faults) { f.CallbackLose, f.CallbackTwice, f.CallbackShuffle = 2, true, true })
	token := o.token(false)
	for i := range 10 {
		o.send(token, message("ann", "台风", strconv.Itoa(i)))
	}
	o.until("five come twice", func() bool { return o.s.Counts().Callbacks == 10 })
	if c := o.s.Counts(); c.CallbacksLost != 5 || len(calls()) != 10 {
		t.Errorf("%+v, %d calls", c, len(calls()))
	}
}
