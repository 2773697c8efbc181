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
}

// Modes says whether the seat is a drill; pages without a seat have no mode.
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

// pages holds the parsed templates by language and page.
type pages map[string]map[string]*template.Template

// loadPages parses each page with the layout and the shared parts, once for
// each language, so that the words are bound when the program starts.
func (c *Console) loadPages() (pages, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := pages{}
	for _, lang := range []string{zh, en} {
		out[lang] = map[string]*template.Template{}
		shared := template.New("layout").Funcs(c.funcs(lang))
		if shared, err = shared.ParseFS(templateFiles, "templates/_*.html"); err != nil {
			return nil, err
		}
		for _, name := range names {
			page := strings.TrimSuffix(path.Base(name), ".html")
			if strings.HasPrefix(page, "_") {
				continue
			}
			t, err := shared.Clone()
			if err == nil {
				t, err = t.ParseFS(templateFiles, name)
			}
			if err != nil {
				return nil, fmt.Errorf("template %s: %w", page, err)
			}
			out[lang][page] = t
		}
	}
	return out, nil
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
	if v.seat != nil {
		v.Banners, v.Draft = c.banners(r, v.seat), r.PathValue("draft")
	}
	if v.seat != nil && v.Seq == 0 {
		c.Desk.Read(func(st *alert.State) { v.Seq = st.Seq })
	}
	var b bytes.Buffer
	if err := c.pages[v.Lang][page].ExecuteTemplate(&b, block, v); err != nil {
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
