package console_test

import (
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
)

func TestShots(t *testing.T) {
	dir := os.Getenv("SHOTS")
	if dir == "" {
		t.Skip("no SHOTS")
	}
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	now := time.Now()
	at := func(ago time.Duration) string { return now.Add(-ago).In(alert.Beijing()).Format("2006-01-02T15:04") }
	author.send("/incidents", url.Values{"title": {"某化工厂储罐区爆燃"}, "place": {"狮山镇工业园"}, "area": {"440605124"}, "occurred": {at(260 * time.Minute)}, "received": {at(250 * time.Minute)}, "deaths": {"12"}, "injured": {"8"}, "missing": {"2"}, "loss": {"60,000,000"}, "course": {"03:10 储罐区起火，03:25 发生爆燃，波及相邻厂房。"}, "measures": {"疏散周边 300 米群众，消防到场处置。"}})
	o.watch.Round(t.Context(), now.Add(15*time.Minute))
	released := o.released(author, judge)
	o.deliver(released, 1, "sms", map[string]int{"delivered": 700, "accepted": 300, "refused": 31, "unsure": 6, "deferred": 40})
	o.deliver(released, 1, "wechat", map[string]int{"accepted": 400, "refused": 22})
	pending := o.submitted(author)
	p := author.upload(sampleTyphoon()).follow(author.browser)
	typhoon := p.field("draft")
	author.send("/new", leakForm())
	var inc string
	o.desk.Read(func(st *alert.State) { inc = st.IncidentID[0] })

	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	shot := func(name, path string, w, h int64, phone bool) {
		do(chromedp.EmulateViewport(w, h), chromedp.Navigate(o.url+path), chromedp.Sleep(400*time.Millisecond))
		b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(name, err)
		}
		os.WriteFile(dir+"/console-"+name+".png", b, 0o644)
	}
	do(chromedp.Navigate(o.url+"/demo/signin/chen-word"), chromedp.Sleep(300*time.Millisecond))
	do(chromedp.Navigate(o.url+"/demo/signin/li-word"), chromedp.Sleep(300*time.Millisecond))
	for _, k := range []struct{ name, path string }{
		{"signin", "/signin"}, {"board", "/desk/chen/"}, {"compose", "/desk/chen/drafts/" + typhoon}, {"new", "/desk/chen/new"}, {"notices", "/desk/chen/notices"},
		{"notice", "/desk/chen/notices/" + released}, {"approve", "/desk/li/notices/" + pending}, {"retract", "/desk/chen/notices/" + released + "/retract"},
		{"incidents", "/desk/chen/incidents"}, {"incident", "/desk/chen/incidents/" + inc}, {"incidentform", "/desk/chen/incidents/new"}, {"fail", "/desk/chen/notices/none"},
	} {
		if only := os.Getenv("ONLY"); only != "" && only != k.name {
			continue
		}
		shot(k.name, k.path, 1280, 900, false)
		shot(k.name+"-phone", k.path, 390, 844, true)
	}
	shot("board-en", "/desk/chen/?lang=en", 1280, 900, false)
	shot("compose-en", "/desk/chen/new?lang=en", 1280, 900, false)
}
