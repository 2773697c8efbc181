package console

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// routes is every address of the console. Pages of an officer lie under
// /desk/<officer>/ (see seat.go), the API under /api/v1/.
func (c *Console) routes() (*http.ServeMux, error) {
	mux := http.NewServeMux()
	c.openRoutes(mux)
	c.pageRoutes(mux)
	return mux, c.apiRoutes(mux)
}

// openRoutes need no sign-in.
func (c *Console) openRoutes(mux *http.ServeMux) {
	page := func(pattern string, h handler) {
		c.listed = append(c.listed, pattern)
		mux.Handle(pattern, c.open(h))
	}
	if c.Front != nil {
		mux.Handle("GET /{$}", c.Front)
	} else {
		mux.Handle("GET /{$}", http.RedirectHandler("/signin", http.StatusSeeOther))
	}
	page("GET /signin", c.signInPage)
	page("POST /signin", c.signIn)
	page("GET /demo/signin/{word}", c.demoSignIn)
	page("GET /c/{word}", c.callLinkPage)
	page("POST /c/{word}", c.openCallLink)
	mux.Handle("GET /static/{name}", c.static)
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", c.readiness)
	page("/", func(http.ResponseWriter, *http.Request) error { return errNoPage })
}

func (c *Console) pageRoutes(mux *http.ServeMux) {
	page := func(method, path string, h seatedHandler) {
		pattern := method + " /desk/{officer}" + path
		c.listed = append(c.listed, pattern)
		mux.Handle(pattern, c.seated(h))
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
	page("GET", "/notices/{notice}/refused", c.refusedPage)
	page("GET", "/notices/{notice}/report", c.reportPage)

	page("GET", "/inbox", c.inbox)
	page("GET", "/card", c.card)
	page("POST", "/inbox/{item}/{act}", c.inboxAct)

	page("GET", "/account", c.account)
	page("GET", "/account/factor.png", c.factorPicture)
	page("POST", "/account/{act}", c.accountAct)
	page("GET", "/safe", c.safe)
	page("POST", "/safe", c.testPhrase)

	c.rollRoutes(page)
	c.peopleRoutes(page)
	c.auditRoutes(page)
	c.composeRoutes(page)
	c.applicationRoutes(page)
	c.templateRoutes(page)
	page("GET", "/go", c.palette)
	page("GET", "/incidents", c.incidents)
	page("GET", "/incidents/new", c.newIncident)
	page("POST", "/incidents", c.recordIncident)
	page("GET", "/incidents/{incident}", c.incident)
	page("POST", "/incidents/{incident}/{act}", c.incidentAct)
}
