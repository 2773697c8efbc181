package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/templates"
)

// templateState is where a template is in its life, for lists.
type templateState string

const (
	templateInUse    templateState = "in-use"
	templateWaiting  templateState = "waiting"
	templateReturned templateState = "returned"
	templateRetired  templateState = "retired"
)

// ZH is the state's name, a key of the catalogue.
func (s templateState) ZH() string {
	return map[templateState]string{templateInUse: "启用中", templateWaiting: "待审的", templateReturned: "退回的", templateRetired: "停用的"}[s]
}

// templateLine is one template of the list: the version in use, else the newest.
type templateLine struct {
	alert.TemplateVersion
	State   templateState
	Next    int  // a version that waits beside the one in use; 0: none
	English bool // its notices have English texts too
}

// libraryBody is the list with what was asked for.
type libraryBody struct {
	Query, State, Hazard, Level, Occasion string

	Lines     []templateLine
	Waiting   int // of all
	All       int
	States    []templateState
	Hazards   []alert.HazardInfo // of the templates that there are
	Levels    []alert.Level
	Occasions []string
	English   int
}

func (c *Console) templateRoutes(page func(method, path string, h seatedHandler)) {
	page("GET", "/templates", c.library)
	page("POST", "/templates", c.proposeTemplate)
	page("POST", "/templates/preview", c.previewTemplate)
	page("GET", "/templates/new", c.newTemplate)
	page("GET", "/templates/{template}", c.templatePage)
	page("GET", "/templates/{template}/edit", c.editTemplate)
	page("POST", "/templates/{template}/{act}", c.templateAct)
}

// Keeps reports whether the officer has to do with templates.
func (s *seat) Keeps() bool { return s.Proposes() || s.Can(alert.RoleReviewer) }

// Proposes reports whether the officer may propose templates.
func (s *seat) Proposes() bool { return s.Can(alert.RoleWriter, alert.RoleApprover, alert.RoleAdmin) }

// library lists the templates: by what is typed, by hazard, level, occasion and
// state.
func (c *Console) library(w http.ResponseWriter, r *http.Request, s *seat) error {
	b := c.libraryOf(s.Mode, r.URL.Query())
	return c.show(w, r, http.StatusOK, "templates", &view{seat: s, Title: "模板", Nav: "templates", Body: b})
}

func (c *Console) libraryOf(mode alert.Mode, asked url.Values) *libraryBody {
	get := func(name string) string {
		v := []rune(strings.TrimSpace(asked.Get(name)))
		return string(v[:min(len(v), maxAsked)])
	}
	b := &libraryBody{Query: get("q"), State: get("state"), Hazard: get("hazard"), Level: get("level"), Occasion: get("occasion"),
		States: []templateState{templateInUse, templateWaiting, templateReturned, templateRetired}}
	all := c.templateLines(mode)
	ranks := map[string]int{}
	for _, l := range all {
		b.count(&l)
		rank := 1
		if b.Query != "" {
			rank = templates.Rank(b.Query, append([]string{l.ZH, l.EN, l.Occasion, l.Event, l.ID}, l.Words...)...)
		}
		if rank > 0 && b.wants(&l) {
			ranks[l.ID] = rank
			b.Lines = append(b.Lines, l)
		}
	}
	slices.SortStableFunc(b.Lines, func(x, y templateLine) int { return cmp.Compare(ranks[y.ID], ranks[x.ID]) })
	return b
}

// count adds a template to what can be chosen from.
func (b *libraryBody) count(l *templateLine) {
	b.All++
	if l.Next > 0 || l.State == templateWaiting {
		b.Waiting++
	}
	if l.English {
		b.English++
	}
	if h := l.Hazard.Info(); l.Hazard != "" && !slices.ContainsFunc(b.Hazards, func(x alert.HazardInfo) bool { return x.Code == h.Code }) {
		b.Hazards = append(b.Hazards, h)
	}
	if !slices.Contains(b.Levels, l.Level) && l.Level != alert.NoLevel {
		b.Levels = append(b.Levels, l.Level)
		slices.Sort(b.Levels)
	}
	if l.Occasion != "" && !slices.Contains(b.Occasions, l.Occasion) {
		b.Occasions = append(b.Occasions, l.Occasion)
	}
}

func (b *libraryBody) wants(l *templateLine) bool {
	state := b.State == "" || b.State == string(l.State) || b.State == string(templateWaiting) && l.Next > 0
	return state && (b.Hazard == "" || b.Hazard == string(l.Hazard)) && (b.Level == "" || b.Level == l.Level.String()) && (b.Occasion == "" || b.Occasion == l.Occasion)
}

// templateLines are the templates of a mode: what waits first, then the big
// buttons, then by their ids.
func (c *Console) templateLines(mode alert.Mode) (out []templateLine) {
	c.Desk.Read(func(st *alert.State) {
		for _, h := range st.Templates {
			if h.Mode == mode {
				out = append(out, lineOf(h))
			}
		}
	})
	order := func(l templateLine) int {
		switch {
		case l.State == templateWaiting || l.Next > 0:
			return 0
		case l.State == templateRetired:
			return 99
		case l.Quick > 0:
			return l.Quick
		}
		return 10
	}
	slices.SortFunc(out, func(a, b templateLine) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func lineOf(h *alert.TemplateHistory) templateLine {
	last, shown := h.Latest(), h.InUse()
	l := templateLine{State: templateStateOf(h)}
	if shown == nil {
		shown = last
	}
	if last.Waits() && last != shown {
		l.Next = last.Version
	}
	l.TemplateVersion = *shown
	l.English = shown.HeadlineEN != "" && shown.TextEN != ""
	return l
}

func templateStateOf(h *alert.TemplateHistory) templateState {
	switch {
	case h.Withdrawn != nil:
		return templateRetired
	case h.Current() != nil:
		return templateInUse
	case h.Latest().Waits():
		return templateWaiting
	}
	return templateReturned
}
