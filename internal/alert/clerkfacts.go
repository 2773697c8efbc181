package alert

import "fmt"

// What was done with the roll by people: who brought people in, took addresses
// out, or removed somebody on their behalf. The subscriptions themselves are not
// in the journal, and no fact says which person it was about: it could not be
// taken out again. All are about the id "roll".

// RollImported says what an import came to, also one that stopped on the way.
type RollImported struct {
	Source     string `json:"source,omitempty"` // the file's name without its folder
	Rows       int    `json:"rows"`
	Joined     int    `json:"joined"`
	Changed    int    `json:"changed"`
	Unchanged  int    `json:"unchanged"`
	Suppressed int    `json:"suppressed"` // had left or were erased, and were not brought back
	Rejected   int    `json:"rejected"`
	Line       int    `json:"line,omitempty"`    // how far it came
	Stopped    string `json:"stopped,omitempty"` // why it did not come further
}

// RollExported says that addresses left the service. It is recorded before the
// first one is written, so that no copy is without its record.
type RollExported struct {
	Form    string         `json:"form"` // csv, ndjson or list
	Channel string         `json:"channel,omitempty"`
	Areas   []string       `json:"areas,omitempty"`
	Groups  []string       `json:"groups,omitempty"`
	Hazard  Hazard         `json:"hazard,omitempty"`
	Level   Level          `json:"level,omitempty"`
	Counts  map[string]int `json:"counts"` // people per channel
	Reason  string         `json:"reason,omitempty"`
}

// RollLeft says that somebody was taken off the roll at their request.
type RollLeft struct {
	Channel string `json:"channel"`
	Reason  string `json:"reason,omitempty"`
}

// RollErased says that everything about a person was erased (personal
// information law, article 47).
type RollErased struct {
	Channel string `json:"channel"`
	Reason  string `json:"reason,omitempty"`
}

func (RollImported) FactName() (string, string) { return "roll", "imported" }
func (RollExported) FactName() (string, string) { return "roll", "exported" }
func (RollLeft) FactName() (string, string)     { return "roll", "left" }
func (RollErased) FactName() (string, string)   { return "roll", "erased" }

// clerkFact decodes what neither [Event.Fact] nor the desk knows. Nothing is
// folded from these facts: they are read where they stand.
func clerkFact(e *Event) (Fact, error) {
	switch e.Kind + "." + e.Type {
	case "roll.imported":
		return decodeFact[RollImported](e)
	case "roll.exported":
		return decodeFact[RollExported](e)
	case "roll.left":
		return decodeFact[RollLeft](e)
	case "roll.erased":
		return decodeFact[RollErased](e)
	}
	return nil, fmt.Errorf("event %d: this program does not know %s.%s; it was written by a newer one", e.Seq, e.Kind, e.Type)
}
