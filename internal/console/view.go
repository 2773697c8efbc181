package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"mingluo/internal/alert"
)

//go:embed templates/*.html
var templateFiles embed.FS

// view is what every page knows; Body is the page's own struct.
type view struct {
	*seat    // nil before sign-in
	Lang     string
	Title    string // Chinese, a key of the catalogue, or an officer's headline
	Nav      string // which entry of the menu is the present one
	Here     string // the page's own address
	Now      time.Time
	Live     bool // the page follows the desk's events
	Seq      uint64
	Version  uint64
	Flash    string
	Problems alert.Problems // what stood against the act that led here
	Draft    string         // of a page about a draft
	Banners  []banner       // what every page of the officer says on top
	Static   func(string) string
	Body     any
	only     alert.Mode // of a place that has one mode alone
}

// Place is the mode whose colour the page wears: the seat's, and before the
// sign-in that of a place that has no other (R4).
func (v *view) Place() alert.Mode {
	if v.seat == nil {
		return v.only
	}
	return v.seat.Mode
}

// Mode says whether the seat is a drill; pages without a seat have no mode.
func (v *view) Mode() alert.Mode {
	if v.seat == nil {
		return ""
	}
	return v.seat.Mode
}

// Err returns the problems that name a field.
func (v *view) Err(field string) alert.Problems { return problemsOf(v.Problems, field) }

func problemsOf(ps alert.Problems, field string) (out alert.Problems) {
	for _, p := range ps {
		if p.Field == field {
			out = append(out, p)
		}
	}
	return out
}

// pages holds the templates by language and page, each parsed when it is asked
// for first: they are embedded, and a test parses them all, so that a start does
// not have to.
type pages map[string]map[string]func() (*template.Template, error)

// loadPages prepares each page with the layout and the shared parts, once for
// each language.
func (c *Console) loadPages() (pages, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := pages{}
	for _, lang := range []string{zh, en} {
		out[lang] = map[string]func() (*template.Template, error){}
		shared := sync.OnceValues(func() (*template.Template, error) { return c.sharedParts(lang, names) })
		for _, name := range names {
			if !isPart(name) {
				out[lang][strings.TrimSuffix(path.Base(name), ".html")] = sync.OnceValues(func() (*template.Template, error) { return parsePage(lang, shared, name) })
			}
		}
	}
	return out, nil
}

func isPart(name string) bool { return strings.HasPrefix(path.Base(name), "_") }

func (c *Console) sharedParts(lang string, names []string) (*template.Template, error) {
	t := template.New("layout").Funcs(c.funcs(lang))
	for _, name := range names {
		if !isPart(name) {
			continue
		}
		if err := parseIn(lang, t, name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func parsePage(lang string, shared func() (*template.Template, error), name string) (*template.Template, error) {
	parts, err := shared()
	if err != nil {
		return nil, err
	}
	t, err := parts.Clone()
	if err != nil {
		return nil, err
	}
	return t, parseIn(lang, t, name)
}

// parseIn adds a template file to t. The signs between the words of a template
// are Chinese ones, which English pages do not show.
func parseIn(lang string, t *template.Template, name string) error {
	b, err := templateFiles.ReadFile(name)
	if err != nil {
		return err
	}
	text := string(b)
	if lang == en {
		text = westernSigns(text)
	}
	if _, err := t.New(path.Base(name)).Parse(text); err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	return nil
}

// westernSigns replaces the signs outside of a template's actions: the words in
// them are keys of the catalogue.
func westernSigns(text string) string {
	signs := strings.NewReplacer("：", ": ", "、", ", ", "，", ", ", "（", " (", "）", ")", "；", "; ", "。", ".")
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(text, "{{")
		b.WriteString(signs.Replace(plain))
		if !found {
			return b.String()
		}
		action, after, _ := strings.Cut(rest, "}}")
		b.WriteString("{{" + action + "}}")
		text = after
	}
}

// show renders a page. It is rendered whole before the first byte goes out, so
// that a failure never leaves half a page.
func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, page string, v *view) error {
	return c.render(w, r, status, page, "layout", v)
}

func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, page, block string, v *view) error {
	v.Lang = language(r)
	c.rememberLanguage(w, r)
	v.Now = time.Now()
	v.Here = r.URL.Path
	v.Static = c.static.url
	if len(c.Modes) == 1 {
		v.only = c.Modes[0]
	}
	if v.seat != nil {
		v.Banners, v.Draft = c.banners(r, v.seat), r.PathValue("draft")
	}
	if v.seat != nil && v.Seq == 0 {
		c.Desk.Read(func(st *alert.State) { v.Seq = st.Seq })
	}
	var b bytes.Buffer
	t, err := c.pages[v.Lang][page]()
	if err != nil {
		return err
	}
	if err := t.ExecuteTemplate(&b, block, v); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b.Bytes()) // the browser is gone if this fails
	return nil
}

type failBody struct{ failure }

// failPage shows an error to an officer: what is wrong, and the way on.
func (c *Console) failPage(w http.ResponseWriter, r *http.Request, s *seat, f failure) {
	v := &view{seat: s, Title: f.Title, Problems: f.Problems, Body: failBody{f}}
	if err := c.show(w, r, f.Status, "failure", v); err != nil {
		c.Log.Error("console error page failed", "err", err)
		http.Error(w, f.Title, f.Status)
	}
}

// seeOther sends the browser to a page after an act, so that a reload does not
// repeat the act.
func seeOther(w http.ResponseWriter, r *http.Request, address string) error {
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}
