package web

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// desk is an in-memory journal together with the acts of officers that the
// tests tell of. The real journal has tests of its own; here it is a list.
type desk struct {
	t    testing.TB
	mode alert.Mode

	mu     sync.Mutex
	events []alert.Event
	st     *alert.State
	wake   chan struct{}
	broken error // what Tail returns at once
}

func newDesk(t testing.TB, mode alert.Mode) *desk {
	return &desk{t: t, mode: mode, st: alert.NewState(), wake: make(chan struct{})}
}

func (d *desk) Seq() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return uint64(len(d.events))
}

func (d *desk) Tail(ctx context.Context, after uint64, fn func(alert.Event, []byte) error) error {
	for {
		d.mu.Lock()
		todo, wake, broken := d.events[min(after, uint64(len(d.events))):], d.wake, d.broken
		d.mu.Unlock()
		if broken != nil {
			return broken
		}
		for _, e := range todo {
			if err := fn(e, nil); err != nil {
				return err
			}
			after = e.Seq
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// say appends facts about an entity.
func (d *desk) say(by, id string, facts ...alert.Fact) uint64 {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range facts {
		e, err := alert.NewEvent(time.Now(), by, d.mode, id, f)
		if err != nil {
			d.t.Fatal(err)
		}
		e.Seq = uint64(len(d.events)) + 1
		if err := d.st.Apply(e); err != nil {
			d.t.Fatal(err)
		}
		d.events = append(d.events, e)
	}
	close(d.wake)
	d.wake = make(chan struct{})
	return uint64(len(d.events))
}

// submit puts a text before the approver, as the next revision.
func (d *desk) submit(id string, c alert.Content) (rev int, hash string) {
	d.t.Helper()
	d.mu.Lock()
	rev, verb := 1, alert.Issue
	if n := d.st.Notices[id]; n != nil {
		rev = len(n.Revisions) + 1
		if n.Current() != nil {
			verb = alert.Update
		}
	}
	d.mu.Unlock()
	d.say("officer-li-secret", id, alert.Submitted{Rev: rev, Verb: verb, Content: c, Touched: []string{"officer-li-secret"}})
	return rev, c.Hash(id, rev, verb, d.mode)
}

// release takes a text all the way to the public.
func (d *desk) release(id string, c alert.Content) uint64 {
	d.t.Helper()
	rev, hash := d.submit(id, c)
	return d.say("officer-chen-secret", id,
		alert.Reviewed{Rev: rev, Hash: hash, Note: "internal-review-note"},
		alert.Approved{Rev: rev, Hash: hash, Audience: map[string]int{"sms": 38412}},
		alert.Released{Rev: rev, Hash: hash})
}

// follow lifts, retracts or corrects.
func (d *desk) follow(id string, verb alert.Verb, text string) uint64 {
	d.t.Helper()
	d.mu.Lock()
	n := d.st.Notices[id]
	c, rev := n.Current().Content, len(n.Revisions)+1
	d.mu.Unlock()
	c.Headline = verb.ZH() + "：" + c.Headline
	c.Description, c.Instruction = text, "请恢复正常的生产生活秩序。"
	return d.say("officer-chen-secret", id, alert.Followed{Rev: rev, Verb: verb, Content: c, Reason: "internal-reason"})
}

func (d *desk) code(id string, rev int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.st.Notices[id].Rev(rev).Code()
}

// typhoon is a relayed signal for 禅城区 and two towns of 南海区.
func typhoon() alert.Content {
	now := time.Now().UTC().Truncate(time.Second)
	c := alert.Content{
		Kind: alert.KindRelay, Category: "Met", Event: "台风", Hazard: "11B01", Level: alert.Yellow,
		Urgency: "Expected", Severity: "Moderate", Certainty: "Likely",
		Headline:    "佛山市气象台发布台风黄色预警信号",
		HeadlineEN:  "Typhoon warning, yellow, for Chancheng and Nanhai",
		Description: "预计24小时内我市将受热带风暴影响，平均风力可达8级以上，阵风10级以上，并伴有暴雨。\n请密切留意后续信息。",
		Instruction: "停止高空、水上和户外作业；关好门窗，收好阳台物品；远离临时建筑、广告牌和树木；人员不要留在工棚内。",
		SenderName:  "佛山市应急管理局", Contact: "0757-12345",
		Effective: now, Expires: now.Add(18 * time.Hour),
		Areas: []string{"440604", "440605121", "440605124"}, AreaDesc: "禅城区全区，南海区九江镇、狮山镇",
		Groups: []string{"internal-group"}, Channels: []string{"sms", "wechat"},
		Authority: alert.Authority{Basis: "city", Ref: "internal-application-7"}, Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
		Source:  &alert.Source{Sender: "w@fs.example", Identifier: "44060041600000_20260905060000", Sent: now.Add(-20 * time.Minute), Name: "佛山市气象台", Original: "internal-original-sha"},
		Answers: "internal-incident",
	}
	c.Suspend = []alert.Suspension{
		{District: "440604", Text: "禅城区：信号生效期间，托儿所、幼儿园、中小学校、中等职业学校停课。", Confirmed: true},
		{District: "440608", Text: "unconfirmed-suspension", Confirmed: false},
	}
	return c
}

// chemical is a warning of the bureau's own.
func chemical(level alert.Level, headline string) alert.Content {
	c := typhoon()
	c.Kind, c.Category, c.Event, c.Hazard, c.Level = alert.KindCaution, "CBRNE", "危险化学品泄漏", "XCHEM", level
	c.Headline, c.HeadlineEN, c.Source, c.Suspend = headline, "", nil, nil
	c.Description, c.Instruction = "南海区狮山镇一处仓库发生氨气泄漏，正在处置。", "关闭门窗，用湿毛巾捂住口鼻，向上风方向撤离，听从现场人员指挥。"
	c.Areas, c.AreaDesc = []string{"440605124"}, "南海区狮山镇"
	c.Authority = alert.Authority{Basis: "own"}
	return c
}

// rig is a site on a real socket that follows a desk.
type rig struct {
	*desk
	site *Site
	base string
	reg  *prometheus.Registry
	end  func() // stops Run and the server; called by the test's end too

	srv    *http.Server
	serves sync.WaitGroup
}

func testConfig(d *desk, base string) Config {
	return Config{
		Gazetteer: alert.Foshan(), BaseURL: base,
		Owner: Owner{NameZH: "佛山市应急管理局", NameEN: "Foshan Emergency Management Bureau", TitleZH: "佛山应急预警", TitleEN: "Foshan emergency warnings"},
		CAP: func(n *alert.Notice, r *alert.Revision) ([]byte, error) {
			return xml.Marshal(struct {
				XMLName    xml.Name `xml:"urn:oasis:names:tc:emergency:cap:1.2 alert"`
				Identifier string   `xml:"identifier"`
				Raw        string   `xml:"note"` // everything the encoder is given, for the test of leaks
			}{Identifier: fmt.Sprintf("%s.%d", n.ID, r.No), Raw: fmt.Sprintf("%+v %+v", n, r)})
		},
		Text: func(n *alert.Notice, r *alert.Revision) map[string]string {
			sms := fmt.Sprintf("【应急管理局】%s%s：%s。%s至%s。%s核验码%s", mark(n.Mode, "zh", ""), r.Verb.ZH(), r.Content.Headline, r.Content.AreaDesc, alert.ShowTime(r.Content.Expires), r.Content.Instruction, r.Code())
			all := map[string]string{"sms": sms, "wechat": "通知：" + r.Content.Headline + "\n地点：" + r.Content.AreaDesc}
			sent := map[string]string{}
			for _, c := range r.Content.Channels { // as the application does
				sent[c] = all[c]
			}
			return sent
		},
		DrillBanner: d.mode == alert.Drill,
		Log:         slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// open starts a site; change adjusts its configuration.
func open(t testing.TB, d *desk, change func(*Config)) *rig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{desk: d, base: "http://" + l.Addr().String(), reg: prometheus.NewRegistry()}
	cfg := testConfig(d, r.base)
	cfg.Registry = r.reg
	if change != nil {
		change(&cfg)
	}
	if r.site, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.serve(l)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.site.Run(ctx, d); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	r.end = sync.OnceFunc(func() {
		stop, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		if err := r.site.Stop(stop); err != nil {
			t.Errorf("stop: %v", err)
		}
		cancel()
		r.unplug()
		wg.Wait()
	})
	t.Cleanup(r.end)
	return r
}

func (r *rig) serve(l net.Listener) {
	r.srv = r.site.Server("", nil)
	r.serves.Go(func() { _ = r.srv.Serve(l) })
}

// unplug breaks every connection and refuses new ones; plug ends that.
func (r *rig) unplug() {
	_ = r.srv.Close()
	r.serves.Wait()
}

func (r *rig) plug() {
	r.t.Helper()
	l, err := net.Listen("tcp", strings.TrimPrefix(r.base, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.serve(l)
}

// settled waits until the site shows everything the desk did.
func (r *rig) settled() {
	r.t.Helper()
	eventually(r.t, "the site has followed the journal", func() bool { return r.site.Ready() && r.site.Seq() == r.desk.Seq() })
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within 5 s: %s", what)
}

// get reads an address; header pairs may follow.
func (r *rig) get(path string, header ...string) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequest("GET", r.base+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// page reads a page that must be there.
func (r *rig) page(path string) string {
	r.t.Helper()
	status, body, _ := r.get(path)
	if status != http.StatusOK {
		r.t.Fatalf("GET %s: status %d: %.300s", path, status, body)
	}
	return body
}

// metric returns the sum of a metric's samples, of those with the label value
// if one is given.
func (r *rig) metric(name string, label ...string) float64 {
	r.t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if len(label) == 0 || len(m.GetLabel()) > 0 && m.GetLabel()[0].GetValue() == label[0] {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
