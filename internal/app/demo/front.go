package demo

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"mingluo/internal/cap"
)

// front is the page that a demo begins with: who can sign in, things to try, one
// click each, and the power button where there is a process to kill. It is
// mounted before the service is up, and opens when it is.
type front struct {
	at    atomic.Pointer[house]
	power *power // nil: the service runs in this process and cannot be killed
	log   *slog.Logger
}

// house is where everything is.
type house struct {
	Officers                         []Officer
	ConsoleURL, PublicURL, PhonesURL string
	Facts                            []Fact
}

// Fact is one line of what the demo runs on.
type Fact struct{ ZH, EN, Value string }

func (f *front) open(h *house) { f.at.Store(h) }

type frontView struct {
	*house
	Typhoon  string // one-click: the sample signal, as the information officer
	Incident string
	Live     string
	Power    *powerView
}

// ServeHTTP shows the page, and at ?try=typhoon makes a draft from the sample
// signal, as the officer would by uploading it, and leads to it.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := f.at.Load()
	if h == nil {
		http.Error(w, "正在启动，请稍候刷新 / starting, reload in a moment", http.StatusServiceUnavailable)
		return
	}
	switch q := r.URL.Query(); {
	case q.Get("file") != "":
		servePage(w, r, q.Get("file"))
	case q.Has("sample"):
		w.Header().Set("Content-Type", "application/cap+xml; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="typhoon-yellow.cap.xml"`)
		w.Write(cap.SampleTyphoon(time.Now()))
	case q.Get("try") == "typhoon":
		page, err := h.tryTyphoon(r.Context())
		if err != nil {
			f.log.Warn("draft the sample signal", "err", err)
			http.Error(w, "服务此刻没有回应，请稍后再试 / the service does not answer at the moment, try again\n"+err.Error(), http.StatusServiceUnavailable)
			return
		}
		http.Redirect(w, r, page, http.StatusSeeOther)
	default:
		f.show(w, r, h)
	}
}

func (f *front) show(w http.ResponseWriter, r *http.Request, h *house) {
	v := frontView{house: h, Typhoon: "/?try=typhoon", Live: h.signIn("li", "/"), Incident: h.signIn("chen", "/incidents")}
	name := "front.html"
	if f.power != nil {
		v.Power = f.power.view()
	}
	if r.URL.Query().Has("part") && v.Power != nil { // what the page's script swaps in
		name = "power.html"
	} else if id, err := h.firstIncident(r.Context()); err == nil && id != "" {
		v.Incident = h.signIn("chen", "/incidents/"+id)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := pages.ExecuteTemplate(w, name, v); err != nil {
		f.log.Warn("show the front page", "err", err)
	}
}

// signIn is the one-click address of an officer's page.
func (h *house) signIn(officer, page string) string {
	for _, o := range h.Officers {
		if o.ID == officer {
			return o.SignIn + "?next=" + url.QueryEscape("/desk/"+officer+page)
		}
	}
	return h.ConsoleURL + "/signin"
}

// tryTyphoon drafts the sample signal as the information officer; an open
// draft of it is used again, so that clicking twice does not make two.
func (h *house) tryTyphoon(ctx context.Context) (page string, err error) {
	chen := h.as("chen")
	var open struct{ Drafts []draft }
	if err := chen.call(ctx, http.MethodGet, "/drafts", nil, &open); err != nil {
		return "", err
	}
	for _, d := range open.Drafts {
		if len(d.Touched) > 0 && d.Touched[0] == "chen" && d.Content.Source != nil && d.Content.Expires.After(time.Now()) {
			return h.signIn("chen", "/drafts/"+d.ID), nil
		}
	}
	var d draft
	if err := chen.call(ctx, http.MethodPost, "/notices", capFile(cap.SampleTyphoon(time.Now())), &d); err != nil {
		return "", err
	}
	return h.signIn("chen", "/drafts/"+d.ID), nil
}

func (h *house) firstIncident(ctx context.Context) (string, error) {
	var all struct{ Incidents []struct{ Incident string } }
	err := h.as("chen").call(ctx, http.MethodGet, "/incidents", nil, &all)
	if err != nil || len(all.Incidents) == 0 {
		return "", err
	}
	return all.Incidents[len(all.Incidents)-1].Incident, nil
}
