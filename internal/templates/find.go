package templates

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"

	"mingluo/internal/alert"
)

// Finder searches templates. It is made once for a set and safe for use by
// many goroutines.
type Finder struct{ all []entry }

// entry is a template in the forms that people type.
type entry struct {
	template alert.TemplateVersion
	names    []form // its name first, then its other words
}

type form struct{ text, full, initials string }

// NewFinder prepares a set.
func NewFinder(set []alert.TemplateVersion) *Finder {
	f := &Finder{}
	for _, t := range set {
		e := entry{template: t, names: []form{spell(t.ZH), spell(t.EN)}}
		for _, w := range append([]string{t.Occasion, t.Event}, t.Words...) {
			if w != "" {
				e.names = append(e.names, spell(w))
			}
		}
		f.all = append(f.all, e)
	}
	return f
}

// spell writes a word as it is, in full pinyin and in initials, without
// spaces and in lower case: 台风黄色, taifenghuangse, tfhs.
func spell(word string) form {
	args := pinyin.NewArgs()
	var full, initials strings.Builder
	for _, r := range strings.ToLower(word) {
		switch {
		case unicode.Is(unicode.Han, r):
			if p := pinyin.SinglePinyin(r, args); len(p) > 0 {
				full.WriteString(p[0])
				initials.WriteByte(p[0][0])
			}
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			full.WriteRune(r)
			initials.WriteRune(r)
		}
	}
	return form{text: squeeze(word), full: full.String(), initials: initials.String()}
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\'' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

const (
	maxQuery = 40 // characters; more is a text, not a search
	maxFound = 20
)

// Find returns the templates that a query means, best first: names that begin
// with it before names that hold it, and both before initials somewhere. An
// empty query returns everything, the big buttons first.
func (f *Finder) Find(query string) []alert.TemplateVersion {
	q := squeeze(query)
	if r := []rune(q); len(r) > maxQuery {
		q = string(r[:maxQuery])
	}
	type hit struct {
		entry
		rank int
	}
	var hits []hit
	for _, e := range f.all {
		if rank := e.rank(q); rank > 0 {
			hits = append(hits, hit{e, rank})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.template.Level, a.template.Level))
	})
	if q != "" && len(hits) > maxFound {
		hits = hits[:maxFound]
	}
	out := make([]alert.TemplateVersion, len(hits))
	for i, h := range hits {
		out[i] = h.template
	}
	return out
}

// rank says how well an entry answers; 0 is not at all.
func (e entry) rank(q string) int {
	if q == "" {
		return 10 - (e.template.Quick+9)%10 // 1 to 9 before 0
	}
	best := 0
	for i, n := range e.names {
		r := n.rank(q)
		if i == 0 && r > 0 {
			r++ // its own name before its other words
		}
		best = max(best, r)
	}
	return best
}

func (n form) rank(q string) int {
	switch {
	case n.text == q || n.full == q || n.initials == q:
		return 20
	case strings.HasPrefix(n.text, q):
		return 16
	case strings.HasPrefix(n.initials, q):
		return 14
	case strings.HasPrefix(n.full, q):
		return 12
	case strings.Contains(n.text, q):
		return 10
	case len(q) > 1 && strings.Contains(n.initials, q):
		return 6
	case len(q) > 2 && strings.Contains(n.full, q):
		return 4
	}
	return 0
}

// Spelling is what a name is found by while it is typed: itself, its full
// pinyin and its initials, lower-case, with spaces between.
func Spelling(name string) string {
	f := spell(name)
	return f.text + " " + f.full + " " + f.initials
}

// Rank says how well any of the names answers a query, typed in Chinese, in full
// pinyin, in initials or in English; 0 is not at all. The first name counts most.
func Rank(query string, names ...string) int {
	q := squeeze(query)
	if r := []rune(q); len(r) > maxQuery {
		q = string(r[:maxQuery])
	}
	if q == "" {
		return 0
	}
	e := entry{}
	for _, n := range names {
		if n != "" {
			e.names = append(e.names, spell(n))
		}
	}
	return e.rank(q)
}
