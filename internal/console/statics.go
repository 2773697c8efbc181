package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"time"
)

//go:embed static
var staticFiles embed.FS

// statics serves the embedded style sheet and modules under addresses that
// carry a hash of their content, so that browsers may keep them for ever.
type statics struct {
	body map[string][]byte
	hash map[string]string
}

func loadStatics() (*statics, error) {
	s := &statics{body: map[string][]byte{}, hash: map[string]string{}}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		h := sha256.Sum256(b)
		s.body[e.Name()], s.hash[e.Name()] = b, hex.EncodeToString(h[:6])
	}
	return s, nil
}

func (s *statics) url(name string) string { return "/static/" + name + "?v=" + s.hash[name] }

func (s *statics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	b, ok := s.body[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	cache := "no-cache" // a module imported by another has no hash in its address
	if r.URL.Query().Get("v") == s.hash[name] {
		cache = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("ETag", `"`+s.hash[name]+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
}
