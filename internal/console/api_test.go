package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

func apiLeak() map[string]any {
	now := time.Now().UTC().Truncate(time.Second)
	return map[string]any{
		"kind": "caution", "hazard": "XCHEM", "level": "orange", "headline": "危化品泄漏警示", "description": "张槎街道一仓库发生泄漏。", "instruction": "请关好门窗。",
		"sender_name": "佛山市应急管理局", "effective": now, "expires": now.Add(6 * time.Hour), "areas": []string{"440604"}, "channels": []string{"sms"},
		"authority": map[string]any{"basis": "own"}, "scope": "public",
	}
}

type problemJSON struct {
	Type     string
	Title    string
	Status   int
	Detail   string
	DetailEN string `json:"detail_en"`
	Field    string
	Rule     string
	Problems []map[string]any
}

// refusal reads a problem+json and checks that both languages speak.
func (p *page) refusal(status int) problemJSON {
	p.t.Helper()
	var f problemJSON
	if ct := p.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/problem+json") {
		p.t.Errorf("content type %q", ct)
	}
	if err := json.Unmarshal([]byte(p.body), &f); err != nil {
		p.t.Fatalf("%v: %s", err, p.body)
	}
	if p.status != status || f.Status != status || f.Title == "" || f.Detail == "" || f.DetailEN == "" || !strings.HasPrefix(f.Type, "urn:mingluo:problem:") {
		p.t.Errorf("status %d, want %d: %s", p.status, status, p.body)
	}
	return f
}

// A script drives a whole notice: create and submit, review, approve, release,
// read the tallies and the trail, retract.
func TestAPIDrivesANotice(t *testing.T) {
	o := openOffice(t)
	var made struct {
		Draft, Notice string
		Rev           int
	}
	o.call(chen, "POST", "/notices?submit=1", apiLeak(), &made).want(201)
	if made.Notice == "" || made.Rev != 1 {
		t.Fatalf("got %+v", made)
	}
	var n struct{ Hash, State string }
	o.call(li, "GET", "/notices/"+made.Notice, nil, &n).want(200)
	act := map[string]any{"rev": 1, "hash": n.Hash}
	o.call(li, "POST", "/notices/"+made.Notice+"/approve", act, nil).refusal(409) // the review comes first
	o.call(li, "POST", "/notices/"+made.Notice+"/review", act, nil).want(200)
	o.call(li, "POST", "/notices/"+made.Notice+"/approve", map[string]any{"rev": 1, "hash": strings.Repeat("0", 64)}, nil).refusal(409)
	o.call(li, "POST", "/notices/"+made.Notice+"/approve", act, nil).want(200)
	o.call(li, "POST", "/notices/"+made.Notice+"/release", map[string]any{"rev": 1, "hash": strings.Repeat("0", 64)}, nil).refusal(409)
	o.call(li, "POST", "/notices/"+made.Notice+"/release", act, nil).want(200, `"state":"released"`)

	o.deliver(made.Notice, 1, "sms", map[string]int{"accepted": 600, "refused": 17})
	var sums struct {
		Revisions []struct {
			Done     bool
			Channels []struct {
				Channel string
				Counts  map[string]int
			}
		}
	}
	eventually(t, "the tallies are told", func() bool {
		o.call(chen, "GET", "/notices/"+made.Notice+"/progress", nil, &sums)
		return len(sums.Revisions) == 1 && sums.Revisions[0].Done && sums.Revisions[0].Channels[0].Counts["accepted"] == 600
	})
	o.call(chen, "POST", "/notices/"+made.Notice+"/retract", map[string]any{"rev": 9}, nil).refusal(409)
	o.call(chen, "POST", "/notices/"+made.Notice+"/retract", map[string]any{"rev": 1, "reason": "发错了"}, nil).want(200, `"rev":2`, `"state":"retracted"`)
	o.call(chen, "POST", "/notices/"+made.Notice+"/lift", map[string]any{"rev": 2}, nil).refusal(409)
	var trail struct {
		Trail []struct{ Type, Name string }
	}
	o.call(chen, "GET", "/notices/"+made.Notice+"/trail", nil, &trail).want(200)
	var types []string
	for _, s := range trail.Trail {
		types = append(types, s.Type)
	}
	got := strings.Join(types, " ")
	if !strings.HasPrefix(got, "notice.submitted notice.reviewed notice.approved notice.released plan.made notice.followed") {
		t.Errorf("trail: %s", got)
	}
}

// Drafts by API: a save names the save it started from.
func TestAPIDrafts(t *testing.T) {
	o := openOffice(t)
	var d struct {
		Draft   string
		Seq     uint64
		Content map[string]any
	}
	o.call(chen, "POST", "/notices", apiLeak(), &d).want(201)
	first := d.Seq
	d.Content["headline"] = "改过的标题"
	o.call(chen, "PUT", "/drafts/"+d.Draft, map[string]any{"seq": first, "content": d.Content}, &d).want(200, "改过的标题")
	o.call(wang, "PUT", "/drafts/"+d.Draft, map[string]any{"seq": first, "content": apiLeak()}, nil).refusal(409)
	o.call(chen, "GET", "/drafts", nil, nil).want(200, d.Draft)
	o.call(chen, "POST", "/drafts/"+d.Draft+"/submit", map[string]any{}, nil).refusal(422)
	o.call(chen, "POST", "/drafts/"+d.Draft+"/submit", map[string]any{"seq": first}, nil).refusal(409)
	o.call(chen, "POST", "/drafts/"+d.Draft+"/submit", map[string]any{"seq": d.Seq}, nil).want(200, `"state":"submitted"`)
	o.call(chen, "POST", "/notices", apiLeak(), &d).want(201)
	o.call(chen, "DELETE", "/drafts/"+d.Draft, nil, nil).want(200)
	o.call(chen, "GET", "/drafts/"+d.Draft, nil, nil).refusal(404)
}

// A CAP file by API, with submit: what is missing is told, and nothing stays.
func TestAPITakesCAP(t *testing.T) {
	o := openOffice(t)
	send := func(path, media, body string) *page {
		r, err := http.NewRequest("POST", o.url+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+o.tokens["chen"])
		r.Header.Set("Content-Type", media)
		return o.browser().do(r)
	}
	send("/notices", "application/cap+xml", string(sampleTyphoon())).want(201, "台风", `"warnings"`, `"yellow"`)
	if f := send("/notices?submit=1", "application/cap+xml", string(sampleTyphoon())).refusal(422); f.Rule != "R26" {
		t.Errorf("got %+v", f)
	}
	var list struct{ Drafts []any }
	o.call(chen, "GET", "/drafts", nil, &list)
	if len(list.Drafts) != 1 {
		t.Errorf("%d drafts are left, want the one that was not to be submitted", len(list.Drafts))
	}
	send("/notices", "application/cap+xml", "<!DOCTYPE x><alert/>").refusal(422)
	send("/notices", "application/cap+xml", strings.Repeat(" ", 4<<20+9)).refusal(413)
	send("/notices", "text/plain", "x").refusal(422)
}

// Input is strict: the field is named, and the token is asked for.
func TestAPIRefusesWithAName(t *testing.T) {
	o := openOffice(t)
	bad := apiLeak()
	bad["expries"] = bad["expires"]
	if f := o.call(chen, "POST", "/notices", bad, nil).refusal(422); f.Field != "expries" {
		t.Errorf("got %+v", f)
	}
	wrong := apiLeak()
	wrong["areas"] = "440604"
	if f := o.call(chen, "POST", "/notices", wrong, nil).refusal(422); f.Field != "areas" {
		t.Errorf("got %+v", f)
	}
	o.call(chen, "POST", "/notices", `{"level":"purple"}`, nil).refusal(422)
	o.call(chen, "POST", "/notices", `{} {}`, nil).refusal(422)
	o.call(chen, "POST", "/notices", ``, nil).refusal(422)
	o.call(chen, "POST", "/notices", `{"headline":"`+strings.Repeat("x", 300<<10)+`"}`, nil).refusal(413)
	noArea := apiLeak()
	noArea["areas"] = []string{}
	f := o.call(chen, "POST", "/notices?submit=1", noArea, nil).refusal(422)
	if len(f.Problems) == 0 || f.Problems[0]["rule"] != "R11" || f.Problems[0]["field"] != "areas" {
		t.Errorf("got %+v, want R11 on areas", f)
	}
	o.call(chen, "POST", "/notices/none/approve", map[string]any{"rev": 1}, nil).refusal(404)
	o.call(chen, "GET", "/nothing", nil, nil).refusal(404)

	o.tokens["chen"] = "ml_chen_" + strings.Repeat("A", 43)
	p := o.call(chen, "GET", "/notices", nil, nil)
	p.refusal(401)
	if p.header.Get("WWW-Authenticate") == "" {
		t.Error("no word about how to authenticate")
	}
	r, err := o.browser().client.Get(o.url + "/api/v1/notices")
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	if r.StatusCode != 401 {
		t.Errorf("without a token: %d", r.StatusCode)
	}
}

// R1 by API: whoever touched the text is refused by the rule's name.
func TestR1ByAPI(t *testing.T) {
	o := openOffice(t)
	var made struct{ Notice string }
	o.call(wang, "POST", "/notices?submit=1", apiLeak(), &made).want(201)
	var n struct{ Hash string }
	o.call(wang, "GET", "/notices/"+made.Notice, nil, &n)
	for _, act := range []string{"review", "approve"} {
		if f := o.call(wang, "POST", "/notices/"+made.Notice+"/"+act, map[string]any{"rev": 1, "hash": n.Hash}, nil).refusal(403); f.Rule != "R1" {
			t.Errorf("%s: %+v", act, f)
		}
	}
}

// Incidents by API, with their clocks as data.
func TestAPIIncidents(t *testing.T) {
	o := openOffice(t)
	now := time.Now().UTC().Truncate(time.Second)
	facts := map[string]any{"title": "爆燃", "unit": "", "place": "狮山", "area": "440605", "course": "", "measures": "", "occurred": now.Add(-time.Hour), "received": now.Add(-50 * time.Minute), "deaths": 11, "missing": 0, "injured": 0, "loss": 0}
	var inc struct {
		Incident, Level string
		Duties          []struct {
			Duty, State string
			Due         time.Time
		}
	}
	o.call(chen, "POST", "/incidents", facts, &inc).want(201)
	due := map[string]time.Time{}
	for _, d := range inc.Duties {
		if due[d.Duty] = d.Due; d.State != "open" {
			t.Errorf("%+v", d)
		}
	}
	if inc.Level != "major" || !due["info5h"].Equal(now.Add(4*time.Hour)) || !due["up2h"].Equal(now.Add(70*time.Minute)) {
		t.Fatalf("got %+v", inc)
	}
	report := map[string]any{"duty": "up2h", "at": now.Add(-10 * time.Minute), "evidence": "省值班室已接"}
	o.call(chen, "POST", "/incidents/"+inc.Incident+"/done", report, nil).want(200, `"state":"met"`, "省值班室已接", `"duty":"twice"`)
	report["evidence"] = ""
	o.call(chen, "POST", "/incidents/"+inc.Incident+"/done", report, nil).refusal(422)
	o.call(chen, "GET", "/duties", nil, nil).want(200, "info5h", "press24h", `"now"`)
	o.call(chen, "GET", "/incidents", nil, nil).want(200, inc.Incident)
	o.call(chen, "POST", "/incidents/"+inc.Incident+"/answer", map[string]any{}, nil).want(201, `"answers":"`+inc.Incident)
	o.call(chen, "POST", "/incidents/"+inc.Incident+"/conference", map[string]any{"at": now, "place": "新闻发布厅"}, nil).want(200, `"state":"met"`)
	o.call(chen, "POST", "/incidents/"+inc.Incident+"/close", map[string]any{"reason": ""}, nil).refusal(422)
	o.call(chen, "POST", "/incidents/"+inc.Incident+"/close", map[string]any{"reason": "处置完毕"}, nil).want(200, `"state":"void"`)
	o.call(chen, "POST", "/incidents/none/close", map[string]any{"reason": "x"}, nil).refusal(404)
}

// Where there are two modes a script has to say which (R4).
func TestR4APINamesTheMode(t *testing.T) {
	o := openOffice(t, func(c *console.Config) { c.Modes = []alert.Mode{alert.Live, alert.Drill}; c.DemoLinks = nil })
	if f := o.call(chen, "GET", "/me", nil, nil).refusal(422); f.Field != "Mingluo-Mode" {
		t.Errorf("got %+v", f)
	}
}

// The preview is what would be sent, to how many, and what is missing.
func TestAPIPreview(t *testing.T) {
	o := openOffice(t)
	o.call(chen, "POST", "/preview", apiLeak(), nil).want(200, `"sms":617`, "【演练】", "演练 · 危险化学品橙色 · 禅城区 · 短信 617 人", `"problems":null`)
}
