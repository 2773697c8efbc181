package console

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// routes is every address of the console. Pages of an officer lie under
// /desk/<officer>/ (see seat.go), the API under /api/v1/.
func (c *Console) routes() *http.ServeMux {
	mux := http.NewServeMux()
	c.openRoutes(mux)
	c.pageRoutes(mux)
	c.apiRoutes(mux)
	return mux
}

// openRoutes need no sign-in.
func (c *Console) openRoutes(mux *http.ServeMux) {
	page := func(pattern string, h handler) { mux.Handle(pattern, c.open(h)) }
	if c.Front != nil {
		mux.Handle("GET /{$}", c.Front)
	} else {
		mux.Handle("GET /{$}", http.RedirectHandler("/signin", http.StatusSeeOther))
	}
	page("GET /signin", c.signInPage)
	page("POST /signin", c.signIn)
	page("GET /demo/signin/{word}", c.demoSignIn)
	mux.Handle("GET /static/{name}", c.static)
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", c.readiness)
	page("/", func(http.ResponseWriter, *http.Request) error { return errNoPage })
}

func (c *Console) pageRoutes(mux *http.ServeMux) {
	page := func(method, path string, h seatedHandler) {
		mux.Handle(method+" /desk/{officer}"+path, c.seated(h))
	}
	page("GET", "/{$}", c.board)
	page("GET", "/events", c.events)
	page("POST", "/signout", c.signOut)

	page("GET", "/new", c.compose)
	page("POST", "/new", c.startDraft)
	page("GET", "/templates/find", c.findTemplates)
	page("POST", "/cap", c.uploadCAP)
	page("POST", "/preview", c.preview)
	page("GET", "/drafts/{draft}", c.draft)
	page("POST", "/drafts/{draft}", c.saveDraft)

	page("GET", "/notices", c.notices)
	page("GET", "/notices/{notice}", c.notice)
	page("POST", "/notices/{notice}/{act}", c.noticeAct)
	page("GET", "/notices/{notice}/{verb}", c.follow)

	page("GET", "/inbox", c.inbox)
	page("POST", "/inbox/{item}/{act}", c.inboxAct)

	page("GET", "/account", c.account)
	page("GET", "/account/factor.png", c.factorPicture)
	page("POST", "/account/{act}", c.accountAct)
	page("GET", "/safe", c.safe)
	page("POST", "/safe", c.testPhrase)

	c.rollRoutes(mux, page)
	page("GET", "/incidents", c.incidents)
	page("GET", "/incidents/new", c.newIncident)
	page("POST", "/incidents", c.recordIncident)
	page("GET", "/incidents/{incident}", c.incident)
	page("POST", "/incidents/{incident}/{act}", c.incidentAct)
}

func (c *Console) apiRoutes(mux *http.ServeMux) {
	api := func(method, path string, h apiHandler) {
		mux.Handle(strings.TrimSpace(method+" /api/v1"+path), c.api(h))
	}
	api("POST", "/preview", c.apiPreview)
	api("GET", "/drafts", c.apiDrafts)
	api("GET", "/drafts/{draft}", c.apiDraft)
	api("PUT", "/drafts/{draft}", c.apiSaveDraft)
	api("DELETE", "/drafts/{draft}", c.apiDropDraft)
	api("POST", "/drafts/{draft}/submit", c.apiSubmit)
	api("POST", "/notices", c.apiNewNotice)
	api("GET", "/notices", c.apiNotices)
	api("GET", "/notices/{notice}", c.apiNotice)
	api("GET", "/notices/{notice}/progress", c.apiProgress)
	api("GET", "/notices/{notice}/trail", c.apiTrail)
	api("POST", "/notices/{notice}/{act}", c.apiAct)
	api("GET", "/incidents", c.apiIncidents)
	api("POST", "/incidents", c.apiRecordIncident)
	api("GET", "/incidents/{incident}", c.apiIncident)
	api("POST", "/incidents/{incident}/{act}", c.apiIncidentAct)
	api("GET", "/duties", c.apiDuties)
	api("GET", "/me", c.apiMe)
	api("", "/", func(*apiRequest) (int, any, error) { return 0, nil, errNoPage })
}
