package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/browsertest"
)

// screen is one picture to take: the pattern of the route table that it shows,
// who sits before it, and where it is in a scene. A pattern may have several.
type screen struct {
	pattern, name, officer string
	path                   func(s *scene) string
}

// consoleScreens are the console's. An officer's page stands without its seat.
func consoleScreens() []screen {
	at := func(path string) func(*scene) string { return func(*scene) string { return path } }
	desk := func(pattern, name, officer string, path func(*scene) string) screen {
		return screen{"GET /desk/{officer}" + pattern, name, officer, path}
	}
	return []screen{
		{"GET /signin", "signin", "", at("/signin")},
		{"GET /c/{word}", "calllink", "", func(s *scene) string { return "/c/" + s.callLink }},
		{"GET /api/{$}", "api", "", at("/api/")},
		{"/", "missing", "", at("/nothing-here")},
		desk("/{$}", "board", "li", at("/")),
		desk("/{$}", "board-writer", "chen", at("/")),
		desk("/{$}", "board-admin", "sun", at("/")),
		desk("/new", "new", "chen", at("/new")),
		desk("/new", "new-template", "chen", at("/new?template=chem-leak")),
		desk("/drafts/{draft}", "draft", "chen", func(s *scene) string { return "/drafts/" + s.draft }),
		desk("/drafts/{draft}/emergency", "emergency", "wang", func(s *scene) string { return "/drafts/" + s.emergency + "/emergency" }),
		desk("/notices", "notices", "li", at("/notices")),
		desk("/notices/{notice}", "notice-waiting", "chen", func(s *scene) string { return "/notices/" + s.waiting }),
		desk("/notices/{notice}", "notice-going", "li", func(s *scene) string { return "/notices/" + s.going }),
		desk("/notices/{notice}", "notice-retracted", "chen", func(s *scene) string { return "/notices/" + s.retracted }),
		desk("/notices/{notice}/approve", "approve", "li", func(s *scene) string { return "/notices/" + s.waiting + "/approve" }),
		desk("/notices/{notice}/{verb}", "follow-retract", "chen", func(s *scene) string { return "/notices/" + s.going + "/retract" }),
		desk("/notices/{notice}/{verb}", "follow-lift", "wang", func(s *scene) string { return "/notices/" + s.going + "/lift" }),
		desk("/notices/{notice}/refused", "refused", "li", func(s *scene) string { return "/notices/" + s.lifted + "/refused" }),
		desk("/notices/{notice}/report", "report", "li", func(s *scene) string { return "/notices/" + s.lifted + "/report" }),
		desk("/templates", "templates", "li", at("/templates")),
		desk("/templates/new", "template-new", "chen", at("/templates/new")),
		desk("/templates/{template}", "template", "li", at("/templates/chem-leak")),
		desk("/templates/{template}/edit", "template-edit", "chen", at("/templates/chem-leak/edit")),
		desk("/applications", "applications", "chen", at("/applications")),
		desk("/notices/{notice}/application", "application", "chen", func(s *scene) string { return "/notices/" + s.applied + "/application" }),
		desk("/notices/{notice}/application/form", "application-form", "chen", func(s *scene) string { return "/notices/" + s.applied + "/application/form" }),
		desk("/inbox", "inbox", "chen", at("/inbox")),
		desk("/card", "card", "chen", at("/card")),
		desk("/account", "account", "li", at("/account")),
		desk("/safe", "safe", "sun", at("/safe")),
		desk("/roll", "roll", "sun", at("/roll")),
		desk("/roll/imports/{import}", "import", "sun", func(s *scene) string { return "/roll/imports/" + s.job }),
		desk("/roster", "roster", "sun", at("/roster")),
		desk("/roster", "roster-writer", "chen", at("/roster")),
		desk("/grants", "grants", "sun", at("/grants")),
		desk("/officers", "officers", "sun", at("/officers")),
		desk("/officers/{who}", "officer", "sun", at("/officers/li")),
		desk("/audit", "audit", "zhou", at("/audit")),
		desk("/go", "go", "chen", at("/go")),
		desk("/incidents", "incidents", "chen", at("/incidents")),
		desk("/incidents/new", "incident-new", "chen", at("/incidents/new")),
		desk("/incidents/{incident}", "incident", "chen", func(s *scene) string { return "/incidents/" + s.incident }),
		desk("/incidents/{incident}", "refused-page", "sun", at("/incidents/none")),
	}
}

// publicScreens are the public site's.
func publicScreens() []screen {
	at := func(path string) func(*scene) string { return func(*scene) string { return path } }
	return []screen{
		{"GET /{$}", "front", "", at("/")},
		{"GET /past", "past", "", at("/past")},
		{"GET /drills", "drills", "", at("/drills")},
		{"GET /n/{id}", "notice", "", func(s *scene) string { return "/n/" + s.going }},
		{"GET /n/{id}", "notice-retracted", "", func(s *scene) string { return "/n/" + s.retracted }},
		{"GET /v", "verify", "", at("/v")},
		{"GET /v/{code}", "verified", "", func(s *scene) string { return "/v/" + s.code() }},
		{"GET /", "missing", "", at("/nothing-here")},
	}
}

// notScreens are addresses that show no page: files, parts and streams.
func notScreens() []string {
	const d = "GET /desk/{officer}"
	return []string{
		"GET /demo/signin/{word}", d + "/events", d + "/templates/find", d + "/account/factor.png", d + "/banners",
		d + "/notices/{notice}/application/cap", d + "/notices/{notice}/application/{act}", // the second leads to the application's page
		d + "/roll/imports/{import}/rejected.csv", d + "/audit/export.csv", d + "/audit/export.ndjson",
		"GET /n/{id}/{file}", "GET /feed.atom", "GET /events", "GET /api/public/v1/notices", "GET /api/public/v1/areas", "GET /assets/{name}",
	}
}

// Every page that the route tables know has its picture, and nothing that they
// do not know has one.
func TestEveryScreenIsInTheGallery(t *testing.T) {
	c := quickConfig(t.TempDir())
	c.Bare = true
	d, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(context.Background())
	for what, table := range map[string]struct {
		known   []string
		screens []screen
	}{"console": {append(d.Console.Addresses(), "GET /api/{$}"), consoleScreens()}, "public site": {d.Site.Addresses(), publicScreens()}} {
		pictured := map[string]bool{}
		for _, s := range table.screens {
			pictured[s.pattern] = true
			if !slices.Contains(table.known, s.pattern) {
				t.Errorf("the %s has no %s, which the gallery shows", what, s.pattern)
			}
		}
		for _, pattern := range table.known {
			if !strings.HasPrefix(pattern, "POST ") && !pictured[pattern] && !slices.Contains(notScreens(), pattern) {
				t.Errorf("the %s's %s is not in the gallery", what, pattern)
			}
		}
	}
}

// galleryEnv names the folder that the pictures of every screen go to; see
// make gallery.
const galleryEnv = "MINGLUO_GALLERY"

// Every screen of a live installation and of its place for drills is looked at
// on a desk and on a phone, in both languages. A page that is wider than the
// phone is a failure; what reads as the other language is listed beside the
// pictures, because content may.
func TestGallery(t *testing.T) {
	dir := os.Getenv(galleryEnv)
	if dir == "" {
		t.Skip("NOT A TEST: pictures are taken by make gallery, which sets " + galleryEnv)
	}
	c := quickConfig(t.TempDir())
	c.SMS, c.WeChat = 2000, 1000
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	d := startLive(t, c)
	for _, s := range []*scene{{Demo: d, t: t, mode: alert.Live, url: d.ConsoleURL}, {Demo: d, t: t, mode: alert.Drill, url: d.DrillURL}} {
		s.play()
		g := newGallery(t, dir, s)
		g.show(s.url, "console", consoleScreens())
		if s.mode == alert.Live {
			g.show(d.PublicURL, "public", publicScreens())
			d.Carriers.slow(0) // what is live goes before a drill
			s.reaches(s.going, 100)
		}
	}
}

// gallery takes the pictures of one place.
type gallery struct {
	*scene
	ctx   context.Context
	dir   string
	words *os.File
	only  string // names with commas; "" is all
}

func newGallery(t *testing.T, dir string, s *scene) *gallery {
	t.Helper()
	s.must(os.MkdirAll(dir, 0o755))
	words, err := os.OpenFile(filepath.Join(dir, "words-"+string(s.mode)+".txt"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	s.must(err)
	t.Cleanup(func() { words.Close() })
	return &gallery{scene: s, dir: dir, words: words, only: os.Getenv(galleryEnv + "_ONLY")}
}

// show gives every officer a browser of his own, so that none is open for long.
func (g *gallery) show(base, site string, screens []screen) {
	before := map[string][]screen{}
	for _, s := range screens {
		if g.only == "" || strings.Contains(","+g.only+",", ","+s.name+",") {
			before[s.officer] = append(before[s.officer], s)
		}
	}
	for officer, screens := range before {
		g.t.Run(fmt.Sprintf("%s %s %s", site, g.mode, officer), func(t *testing.T) {
			at := *g
			place := *g.scene
			at.scene, place.t = &place, t
			at.ctx = browsertest.Open(t, "the gallery")
			if officer != "" {
				at.sits(officer)
			}
			for _, s := range screens {
				at.look(base, site, s)
			}
		})
	}
}

func (g *gallery) look(base, site string, s screen) {
	path := s.path(g.scene)
	if strings.HasSuffix(path, "/") && strings.Contains(s.pattern, "/{") && !strings.Contains(s.pattern, "{$}") {
		return // the place has none of it
	}
	if s.officer != "" {
		path = "/desk/" + s.officer + path
	}
	sign := "?"
	if strings.Contains(path, "?") {
		sign = "&"
	}
	for _, lang := range []string{"zh", "en"} {
		g.pictures(base+path+sign+"lang="+lang, fmt.Sprintf("%s-%s-%s-%s", site, s.name, g.mode, lang), lang)
	}
}

// sits signs an officer in, as a person does.
func (g *gallery) sits(officer string) {
	g.t.Helper()
	for _, o := range g.Officers {
		if o.ID == officer {
			fill, _ := json.Marshal([]string{officer, o.Password})
			browsertest.Do(g.t, g.ctx, chromedp.Navigate(g.url+"/signin"))
			_, err := chromedp.Run(g.ctx, chromedp.Evaluate[bool](`(([officer, password]) => { const f = document.querySelector("form[action='/signin']"); f.elements.officer.value = officer; f.elements.password.value = password; f.submit(); return true })(`+string(fill)+`)`))
			g.must(err)
			browsertest.Until(g.t, g.ctx, `location.pathname.startsWith("/desk/`+officer+`/")`)
			return
		}
	}
	g.t.Fatalf("nobody is called %q", officer)
}

// still holds when the page has fetched what it fetches by itself: nothing more
// came for a third of a second.
const still = `new Promise(done => { let n = -1; const look = () => { const m = performance.getEntriesByType("resource").length; if (m === n && document.readyState === "complete") done(true); else { n = m; setTimeout(look, 350); } }; look(); })`

// foreign lists what an English page says in Chinese, outside of what people wrote.
const foreign = `(() => { const out = new Set(); const w = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); while (w.nextNode()) { const s = w.currentNode.data.trim(); const e = w.currentNode.parentElement; if (e && e.getClientRects().length && /[\u4e00-\u9fff]/.test(s) && !e.closest("[lang^=zh], .bubble, .chat, textarea, script")) out.add(s.slice(0, 90)); } return JSON.stringify([...out]); })()`

func (g *gallery) pictures(address, name, lang string) {
	g.t.Helper()
	for what, size := range map[string][2]int64{"desk": {1366, 768}, "phone": {360, 740}} {
		browsertest.Do(g.t, g.ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(address))
		if _, err := chromedp.Run(g.ctx, chromedp.Evaluate[bool](still, chromedp.EvalAwaitPromise)); err != nil {
			g.t.Fatalf("%s: %v", name, err)
		}
		wide, err := chromedp.Run(g.ctx, chromedp.Evaluate[int](`document.scrollingElement.scrollWidth - innerWidth`))
		g.must(err)
		if wide > 0 {
			g.t.Errorf("%s: %d pixels wider than the %s", name, wide, what)
		}
		shot := g.whole(size[0])
		g.must(os.WriteFile(filepath.Join(g.dir, name+"-"+what+".png"), shot, 0o644))
	}
	if lang == "en" {
		said, err := chromedp.Run(g.ctx, chromedp.Evaluate[string](foreign))
		g.must(err)
		fmt.Fprintf(g.words, "%s\t%s\n", name, said)
	}
}

// tallest is where a picture ends: the API's description is as long as a book.
const tallest = 8000

// whole is the page from its top to its foot.
func (g *gallery) whole(width int64) []byte {
	g.t.Helper()
	height, err := chromedp.Run(g.ctx, chromedp.Evaluate[int64](`document.scrollingElement.scrollHeight`))
	g.must(err)
	beyond := true
	shot, err := chromedp.Run(g.ctx, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, target, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{CaptureBeyondViewport: &beyond,
			Clip: &cdppage.Viewport{Width: float64(width), Height: float64(min(height, tallest)), Scale: 1}})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	})
	g.must(err)
	return shot
}

// code is the verification code of the notice that is going out.
func (s *scene) code() (code string) {
	s.Desk.Read(func(st *alert.State) { code = st.Notices[s.going].Rev(1).Code() })
	return code
}
