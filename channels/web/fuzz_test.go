package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// FuzzRequest gives the public handler whatever people and machines send: it
// answers, never with a failure of its own, and never echoes markup.
func FuzzRequest(f *testing.F) {
	for _, s := range [][2]string{{"/", "lang=en"}, {"/n/n1", ""}, {"/n/n1.json", ""}, {"/n/n1/1.xml", ""}, {"/v", "code=ab-cd"}, {"/v/<script>", ""},
		{"/past", "page=99999999999999999999"}, {"/feed.atom", "area=440604&level=red"}, {"/api/public/v1/notices", "limit=1&before=n1&state=past"}, {"/assets/..", ""}, {"/n/%00", "%zz"}} {
		f.Add(s[0], s[1])
	}
	d := newDesk(f, alert.Live)
	d.release("n1", typhoon())
	r := open(f, d, nil)
	r.settled()
	h := r.site.Handler()
	f.Fuzz(func(t *testing.T, path, query string) {
		if strings.HasPrefix(path, "/events") {
			return // does not end
		}
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.URL = &url.URL{Path: "/" + strings.TrimPrefix(path, "/"), RawQuery: query}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("markup came back: %s", w.Body)
		}
	})
}

func FuzzFilter(f *testing.F) {
	f.Add("area=440604,440605121&level=orange&hazard=11B01&mode=drill&notice=x&last-event-id=7")
	f.Add("level=&area=,,,")
	d := newDesk(f, alert.Live)
	r := open(f, d, nil)
	x := factsOf(publicCopy(&alert.Notice{ID: "n1", Mode: alert.Live, Revisions: []*alert.Revision{{No: 1, Content: typhoon(), Released: &alert.Decision{}}}}))
	f.Fuzz(func(t *testing.T, query string) {
		q, _ := url.ParseQuery(query) // the handler uses what could be read too
		fl, p := r.site.parseFilter(q, "last-event-id")
		if (fl == nil) == (p == nil) {
			t.Fatalf("filter %v, problem %v", fl, p)
		}
		if p != nil && (p.Field == "" && !q.Has("") || p.ZH == "" || p.EN == "") {
			t.Errorf("problem %+v", p)
		}
		if fl != nil {
			fl.passes(&x)
		}
		_, _ = parseID(q.Get("last-event-id"))
	})
}
