package console

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed texts/*.txt
var textFiles embed.FS

// catalogue holds every word of the pages: the Chinese is the key and stands in
// the templates, so that they read as what they show; the English is looked up.
type catalogue map[string]string

const (
	zh = "zh"
	en = "en"
)

// loadTexts reads the catalogue, a file for each part of the desk: one text a
// line, "中文 = English", each once.
func loadTexts() (catalogue, error) {
	c := catalogue{}
	names, err := fs.Glob(textFiles, "texts/*.txt")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		file, err := textFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(string(file), "\n") {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			key, val, ok := strings.Cut(line, " = ")
			if !ok || c[key] != "" {
				return nil, fmt.Errorf("%s line %d: want 中文 = English, each once: %q", name, i+1, line)
			}
			c[key] = val
		}
	}
	return c, nil
}

// say returns the text in the reader's language, filled with args. What is not
// in the catalogue stays Chinese.
func (c catalogue) say(lang, text string, args ...any) string {
	if lang == en {
		if e := c[text]; e != "" {
			text = e
		}
	}
	if len(args) > 0 {
		return fmt.Sprintf(text, args...)
	}
	return text
}

const langCookie = "mingluo-lang"

// language is the reader's: asked for in the address, else remembered, else
// Chinese.
func language(r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); asked == zh || asked == en {
		return asked
	}
	if k, err := r.Cookie(langCookie); err == nil && k.Value == en {
		return en
	}
	return zh
}

// rememberLanguage keeps what was asked for in the address.
func (c *Console) rememberLanguage(w http.ResponseWriter, r *http.Request) {
	if asked := r.URL.Query().Get("lang"); asked == zh || asked == en {
		http.SetCookie(w, c.cookie(langCookie, asked, 365*24*time.Hour))
	}
}
