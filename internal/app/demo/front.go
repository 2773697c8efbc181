package demo

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/cap"
)

// front is the page that the console's address opens in a demo: who can sign
// in, and five things to try, one click each. It is mounted before the demo is
// whole, and opens when it is.
type front struct{ demo atomic.Pointer[Demo] }

func (f *front) open(d *Demo) { f.demo.Store(d) }

type frontView struct {
	Officers  []Officer
	Typhoon   string // one-click: the sample signal, as the information officer
	Incident  string
	Live      string
	Followed  string
	PublicURL string
}

// ServeHTTP shows the page, and at ?try=typhoon makes a draft from the sample
// signal, as the officer would by uploading it, and leads to it.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := f.demo.Load()
	if d == nil {
		http.Error(w, "正在启动，请稍候刷新 / starting, reload in a moment", http.StatusServiceUnavailable)
		return
	}
	switch {
	case r.URL.Query().Get("file") != "":
		servePage(w, r, r.URL.Query().Get("file"))
	case r.URL.Query().Has("sample"):
		w.Header().Set("Content-Type", "application/cap+xml; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="typhoon-yellow.cap.xml"`)
		w.Write(cap.SampleTyphoon(time.Now()))
	case r.URL.Query().Get("try") == "typhoon":
		page, err := d.tryTyphoon(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, page, http.StatusSeeOther)
	default:
		d.showFront(w)
	}
}

func (d *Demo) showFront(w http.ResponseWriter) {
	v := frontView{Officers: d.Officers, PublicURL: d.PublicURL, Typhoon: "/?try=typhoon"}
	chen, li := d.signIn("chen"), d.signIn("li")
	v.Incident, v.Live, v.Followed = chen+next("chen", "/incidents"), li+next("li", "/"), li+next("li", "/notices")
	d.Desk.Read(func(st *alert.State) {
		if len(st.IncidentID) > 0 {
			v.Incident = chen + next("chen", "/incidents/"+st.IncidentID[0])
		}
	})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := pages.ExecuteTemplate(w, "front.html", v); err != nil {
		d.cfg.Log.Warn("show the front page", "err", err)
	}
}

func (d *Demo) signIn(officer string) string {
	for _, o := range d.Officers {
		if o.ID == officer {
			u, err := url.Parse(o.SignIn)
			if err == nil {
				return u.Path
			}
		}
	}
	return "/signin"
}

func next(officer, page string) string {
	return "?next=" + url.QueryEscape("/desk/"+officer+page)
}

// tryTyphoon drafts the sample signal as the information officer; an open
// draft of it is used again, so that clicking twice does not make two.
func (d *Demo) tryTyphoon(ctx context.Context) (page string, err error) {
	chen := d.As("chen")
	drafts, err := d.Desk.Drafts(ctx)
	if err != nil {
		return "", err
	}
	for _, dr := range drafts {
		if dr.By == chen.ID && dr.Content.Source != nil && dr.Content.Expires.After(time.Now()) {
			return d.signIn("chen") + next("chen", "/drafts/"+dr.ID), nil
		}
	}
	content, warnings, err := d.ImportCAP(ctx, cap.SampleTyphoon(time.Now()), alert.Drill, time.Now())
	if err != nil {
		return "", err
	}
	draft, err := d.Desk.NewDraft(ctx, chen, content, warnings)
	if err != nil {
		return "", err
	}
	return d.signIn("chen") + next("chen", "/drafts/"+draft.ID), nil
}
