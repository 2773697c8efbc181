package console

import "testing"

// Every page parses in both languages: a start does not try.
func TestEveryPageParses(t *testing.T) {
	c := &Console{}
	all, err := c.loadPages()
	if err != nil {
		t.Fatal(err)
	}
	for lang, pages := range all {
		if len(pages) < 30 {
			t.Errorf("%s: %d pages", lang, len(pages))
		}
		for name, parse := range pages {
			if _, err := parse(); err != nil {
				t.Errorf("%s, %s: %v", name, lang, err)
			}
		}
	}
}
