package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
)

// A try is what a request turns out to be while it is served: who it is from,
// what became of it. The guard makes one for each request and writes it to the
// audit at the end, so that no handler can forget to.
type try struct {
	officer, object   string
	mode              alert.Mode
	proven            bool
	dead              bool // it came with a session that is none any more
	told              bool // a GET that is an act all the same: a sign-in by link, an export
	outcome           audit.Outcome
	ruleWord, zh, enW string
}

type tryKey struct{}

func withTry(r *http.Request) (*http.Request, *try) {
	t := &try{}
	return r.WithContext(context.WithValue(r.Context(), tryKey{}, t)), t
}

// tryOf returns the request's try; of one that did not come through the guard,
// one that nobody reads.
func tryOf(r *http.Request) *try {
	if t, ok := r.Context().Value(tryKey{}).(*try); ok {
		return t
	}
	return &try{}
}

// proves says who a session or a token belongs to.
func (t *try) proves(who alert.Actor) {
	t.officer, t.mode, t.proven, t.dead = who.ID, who.Mode, true, false
}

// refused remembers the no; a more exact one stays.
func (t *try) refused(f failure, err error) {
	if t.outcome == "" {
		t.outcome = outcomeOf(f, err)
	}
	if t.zh == "" {
		t.ruleWord, t.zh, t.enW = f.Rule, f.Detail, f.DetailEN
	}
}

func (t *try) refusedSignIn(a attempt) {
	switch {
	case a.slow:
		t.outcome = audit.Throttled
	case a.problem.Field == "password":
		t.outcome = audit.WrongSignIn
	default:
		t.outcome = audit.Invalid
	}
	if !a.slow { // whose words name the seconds
		t.zh, t.enW = a.problem.ZH, a.problem.EN
	}
}

// about takes what an answer of the API is about.
func (t *try) about(body any) {
	switch b := body.(type) {
	case done:
		t.object = b.Notice
	case draftAnswer:
		if t.object = b.Notice; b.Notice == "" {
			t.object = b.Draft
		}
	case templateDone:
		t.object = b.Template
	case incidentAnswer:
		t.object = b.Incident
	}
}

func outcomeOf(f failure, err error) audit.Outcome {
	switch {
	case errors.Is(err, errOldForm):
		return audit.OldForm
	case errors.Is(err, errSignedOut):
		return audit.SignedOut
	case errors.Is(err, ErrSignIn):
		return audit.WrongSignIn
	case f.Field == "factor":
		return audit.WrongFactor
	}
	switch f.kind() {
	case alert.Invalid:
		return audit.Invalid
	case alert.Forbidden:
		return audit.Forbidden
	case alert.Conflict:
		return audit.Conflict
	case alert.NotFound:
		return audit.NotFound
	case alert.TooLarge:
		return audit.TooLarge
	case alert.Blocked:
		return audit.Blocked
	}
	return audit.Failed
}

// audit writes what a request turned out to be. Looking at a page is no act;
// being refused a page, or coming with a session that has ended, is a try.
func (c *Console) audit(r *http.Request, t *try, w *counted) {
	if w.status >= http.StatusBadRequest && t.outcome == "" {
		f := failure{Type: "urn:mingluo:problem:" + string(kindOfStatus(w.status))}
		t.outcome = outcomeOf(f, nil)
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case t.dead:
		t.outcome = audit.SignedOut
	case t.outcome == "":
		t.outcome = audit.Done
	}
	if reads && !t.told && !tells(t.outcome) || t.outcome == audit.Done && strings.HasSuffix(r.URL.Path, "/preview") {
		return
	}
	if seat, ok := strings.CutPrefix(r.URL.Path, seats); ok && t.officer == "" {
		t.officer, _, _ = strings.Cut(seat, "/") // whose seat it was to be
	}
	e := audit.Entry{
		Officer: t.officer, Proven: t.proven, Mode: t.mode, From: c.clientAddr(r).String(), Via: "page", Act: actName(r), Object: objectOf(r, t, w),
		Outcome: t.outcome, Rule: t.ruleWord, ZH: t.zh, EN: t.enW,
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		e.Via = "api"
	}
	c.Audit.Note(e)
}

// tells are the outcomes of looking that are tries.
func tells(o audit.Outcome) bool {
	switch o {
	case audit.Forbidden, audit.WrongSignIn, audit.SignedOut, audit.CrossOrigin, audit.Throttled:
		return true
	}
	return false
}

func kindOfStatus(status int) alert.ProblemKind {
	for _, k := range []alert.ProblemKind{alert.Invalid, alert.Forbidden, alert.Conflict, alert.NotFound, alert.TooLarge} {
		if s, _ := kindOf(k); s == status {
			return k
		}
	}
	return "internal"
}

// actName names an act the same whether a page or a program did it:
// notices.approve, drafts.submit, roll.import. The names are made of our own
// routes, so they are few; what no route serves is "other".
func actName(r *http.Request) string {
	path := ownPath(r.Pattern)
	if path == "" {
		return "other"
	}
	var words []string
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		switch {
		case part == "{act}" || part == "{verb}":
			words = append(words, r.PathValue(strings.Trim(part, "{}")))
		case !strings.HasPrefix(part, "{"):
			words = append(words, part)
		}
	}
	switch act := r.PostForm.Get("act"); {
	case r.Method == http.MethodPut:
		words = append(words, "save")
	case r.Method == http.MethodDelete:
		words = append(words, "drop")
	case act != "" && !strings.Contains(path, "{act}"):
		words = append(words, act)
	}
	return strings.Join(words, ".")
}

// ownPath is a route's path below the officer's desk or the API's base.
func ownPath(pattern string) string {
	_, path, ok := strings.Cut(pattern, " ")
	if !ok {
		return ""
	}
	for _, prefix := range []string{seats + "{officer}", apiBase} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			return rest
		}
	}
	return path
}

// objectOf is what an act was about: what it led to, else what its address
// names, else the address itself when we serve none such.
func objectOf(r *http.Request, t *try, w *counted) string {
	if t.object != "" {
		return t.object
	}
	if to := w.Header().Get("Location"); w.status == http.StatusSeeOther {
		for _, kind := range []string{"/notices/", "/incidents/", "/drafts/"} {
			if _, id, ok := strings.Cut(to, kind); ok {
				id, _, _ = strings.Cut(id, "?")
				id, _, _ = strings.Cut(id, "/")
				return id
			}
		}
	}
	path := ownPath(r.Pattern)
	if path == "" {
		return r.URL.Path
	}
	for part := range strings.SplitSeq(path, "/") {
		if name := strings.Trim(part, "{}"); name != part && name != "act" && name != "verb" && name != "$" && name != "word" {
			return r.PathValue(name)
		}
	}
	return ""
}
