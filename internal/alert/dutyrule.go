package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// StartInstant names what starts a clock.
type StartInstant string

const (
	FromOccurred   StartInstant = "occurred"
	FromReceived   StartInstant = "received"
	FromClassified StartInstant = "classified"
	FromClosed     StartInstant = "closed" // the response ended, and its record is whole
)

// What fulfils a duty.
const (
	ByRelease    = "release"    // a released notice that answers the incident
	ByConference = "conference" // a press conference that was held
	ByEntry      = "entry"      // an officer's entry with its evidence
)

// Span is a length of time that is written 5h or 30m, in files and in JSON.
type Span time.Duration

// MarshalText writes Go's notation without empty units: 5h, 1h30m.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Span) String() string {
	text := time.Duration(s).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// UnmarshalText reads Go's notation.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("read the length of time %q: want one such as 5h or 90m", b)
	}
	*s = Span(d)
	return nil
}

// DutyRule is one legal deadline as data. Of Within, Days and WorkDays exactly
// one says how much time there is.
type DutyRule struct {
	ID string `json:"id" toml:"id"`
	ZH string `json:"zh" toml:"zh"`
	EN string `json:"en" toml:"en"`

	Within   Span `json:"within,omitzero" toml:"within"`       // to the second
	Days     int  `json:"days,omitempty" toml:"days"`          // until the end of the n-th day; the first does not count
	WorkDays int  `json:"work_days,omitempty" toml:"workdays"` // likewise, working days
	// Every repeats the duty so long after each fulfilment, until the incident is
	// closed; 0 for a duty that is done once.
	Every Span `json:"every,omitzero" toml:"every"`

	// Start is where the text of the law is silent and the strictest reading
	// is the default: from the occurrence.
	Start StartInstant   `json:"start" toml:"start"`
	From  IncidentLevel  `json:"from" toml:"from"`            // this level and above
	UpTo  IncidentLevel  `json:"up_to,omitzero" toml:"up_to"` // and not above this one; unclassified: no bound
	Kinds []IncidentKind `json:"kinds,omitempty" toml:"kinds"`
	// After names the duty whose first fulfilment starts this one.
	After string `json:"after,omitempty" toml:"after"`
	// OnChange: it arises when the casualties change, and is fulfilled again
	// after each change (order 493 §13).
	OnChange bool `json:"on_change,omitempty" toml:"on_change"`
	// Outlives: closing the incident does not end it.
	Outlives bool `json:"outlives,omitempty" toml:"outlives"`

	Basis string `json:"basis" toml:"basis"`
	// Unconfirmed: the text of the basis was not seen, or it names no such
	// number; officers are told so.
	Unconfirmed bool   `json:"unconfirmed,omitempty" toml:"unconfirmed"`
	MetBy       string `json:"met_by" toml:"met_by"`

	Owner  string `json:"owner,omitempty" toml:"owner"`   // officer who answers for it
	Deputy string `json:"deputy,omitempty" toml:"deputy"` // and who stands in
}

// DutyTable is the duties of a city with the calendar that their working days
// are counted by.
type DutyTable struct {
	Rules    []DutyRule `json:"rules"`
	Calendar Calendar   `json:"calendar,omitempty"`
	Head     string     `json:"head,omitempty"` // officer who is reminded when nobody else answers
}

// Bounds of a table: what a person can still read through.
const (
	maxDutyRules = 60
	maxDutyText  = 200
	maxDutySpan  = Span(400 * 24 * time.Hour)
	maxDutyDays  = 400
)

// Rule finds a rule by its id.
func (t *DutyTable) Rule(id string) (DutyRule, bool) {
	for _, r := range t.Rules {
		if r.ID == id {
			return r, true
		}
	}
	return DutyRule{}, false
}

// Check says what is wrong in a table.
func (t *DutyTable) Check() error {
	if len(t.Rules) > maxDutyRules {
		return fmt.Errorf("duties: %d rules, at most %d", len(t.Rules), maxDutyRules)
	}
	for i := range t.Rules {
		r := &t.Rules[i]
		if slices.ContainsFunc(t.Rules[:i], func(o DutyRule) bool { return o.ID == r.ID }) {
			return fmt.Errorf("duties[%d].id %q stands twice", i, r.ID)
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("duties[%d].%w", i, err)
		}
		if r.After == "" {
			continue
		}
		if first, ok := t.Rule(r.After); !ok || first.After != "" || first.ID == r.ID {
			return fmt.Errorf("duties[%d].after %q: want the id of a duty that itself follows none", i, r.After)
		}
	}
	if t.Head != "" && !safeToken(t.Head) {
		return fmt.Errorf("duties: head %q is no officer's id", t.Head)
	}
	return t.Calendar.Check()
}

func (r *DutyRule) check() error {
	if !safeToken(r.ID) || len(r.ID) > 40 {
		return fmt.Errorf("id %q: want 1 to 40 letters and digits", r.ID)
	}
	for name, text := range map[string]string{"zh": r.ZH, "en": r.EN, "basis": r.Basis} {
		if _, unsafe := UnsafeRune(text); unsafe || strings.TrimSpace(text) == "" || len([]rune(text)) > maxDutyText {
			return fmt.Errorf("%s: want 1 to %d characters without control characters", name, maxDutyText)
		}
	}
	if err := r.checkTerm(); err != nil {
		return err
	}
	switch r.Start {
	case FromOccurred, FromReceived, FromClassified, FromClosed:
	default:
		return fmt.Errorf("start %q: want occurred, received, classified or closed", r.Start)
	}
	switch {
	case r.MetBy != ByRelease && r.MetBy != ByConference && r.MetBy != ByEntry:
		return fmt.Errorf("met_by %q: want release, conference or entry", r.MetBy)
	case r.From > Grave || r.UpTo > Grave || r.UpTo != Unclassified && r.UpTo < r.From:
		return fmt.Errorf("up_to: want a level that is not below from")
	case r.Start == FromClosed && !r.Outlives:
		return fmt.Errorf("outlives: what starts when the incident is closed must outlive it")
	case r.OnChange && (r.MetBy != ByEntry || r.Every != 0 || r.After != ""):
		return fmt.Errorf("on_change: such a duty is met by entries, does not repeat by time and follows none")
	case r.Owner != "" && !safeToken(r.Owner) || r.Deputy != "" && !safeToken(r.Deputy):
		return fmt.Errorf("owner: want officers' ids")
	}
	for _, k := range r.Kinds {
		if k == "" || !k.Valid() {
			return fmt.Errorf("kinds: %q is none of accident, road, fire, opinion", k)
		}
	}
	return nil
}

func (r *DutyRule) checkTerm() error {
	ways := 0
	for _, there := range []bool{r.Within != 0, r.Days != 0, r.WorkDays != 0} {
		if there {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("within: want exactly one of within, days and workdays")
	case r.Within < 0 || r.Within > maxDutySpan || r.Within != 0 && r.Within < Span(time.Second):
		return fmt.Errorf("within: want a duration from 1s to %s, such as \"5h\"", maxDutySpan)
	case r.Days < 0 || r.Days > maxDutyDays || r.WorkDays < 0 || r.WorkDays > maxDutyDays:
		return fmt.Errorf("days: want 1 to %d", maxDutyDays)
	case r.Every < 0 || r.Every > maxDutySpan || r.Every != 0 && r.Every < Span(time.Minute):
		return fmt.Errorf("every: want a duration from 1m to %s", maxDutySpan)
	}
	return nil
}

// safeToken reports whether a word can stand in a subject of the record.
func safeToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
