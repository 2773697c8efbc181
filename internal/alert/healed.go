package alert

// Healed records that a copy of the journal was found damaged and made whole
// again from the others. It stands in the journal so that whoever reads it later
// knows that an event's bytes did not lie there undisturbed.
type Healed struct {
	Copy   string `json:"copy"`             // stream, mirror or head
	Path   string `json:"path,omitempty"`   // which one, when it is a file
	From   uint64 `json:"from"`             // first event that was damaged; 0 when it was none in particular
	To     uint64 `json:"to"`               // last one
	Source string `json:"source,omitempty"` // where the whole events were taken from
	Why    string `json:"why"`
}

func (Healed) FactName() (string, string) { return "journal", "healed" }

// Healing is a healing with its place in the journal.
type Healing struct {
	Healed
	Event Decision
}
