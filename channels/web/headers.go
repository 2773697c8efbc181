package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"mingluo/internal/alert"
)

// policy lets a page load only this site's own files, and nobody frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Headers sets the security headers on every answer of h. The site's own
// handler has them; the application wraps what else it mounts beside it.
func (s *Site) Headers(h http.Handler) http.Handler {
	secure := strings.HasPrefix(s.cfg.BaseURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		if secure {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.ServeHTTP(w, r)
	})
}

// problemBody is RFC 9457 with the product's own members: the sentence in both
// languages and the parameter it is about.
type problemBody struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
	ZH     string `json:"zh"`
	EN     string `json:"en"`
}

func (s *Site) problem(w http.ResponseWriter, r *http.Request, status int, p *alert.Problem) {
	b, err := json.Marshal(problemBody{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: p.EN, Field: p.Field, ZH: p.ZH, EN: p.EN})
	if err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "encode problem", "err", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

func unready() *alert.Problem {
	return &alert.Problem{Kind: alert.Unready, ZH: "暂时不能提供，请稍后再试；紧急情况请拨打热线。", EN: "Not available at the moment, try again shortly; in an emergency call the hotline."}
}

func notFound() *alert.Problem {
	return &alert.Problem{Kind: alert.NotFound, ZH: "没有这一条。", EN: "There is no such thing here."}
}
