package web

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/pelletier/go-toml/v2"

	"mingluo/internal/alert"
)

//go:embed words.toml
var wordsTOML []byte

// languages of the pages, the first being what a reader gets who asks for none.
var languages = [...]string{"zh", "en"}

// words is the catalogue in one language.
type words struct {
	lang string
	said map[string]string
}

// loadWords reads the catalogue. A key's table may hold further keys.
func loadWords() (map[string]*words, error) {
	var tree map[string]any
	if err := toml.Unmarshal(wordsTOML, &tree); err != nil {
		return nil, fmt.Errorf("web: words.toml: %w", err)
	}
	out := map[string]*words{}
	for _, lang := range languages {
		out[lang] = &words{lang: lang, said: map[string]string{}}
	}
	if err := collect(out, "", tree); err != nil {
		return nil, fmt.Errorf("web: words.toml: %w", err)
	}
	return out, nil
}

func collect(out map[string]*words, key string, tree map[string]any) error {
	leaf := 0
	for name, v := range tree {
		switch v := v.(type) {
		case string:
			w := out[name]
			if w == nil {
				return fmt.Errorf("%s: language %q is not known", key, name)
			}
			w.said[key] = v
			leaf++
		case map[string]any:
			sub := name
			if key != "" {
				sub = key + "." + name
			}
			if err := collect(out, sub, v); err != nil {
				return err
			}
		}
	}
	if leaf != 0 && leaf != len(languages) {
		return fmt.Errorf("%s: want all of %v", key, languages)
	}
	return nil
}

// say returns a text; a key that is not there shows as itself, and a test looks
// for that.
func (w *words) say(key string, args ...any) string {
	text, ok := w.said[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// tell is say for templates: a key that is not there stops the page.
func (w *words) tell(key string, args ...any) (string, error) {
	if _, ok := w.said[key]; !ok {
		return "", fmt.Errorf("words.toml has no %q", key)
	}
	return w.say(key, args...), nil
}

// orKey says a key, or gives the fallback for names nobody could foresee (a
// channel's).
func (w *words) orKey(key, fallback string) string {
	if t, ok := w.said[key]; ok {
		return t
	}
	return fallback
}

// short and full write an instant without and with its year, Beijing time.
func (w *words) short(t time.Time) string {
	if w.lang == "en" {
		return t.In(alert.Beijing()).Format("2 Jan 15:04")
	}
	return alert.ShowTime(t)
}

func (w *words) full(t time.Time) string {
	if w.lang == "en" {
		return t.In(alert.Beijing()).Format("2 January 2006 15:04")
	}
	return alert.ShowDate(t)
}
