package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// doc is one answer: rendered once, by whoever comes first, and then served as
// it is. It never changes; a change of the notice makes a new one.
type doc struct {
	ctype  string
	render func() ([]byte, error)

	once sync.Once
	body []byte
	gz   []byte // nil when it would not be smaller
	etag string
	err  error
}

func newDoc(ctype string, render func() ([]byte, error)) *doc {
	return &doc{ctype: ctype, render: render}
}

// prepare renders. A city releases tens to hundreds of notices a year; the bytes
// of a thousand of them are some 30 MB, so what was rendered is kept.
func (d *doc) prepare() error {
	d.once.Do(func() {
		if d.body, d.err = d.render(); d.err != nil {
			return
		}
		d.etag = etagOf(d.body)
		d.gz = squeeze(d.body)
		d.render = nil
	})
	return d.err
}

func etagOf(b []byte) string {
	sum := sha256.Sum256(b)
	return `W/"` + hex.EncodeToString(sum[:12]) + `"` // weak: the gzip form shares it
}

func squeeze(b []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := z.Write(b); err != nil || z.Close() != nil || out.Len() >= len(b) {
		return nil
	}
	return out.Bytes()
}

// caching of pages: shared caches may hold one for a second, and may go on
// showing it when the site does not answer; browsers ask each time and mostly
// get a 304.
const pageCache = "public, max-age=0, s-maxage=1, stale-if-error=86400"

// serve answers with the prepared bytes.
func (s *Site) serve(w http.ResponseWriter, r *http.Request, status int, d *doc) {
	if err := d.prepare(); err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "render public answer", "path", r.URL.Path, "err", err)
		s.problem(w, r, http.StatusInternalServerError, unready())
		return
	}
	h := w.Header()
	h.Set("Content-Type", d.ctype)
	h.Set("Etag", d.etag)
	h.Add("Vary", "Accept-Encoding")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", pageCache)
	}
	if status == http.StatusOK && matches(r.Header.Get("If-None-Match"), d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	out := d.body
	if d.gz != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		out = d.gz
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	w.WriteHeader(status)
	_, _ = w.Write(out) // the reader may be gone; nobody is left to be told
}

func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" {
			q := strings.TrimPrefix(strings.TrimSpace(params), "q=")
			f, err := strconv.ParseFloat(q, 64)
			return params == "" || err == nil && f > 0
		}
	}
	return false
}
