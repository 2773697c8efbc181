package web

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed assets/*
var assetFiles embed.FS

// loadAssets reads the embedded files under names that carry their content's
// hash, so that a browser may keep them for good.
func loadAssets() (map[string]*doc, error) {
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	names, err := fs.Glob(assetFiles, "assets/*")
	if err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	out := map[string]*doc{}
	for _, name := range names {
		b, err := assetFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("web: assets: %w", err)
		}
		d := newDoc(types[path.Ext(name)], func() ([]byte, error) { return b, nil })
		if err := d.prepare(); err != nil {
			return nil, fmt.Errorf("web: asset %s: %w", name, err)
		}
		ext := path.Ext(name)
		hash := strings.Trim(d.etag, `W/"`)[:10]
		out[strings.TrimSuffix(path.Base(name), ext)+"."+hash+ext] = d
	}
	return out, nil
}

// assetNames maps a file's plain name to its address.
func assetNames(assets map[string]*doc) map[string]string {
	out := map[string]string{}
	for name := range assets {
		parts := strings.Split(name, ".") // base, hash, extension
		out[parts[0]+"."+parts[2]] = "/assets/" + name
	}
	return out
}

func (s *Site) asset(w http.ResponseWriter, r *http.Request) {
	d := s.assets[r.PathValue("name")]
	if d == nil {
		s.problem(w, r, http.StatusNotFound, notFound())
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	s.serve(w, r, http.StatusOK, d)
}
