package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
)

const (
	maxForm = 256 << 10       // a form or a JSON body
	maxCAP  = 4 << 20         // a CAP file
	maxFile = maxCAP + 64<<10 // with what multipart puts around it
	policy  = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

// guard is what holds for every request, whatever it asks: the headers, the
// limit of the body, and that no other site's page can make a browser act.
func (c *Console) guard(mux *http.ServeMux) http.Handler {
	c.protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.meters.crossOrigin.Inc()
		tryOf(r).outcome = audit.CrossOrigin
		c.fail(w, r, nil, &alert.Problem{Kind: alert.Forbidden, ZH: "这个请求来自别的网站，没有执行。", EN: "This request came from another site and was not carried out."})
	}))
	inner := c.protect.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		c.headers(w)
		r, try := withTry(r)
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		out := &counted{ResponseWriter: w, status: http.StatusOK}
		inner.ServeHTTP(out, r)
		_, pattern := mux.Handler(r)
		c.meters.served(pattern, out.status, time.Since(began))
		c.audit(r, try, out)
	})
}

func bodyLimit(r *http.Request) int64 {
	if isRollFile(r) {
		return maxRoll
	}
	if isUpload(r) || (r.URL.Path == "/api/v1/notices" || r.URL.Path == "/api/v1/inbox") && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return maxFile
	}
	return maxForm
}

func (c *Console) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for what does not read the policy
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if c.TLS {
		h.Set("Strict-Transport-Security", "max-age="+strconv.Itoa(365*24*3600))
	}
}

// counted remembers the status for the metrics.
type counted struct {
	http.ResponseWriter
	status int
}

func (w *counted) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }
