package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
	"mingluo/internal/cap"
	"mingluo/internal/console"
	"mingluo/internal/desk"
	"mingluo/internal/journal"
	"mingluo/internal/openapi/openapitest"
	"mingluo/internal/progress"
)

// office is a console on a real listener, over a real desk and a real record.
// The audience has a fixed size and the renderer writes plain texts.
type office struct {
	t        *testing.T
	url      string
	desk     *desk.Desk
	store    *journal.Store
	accounts *console.Accounts
	console  *console.Console
	tracker  *progress.Tracker
	watch    *desk.Watch
	tokens   map[string]string
	channels *health
	audit    *audit.Log
	roll     *door // nil where the console has none
	promised func() *openapitest.Contract
}

const password = "correct horse battery" // every officer's, in tests

var cheap = console.Argon{MemoryKiB: 64, Passes: 1, Threads: 1}

// people of the office: two who write, one who reviews and approves.
var (
	chen = alert.Officer{ID: "chen", Name: "陈晓岚", Roles: []alert.Role{alert.RoleWriter}}
	li   = alert.Officer{ID: "li", Name: "李卫东", Roles: []alert.Role{alert.RoleReviewer, alert.RoleApprover}}
	wang = alert.Officer{ID: "wang", Name: "王守一", Roles: []alert.Role{alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover}}
)

// crowd is an audience with so many people per district and channel.
type crowd struct{ perDistrict map[string]int }

func (c crowd) Count(_ context.Context, q alert.Query) (map[string]int, map[string]map[string]int, error) {
	g := alert.Foshan()
	per, by := map[string]int{}, map[string]map[string]int{}
	for ch, n := range c.perDistrict {
		by[ch] = map[string]int{}
		for _, d := range g.Districts() {
			for _, a := range q.Areas {
				if g.Covers(a, d) && by[ch][d] == 0 {
					by[ch][d] = n + len(by[ch])*7
					per[ch] += by[ch][d]
				}
			}
		}
	}
	return per, by, nil
}

func (c crowd) PerBucket(ctx context.Context, channel string, q alert.Query) (*[alert.Buckets]int, error) {
	per, _, err := c.Count(ctx, q)
	var out [alert.Buckets]int
	for i := range per[channel] {
		out[i%alert.Buckets]++
	}
	return &out, err
}

func (crowd) WaitFor(context.Context, uint64) error { return nil }

// pen renders roughly as the real channels do.
type pen struct{}

func (pen) Channels() []string { return []string{"sms", "wechat"} }

func (pen) Render(channel string, s desk.Said, _ string) (desk.Text, error) {
	c, mark := s.Content, ""
	if s.Mode == alert.Drill {
		mark = "【演练】"
	}
	if channel == "wechat" {
		f := map[string]string{"预警类型": mark + c.Event + c.Level.ZH(), "影响区域": c.AreaDesc, "有效时间": alert.ShowTime(c.Effective) + " 至 " + alert.ShowTime(c.Expires), "防御指引": c.Instruction + mark}
		return desk.Text{Text: f["预警类型"] + "\n" + f["影响区域"] + "\n" + f["有效时间"] + "\n" + f["防御指引"], Parts: 1, Fields: f}, nil
	}
	text := fmt.Sprintf("【佛山应急】%s%s：%s%s%s有效至%s。验证码%s%s", mark, c.AreaDesc, c.Headline, c.Description, c.Instruction, alert.ShowTime(c.Expires), s.Code, mark)
	return desk.Text{Text: text, Parts: (len([]rune(text)) + 66) / 67}, nil
}

// health is what the channels say of themselves.
type health struct {
	mu  sync.Mutex
	all []console.ChannelStatus
}

func (h *health) now() []console.ChannelStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]console.ChannelStatus(nil), h.all...)
}

func (h *health) route(name string) progress.Route {
	for _, c := range h.now() {
		if c.Name == name {
			return progress.Route{Name: c.Route, Imitation: c.Imitation, Ready: c.Ready, Reason: c.Reason}
		}
	}
	return progress.Route{Name: name}
}

func openOffice(t *testing.T, change ...func(*console.Config)) *office {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	o := &office{t: t, tokens: map[string]string{}, channels: &health{all: []console.ChannelStatus{
		{Name: "sms", Route: "仿真短信中心", Imitation: true, Ready: true, Rate: 66, PartRate: 200},
		{Name: "wechat", Route: "仿真微信接口", Imitation: true, Ready: true, Rate: 400, Fixed: true, Quota: 1000},
	}}}
	quiet := slog.New(slog.DiscardHandler)
	var err error
	if o.store, err = journal.Open(ctx, journal.Config{Dir: t.TempDir(), AllowUnsafeStore: true, Log: quiet}); err != nil {
		t.Fatal(err)
	}
	book, err := o.store.OpenBook(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o.desk = desk.New(desk.Config{Book: book, Store: o.store, Audience: crowd{map[string]int{"sms": 617, "wechat": 283}}, Renderer: pen{}, Gazetteer: alert.Foshan(), Rules: alert.FoshanDuties()})
	o.tracker = progress.NewTracker(book, o.channels.route)
	o.watch = &desk.Watch{Book: book, Store: o.store, Rules: alert.FoshanDuties(), Log: quiet}
	spread := &desk.Spread{Book: book, Store: o.store, Audience: crowd{map[string]int{"sms": 617, "wechat": 283}}, Log: quiet, Closed: o.tracker.Closed, Finished: o.tracker.Finished, Reached: o.tracker.Reached}
	var wg sync.WaitGroup
	wg.Go(func() { spread.Run(ctx) })
	wg.Go(func() { o.tracker.Run(ctx, o.store, 1) })
	if o.accounts, err = console.NewAccounts(o.store, bytes.Repeat([]byte{7}, 32), cheap); err != nil {
		t.Fatal(err)
	}
	for _, who := range []alert.Officer{chen, li, wang} {
		if o.tokens[who.ID], err = o.accounts.Create(ctx, who, password); err != nil {
			t.Fatal(err)
		}
	}
	o.audit = audit.New(o.store, o.accounts.Known, quiet)
	cfg := console.Config{
		Audit: o.audit,
		Desk:  o.desk, Progress: o.tracker, Accounts: o.accounts, Store: o.store, ImportCAP: importCAP, Renderer: pen{}, Gazetteer: alert.Foshan(), Channels: o.channels.now,
		Groups: []string{"危化企业", "工地", "学校", "镇街安监办", "应急责任人", "市民"}, Modes: []alert.Mode{alert.Drill}, Key: bytes.Repeat([]byte{9}, 32),
		SenderName: "佛山市应急管理局", Contact: "12350", Registry: prometheus.NewRegistry(), DemoLinks: map[string]string{"chen-word": "chen", "li-word": "li"},
	}
	for _, f := range change {
		f(&cfg)
	}
	wg.Go(func() { o.audit.Run(ctx) })
	o.roll, _ = cfg.Roll.(*door)
	if o.console, err = console.New(cfg); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = o.console.Server()
	srv.Start()
	o.url = srv.URL
	o.promised = sync.OnceValue(o.readContract)
	t.Cleanup(func() {
		o.console.Stop()
		srv.Close()
		cancel()
		wg.Wait()
		book.Close()
		o.store.Close(context.Background())
	})
	return o
}

func importCAP(_ context.Context, data []byte, _ alert.Mode, now time.Time) (alert.Content, []string, error) {
	a, warnings, err := cap.Parse(bytes.NewReader(data))
	if err != nil {
		return alert.Content{}, nil, err
	}
	d, err := cap.Draft(a, alert.Foshan(), now, cap.Original(data), cap.Shift())
	if err != nil {
		return alert.Content{}, nil, err
	}
	var out []string
	for _, w := range append(warnings, d.Warnings...) {
		out = append(out, w.ZH)
	}
	return d.Content, out, nil
}

// leakForm is a notice by hand, as a writer fills it in.
func leakForm() url.Values {
	now := time.Now().In(alert.Beijing())
	return url.Values{
		"kind": {"caution"}, "hazard": {"XCHEM"}, "level": {"orange"}, "event": {"危险化学品"},
		"headline": {"张槎街道仓库危化品泄漏警示"}, "description": {"张槎街道一仓库发生液氨泄漏，气味正向东扩散。"}, "instruction": {"请关好门窗，不要靠近现场，听从现场指挥。"},
		"areas": {"440604", "440605"}, "area_desc": {""}, "effective": {now.Format("2006-01-02T15:04")}, "expires": {now.Add(6 * time.Hour).Format("2006-01-02T15:04")},
		"channels": {"sms", "wechat"}, "sender_name": {"佛山市应急管理局"}, "contact": {"12350"},
		"authority_basis": {"own"}, "scope": {"public"}, "openness": {"active"},
	}
}

// submitted brings the leak before the reviewers and returns its id.
func (o *office) submitted(s *seated) string {
	o.t.Helper()
	f := leakForm()
	f.Set("act", "submit")
	p := s.send("/new", f)
	if p.status != http.StatusSeeOther {
		o.t.Fatalf("submit: %d\n%s", p.status, p.text())
	}
	return strings.TrimPrefix(p.header.Get("Location"), "/desk/"+s.who.ID+"/notices/")
}

// released takes the leak through both officers.
func (o *office) released(author, judge *seated) string {
	o.t.Helper()
	id := o.submitted(author)
	for _, act := range []string{"review", "approve", "release"} {
		p := judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/"+act, nil)
		p.want(http.StatusSeeOther)
	}
	return id
}

// deliver writes a slice's tally as a worker would.
func (o *office) deliver(notice string, rev int, channel string, counts map[string]int) {
	o.t.Helper()
	var slices []alert.Slice
	eventually(o.t, "the plan is made", func() bool {
		o.desk.Read(func(st *alert.State) {
			if p := st.Plans[alert.PlanID(notice, rev)]; p != nil {
				for _, c := range p.Channels {
					if c.Channel == channel {
						slices = c.Slices
					}
				}
			}
		})
		return slices != nil
	})
	for _, s := range slices {
		tally := alert.Tally{Expected: s.Count, Counts: map[string]int{}, First: time.Now(), Last: time.Now(), Closed: counts["deferred"] == 0}
		rest := s.Count
		for state, n := range counts {
			k := min(n, rest)
			tally.Counts[state] = k
			counts[state], rest = n-k, rest-k
		}
		b, err := json.Marshal(tally)
		if err != nil {
			o.t.Fatal(err)
		}
		task := alert.Task{Channel: channel, Notice: notice, Rev: rev, Slice: s}
		if _, err := o.store.Put(o.t.Context(), alert.Put{Subject: task.TallySubject(), Data: b}); err != nil {
			o.t.Fatal(err)
		}
	}
}
