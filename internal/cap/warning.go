package cap

import (
	"fmt"
	"strings"

	"mingluo/internal/alert"
)

// Warning is something in an alert that is not as it should be and that did
// not keep it from being read. Officers see it beside the draft.
type Warning struct {
	Field  string `json:"field,omitempty"` // CAP path, such as info[1]/area[2]/polygon[1]
	Rule   string `json:"rule,omitempty"`  // section of CAP 1.2, or the product's rule
	ZH     string `json:"zh"`
	EN     string `json:"en"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// maxWarnings bounds what one alert can make us say.
const maxWarnings = 100

// place is where something stands in the file, lines and columns from 1;
// columns count bytes.
type place struct{ line, column int }

// report collects warnings and knows where the fields stand.
type report struct {
	warnings []Warning
	places   map[string]place
}

// at returns the place of a field, or of the nearest element around it.
func (r *report) at(field string) place {
	for {
		if p, ok := r.places[field]; ok {
			return p
		}
		cut := lastSlash(field)
		if cut < 0 {
			return r.places[""]
		}
		field = field[:cut]
	}
}

func lastSlash(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			return i
		}
	}
	return -1
}

// warn notes a warning. EN and ZH are ready sentences.
func (r *report) warn(field, rule, zh, en string) {
	r.warnAt(r.at(field), field, rule, zh, en)
}

func (r *report) warnAt(p place, field, rule, zh, en string) {
	switch n := len(r.warnings); {
	case n == maxWarnings:
		r.warnings = append(r.warnings, Warning{ZH: "问题太多，其余不再列出。", EN: "There is more; the rest is not listed."})
	case n < maxWarnings:
		r.warnings = append(r.warnings, Warning{field, rule, zh, en, p.line, p.column})
	}
}

// refuse makes the error for a field.
func (r *report) refuse(field, rule, zh, en string) error {
	return problem(r.at(field), field, rule, zh, en)
}

// problem makes the error that stops the reading.
func problem(p place, field, rule, zh, en string) error {
	return &alert.Problem{Kind: alert.Invalid, Rule: rule, Field: field, ZH: zh, EN: en, Line: p.line, Column: p.column}
}

// quote shows a piece of the input in a sentence, cut where it is long.
func quote(s string) string {
	const most = 60
	if len(s) > 4*most {
		s = strings.ToValidUTF8(s[:4*most], "") + "…"
	}
	r := []rune(clean(s))
	if len(r) > most {
		r = append(r[:most], '…')
	}
	return fmt.Sprintf("%q", string(r))
}
