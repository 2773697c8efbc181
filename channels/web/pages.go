package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"mingluo/internal/alert"
)

//go:embed templates/*.html
var templateFiles embed.FS

const htmlType = "text/html; charset=utf-8"

// pages turns what is known into HTML. It holds nothing that changes.
type pages struct {
	cfg    *Config
	words  map[string]*words
	sets   map[string]map[string]*template.Template // language, page
	city   *cityMap
	assets map[string]string // plain name to address
}

// frame is what every page has around its body.
type frame struct {
	Lang   string
	Title  string
	Path   string // of this page, without the language
	Nav    string // which entry of the navigation is this page
	Drill  bool   // the page, or the whole site, is of a drill
	Band   string // the sentence across the page; "" on a live page
	Stale  string // says how old the page's state is; "" when it is not
	Live   bool   // the page listens to /events
	Seq    uint64 // from where
	Notice string // and only for this notice
	Modes  string // otherwise, for notices of these modes
	Site   *Config
	Owner  string
	SiteZH string // the title in the page's language
	Links  []plainLink
	Body   any
}

type plainLink struct{ Text, URL string }

func loadPages(cfg *Config, assets map[string]*doc) (*pages, error) {
	p := &pages{cfg: cfg, city: drawCity(cfg.Gazetteer), sets: map[string]map[string]*template.Template{}, assets: assetNames(assets)}
	var err error
	if p.words, err = loadWords(); err != nil {
		return nil, err
	}
	for lang, w := range p.words {
		base, err := template.New("").Funcs(p.funcs(w)).ParseFS(templateFiles, "templates/frame.html", "templates/parts.html")
		if err != nil {
			return nil, fmt.Errorf("web: templates: %w", err)
		}
		p.sets[lang] = map[string]*template.Template{}
		for _, name := range []string{"front", "past", "notice", "verify", "missing"} {
			t, err := base.Clone()
			if err == nil {
				t, err = t.ParseFS(templateFiles, "templates/"+name+".html")
			}
			if err != nil {
				return nil, fmt.Errorf("web: template %s: %w", name, err)
			}
			p.sets[lang][name] = t
		}
	}
	return p, nil
}

func (p *pages) funcs(w *words) template.FuncMap {
	return template.FuncMap{
		"t":     w.tell,
		"short": w.short,
		"full":  w.full,
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"asset": func(name string) (string, error) {
			if a, ok := p.assets[name]; ok {
				return a, nil
			}
			return "", fmt.Errorf("no asset %q", name)
		},
		"to":  func(path string) string { return inLang(path, w.lang) },
		"tel": func(n string) template.URL { return template.URL("tel:" + dialable(n)) }, // digits and + only
	}
}

// dialable keeps what a telephone can dial.
func dialable(n string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, n)
}

// inLang adds the language to an address of ours; Chinese needs none.
func inLang(path, lang string) string {
	if lang == languages[0] {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&lang=" + lang
	}
	return path + "?lang=" + lang
}

// frame fills in what does not depend on the page.
func (p *pages) frame(lang, path, title string) frame {
	f := frame{Lang: lang, Path: path, Title: title, Site: p.cfg, Owner: p.cfg.Owner.NameZH, SiteZH: p.cfg.Owner.TitleZH, Links: inWords(p.cfg.Links, lang)}
	if lang == "en" {
		f.SiteZH = p.cfg.Owner.TitleEN
		if p.cfg.Owner.NameEN != "" {
			f.Owner = p.cfg.Owner.NameEN
		}
	}
	if p.cfg.DrillBanner {
		f.Drill, f.Band = true, p.words[lang].say("drill.band")
		f.Title = mark(alert.Drill, lang, f.Title)
	}
	return f
}

// markDrill makes a page one of a drill where the site is not for drills alone.
func (p *pages) markDrill(f *frame, key string) {
	if !f.Drill {
		f.Drill, f.Band = true, p.words[f.Lang].say(key)
		f.Title = mark(alert.Drill, f.Lang, f.Title)
	}
}

func inWords(links []Link, lang string) []plainLink {
	var out []plainLink
	for _, l := range links {
		text := l.ZH
		if lang == "en" && l.EN != "" {
			text = l.EN
		}
		out = append(out, plainLink{text, l.URL})
	}
	return out
}

// Other is the page's address in the other language.
func (f frame) Other() string {
	if f.Lang == "en" {
		return f.Path
	}
	return inLang(f.Path, "en")
}

func (p *pages) render(page string, f frame) ([]byte, error) {
	var b bytes.Buffer
	if err := p.sets[f.Lang][page].ExecuteTemplate(&b, "frame", f); err != nil {
		return nil, fmt.Errorf("render %s: %w", page, err)
	}
	return b.Bytes(), nil
}

// staleness says so when the state comes from disk.
func (p *pages) staleness(f *frame, sn *snapshot) {
	if sn.stale {
		w := p.words[f.Lang]
		f.Stale = w.say("stale", w.full(sn.asOf), p.cfg.Hotline)
	}
}

func langOf(q url.Values) string {
	if q.Get("lang") == "en" {
		return "en"
	}
	return languages[0]
}
