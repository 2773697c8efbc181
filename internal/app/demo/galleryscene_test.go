package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/cap"
	"mingluo/internal/console"
	"mingluo/internal/roll"
)

// scene is what a night leaves on the screens of one place: the ids of what is
// there to be looked at.
type scene struct {
	*Demo
	t    *testing.T
	mode alert.Mode
	url  string // of the place's console

	draft, emergency                  string
	waiting, going, lifted, retracted string
	applied                           string
	incident, item, callLink, job     string
}

// startLive is the demo's service as a live installation with a place for
// drills. Only a test has it: it stands in nobody's browser but the test's, and
// its carriers are on loopback.
func startLive(t *testing.T, c Config) *Demo {
	t.Helper()
	c = c.withDefaults()
	d := &Demo{cfg: c, mode: alert.Live}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := d.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	var err error
	if d.Carriers, err = startCarriers(t.Context(), filepath.Join(c.Dir, "phones.json"), c); err != nil {
		t.Fatal(err)
	}
	conf := d.config(d.Carriers.access())
	conf.Mode, conf.Drill.Listen = alert.Live, "127.0.0.1:0"
	conf.SMS.Route, conf.SMS.Imitation, conf.WeChat.Imitation = "佛山移动（SMPP）", false, false
	if d.App, err = app.New(conf, app.Options{FreePorts: true, Log: c.Log, SampleAddresses: true, Argon: c.Argon}); err == nil {
		err = d.App.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	d.Carriers.callBackTo(d.PublicURL)
	if d.Officers, err = seatOfficers(t.Context(), d.Accounts, filepath.Join(c.Dir, "officers.json"), newWords(), d.ConsoleURL); err != nil {
		t.Fatal(err)
	}
	if err := d.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.seatMore(t)
	return d
}

// seatMore brings in an auditor and the staff's own subscriptions.
func (d *Demo) seatMore(t *testing.T) {
	t.Helper()
	zhou := alert.Officer{ID: "zhou", Name: "周明", Roles: []alert.Role{alert.RoleAuditor}}
	o := Officer{Officer: zhou, Password: console.NewPassword()}
	if _, err := d.Accounts.Create(t.Context(), zhou, o.Password); err != nil {
		t.Fatal(err)
	}
	d.Officers = append(d.Officers, o)
	var n int
	var seq uint64
	for p := range roll.Samples(d.Places, d.cfg.SMS+40, d.cfg.WeChat+20) {
		if n++; n > 60 {
			break
		}
		p.Address += "7"
		if p.Channel == roll.SMS {
			p.Address = fmt.Sprintf("%s8000%04d", roll.SamplePhonePrefix, n)
		}
		p.Groups, p.MinLevel, p.Hazards, p.Quiet = []string{"值班人员"}, alert.NoLevel, nil, roll.Quiet{}
		var err error
		if _, seq, err = d.Roll.Join(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Index.WaitFor(t.Context(), seq); err != nil {
		t.Fatal(err)
	}
}

// acting is an officer in the scene's mode.
func (s *scene) acting(id string) alert.Actor {
	a := s.As(id)
	a.Mode = s.mode
	return a
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// content is one of the past drills' texts, for now and for everybody whom the
// scene's mode may reach.
func (s *scene) content(no int) alert.Content {
	c := past()[no].content
	now := time.Now().UTC().Truncate(time.Minute)
	c.Effective, c.Expires, c.Channels = now, now.Add(6*time.Hour), []string{"sms", "wechat"}
	if c.Source != nil {
		source := *c.Source
		source.Sent = now.Add(-5 * time.Minute)
		source.Identifier = fmt.Sprintf("%s_%s%d", source.Sender, source.Sent.Format("20060102150405"), no)
		c.Source = &source
	}
	if s.apart() {
		c.Scope, c.Groups = alert.ScopeSector, []string{"值班人员"}
	}
	return c
}

// apart: the place for drills of a live installation.
func (s *scene) apart() bool { return s.mode == alert.Drill && s.DrillURL != "" }

func (s *scene) submit(c alert.Content) (notice string, rev int) {
	s.t.Helper()
	d, err := s.Desk.NewDraft(s.t.Context(), s.acting("chen"), c, nil)
	s.must(err)
	notice, rev, err = s.Desk.Submit(s.t.Context(), s.acting("chen"), d.ID, d.Seq)
	s.must(err)
	return notice, rev
}

func (s *scene) release(c alert.Content) string {
	s.t.Helper()
	notice, rev := s.submit(c)
	var hash string
	s.Desk.Read(func(st *alert.State) { hash = st.Notices[notice].Rev(rev).Hash })
	ctx, li := s.t.Context(), s.acting("li")
	s.must(s.Desk.Review(ctx, li, notice, rev, hash, "不含涉密内容和个人信息", alert.Checked()...))
	s.must(s.Desk.Approve(ctx, li, notice, rev, hash))
	s.must(s.Desk.Release(ctx, li, notice, rev))
	return notice
}

// play leaves the night: a draft, a text that waits, one that is going out, one
// lifted, one retracted, an incident near its deadline, a signal just arrived.
func (s *scene) play() {
	s.t.Helper()
	ctx := s.t.Context()
	file := cap.SampleTyphoon(time.Now())
	if s.mode == alert.Live {
		file = bytes.ReplaceAll(file, []byte("Exercise"), []byte("Actual"))
	}
	c, warnings, err := s.ImportCAP(ctx, file, s.mode, time.Now())
	s.must(err)
	if s.apart() {
		c.Scope, c.Groups = alert.ScopeSector, []string{"值班人员"}
	}
	d, err := s.Desk.NewDraft(ctx, s.acting("chen"), c, warnings)
	s.must(err)
	s.draft = d.ID
	s.emergency = s.leak()

	s.lifted = s.release(s.content(3))
	s.end(s.lifted, alert.Lift, "泄漏点已封堵，空气监测正常")
	s.retracted = s.release(s.content(5))
	s.end(s.retracted, alert.Retract, "地点有误，未经核实")
	s.Carriers.slow(300 * time.Millisecond) // a window of 100 is answered; the rest takes as long as the pictures
	s.going = s.release(s.content(1))
	s.reaches(s.going, 10)
	s.Carriers.slow(30 * time.Second)

	applied := s.content(3)
	applied.Authority.Basis = "city"
	s.applied, _ = s.submit(applied)
	var rev int
	s.waiting, rev = s.submit(s.content(2))
	word, err := s.Accounts.NewCallLink(ctx, "li", console.CallLink{Notice: s.waiting, Rev: rev, No: 1}, time.Hour)
	s.must(err)
	s.callLink = word
	if s.apart() {
		s.incidentNow() // the live place has one from the beginning
	} else {
		s.Desk.Read(func(st *alert.State) { s.incident = st.IncidentID[len(st.IncidentID)-1] })
	}
	s.signal()
	s.imports()
}

// leak is a draft of nothing but the template that is ready for emergencies.
func (s *scene) leak() string {
	s.t.Helper()
	set, _ := s.Desk.Templates(s.mode)
	for _, t := range set {
		if t.ID != "chem-leak" {
			continue
		}
		values := map[string]string{}
		for _, f := range t.Fields {
			values[f.Name] = map[string]string{"位置": "顺安化工仓库", "物质": "液氨"}[f.Name]
		}
		base := s.content(3)
		base.Areas, base.AreaDesc = []string{"440604011"}, "禅城区张槎街道"
		c, problems, err := s.Desk.FromTemplate(s.acting("wang"), t.ID, base, values)
		s.must(errors.Join(err, problems.Err()))
		d, err := s.Desk.NewDraft(s.t.Context(), s.acting("wang"), c, nil)
		s.must(err)
		return d.ID
	}
	s.t.Fatal("no template chem-leak")
	return ""
}

func (s *scene) end(notice string, verb alert.Verb, reason string) {
	s.t.Helper()
	s.reaches(notice, 100)
	_, err := s.Desk.Follow(s.t.Context(), s.acting("wang"), notice, verb, reason)
	s.must(err)
}

// reaches waits until so many percent of the first revision are settled.
func (s *scene) reaches(notice string, percent int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		version := s.Tracker.Version()
		p, ok := s.Tracker.Of(notice, 1)
		settled, planned := 0, 0
		for _, c := range p.Channels {
			settled, planned = settled+c.Settled, planned+c.Planned
		}
		if ok && (p.Done || planned > 0 && settled*100 >= planned*percent) {
			return
		}
		if _, err := s.Tracker.Wait(ctx, version); err != nil {
			s.t.Fatalf("%s never came to %d %%: %v, %+v", notice, percent, err, p)
		}
	}
}

func (s *scene) incidentNow() {
	occurred := time.Now().Add(-4*time.Hour - 20*time.Minute).Truncate(time.Second)
	then := *s.Desk
	then.Now = func() time.Time { return occurred.Add(12 * time.Minute) }
	var err error
	s.incident, err = then.RecordIncident(s.t.Context(), s.acting("chen"), "", alert.IncidentFacts{
		Title: "三水区白坭镇某化工厂爆炸", Unit: "某化工厂，从业人员约210人", Place: "三水区白坭镇工业大道", Area: "440607104",
		Course: "反应釜检修时发生爆炸并起火，部分厂房坍塌。", Measures: "已启动应急响应，消防、医疗到场，疏散周边300人。",
		Occurred: occurred, Received: occurred.Add(6 * time.Minute), Deaths: 12, Injured: 31, Missing: 2,
	}, "")
	s.must(err)
}

// signal is one just arrived and an application of a department.
func (s *scene) signal() {
	c := s.content(1)
	c.Level, c.Severity, c.Headline = alert.Red, alert.Red.Severity(), "佛山市暴雨红色预警信号"
	c.Source.Identifier += "r"
	id, _, err := s.Desk.Receive(s.t.Context(), s.mode, alert.InboxReceived{From: "cap", Name: "佛山市气象台", Sent: time.Now().Add(-2 * time.Minute), Content: c})
	s.must(err)
	s.item = id
	c = s.content(5)
	c.Source = &alert.Source{Sender: "住建局", Identifier: "ZJ-2031", Sent: time.Now().Add(-9 * time.Minute), Name: "佛山市住房和城乡建设局"}
	_, _, err = s.Desk.Receive(s.t.Context(), s.mode, alert.InboxReceived{From: "department", Name: "佛山市住房和城乡建设局", Sent: c.Source.Sent, Content: c})
	s.must(err)
}

// imports brings a file with a bad row in, as an administrator would.
func (s *scene) imports() {
	if s.apart() {
		return // subscribers are looked after at the live place
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.ConsoleURL+"/api/v1/roll/import?name=%E5%8D%97%E6%B5%B7%E5%8C%BA%E4%BC%81%E4%B8%9A.csv", strings.NewReader("channel,address,areas,groups\nsms,"+roll.SamplePhonePrefix+"70000001,440605,危化企业\nsms,12345,440605,危化企业\nsms,"+roll.SamplePhonePrefix+"70000002,449999,工地\n"))
	s.must(err)
	r.Header.Set("Authorization", "Bearer "+s.token("sun"))
	r.Header.Set("Content-Type", "text/csv")
	resp, err := http.DefaultClient.Do(r)
	s.must(err)
	defer resp.Body.Close()
	var out struct{ ID string }
	s.must(json.NewDecoder(resp.Body).Decode(&out))
	s.job = out.ID
}

func (s *scene) token(id string) string {
	for _, o := range s.Officers {
		if o.ID == id {
			return o.Token
		}
	}
	return ""
}
