package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed static styles
var staticFiles embed.FS

// styleSheet is the one sheet that pages load: the files of styles, base first.
const styleSheet = "console.css"

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
		if strings.HasSuffix(e.Name(), ".js") {
			b = withoutComments(b)
		}
		s.add(e.Name(), b)
	}
	sheets, err := fs.Glob(staticFiles, "styles/*.css")
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	for _, name := range sheets {
		b, err := staticFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all.Write(lighter(b))
	}
	s.add(styleSheet, all.Bytes())
	return s, nil
}

// withoutComments leaves a module's lines that hold nothing but a comment at home:
// they are for us.
func withoutComments(js []byte) []byte {
	out := make([]byte, 0, len(js))
	for line := range bytes.Lines(js) {
		if !bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("//")) {
			out = append(out, line...)
		}
	}
	return out
}

// lighter leaves the comments of a style sheet and the space around its signs at
// home: they are for us.
func lighter(css []byte) []byte {
	out := make([]byte, 0, len(css))
	sign := func(b byte) bool { return strings.IndexByte("{};,", b) >= 0 }
	for len(css) > 0 {
		if rest, comment := bytes.CutPrefix(css, []byte("/*")); comment {
			_, css, _ = bytes.Cut(rest, []byte("*/"))
			continue
		}
		b := css[0]
		css = css[1:]
		switch last := len(out) - 1; {
		case strings.IndexByte(" \t\r\n\f", b) >= 0:
			if last < 0 || out[last] != ' ' && !sign(out[last]) {
				out = append(out, ' ')
			}
		case sign(b) && last >= 0 && out[last] == ' ':
			out[last] = b
		default:
			out = append(out, b)
		}
	}
	return out
}

func (s *statics) add(name string, b []byte) {
	h := sha256.Sum256(b)
	s.body[name], s.hash[name] = b, hex.EncodeToString(h[:6])
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
