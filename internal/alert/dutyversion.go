package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// DutyTableProposed puts another table of duties before a second person; kind
// "duty", id "table".
type DutyTableProposed struct {
	Version int       `json:"version"` // 1 for the first that does not come from the configuration
	Table   DutyTable `json:"table"`
	Reason  string    `json:"reason"`
}

// DutyTableDecided takes the proposed table into force, or throws it away.
type DutyTableDecided struct {
	Version int    `json:"version"`
	Hash    string `json:"hash"` // of the table that was looked at
	Refused bool   `json:"refused,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// FactName implements [Fact].
func (DutyTableProposed) FactName() (string, string) { return "duty", "proposed" }

// FactName implements [Fact].
func (DutyTableDecided) FactName() (string, string) { return "duty", "decided" }

// DutyTableVersion is a table with what became of it.
type DutyTableVersion struct {
	No       int
	Table    DutyTable
	Hash     string
	Proposed Decision // Reason is the proposer's
	Decided  *Decision
	Refused  bool
}

// Hash names the table's content.
func (t *DutyTable) Hash() string {
	b, err := json.Marshal(t)
	if err != nil { // its parts are texts and numbers: it cannot be
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// dutyFact decodes what [Event.Fact] does not know by itself.
func dutyFact(e *Event) (Fact, error) {
	switch e.Kind + "." + e.Type {
	case "duty.proposed":
		return decodeFact[DutyTableProposed](e)
	case "duty.decided":
		return decodeFact[DutyTableDecided](e)
	}
	return nil, nil
}

// dutyTables are the tables of duties that were proposed.
type dutyTables struct {
	DutyTables []DutyTableVersion // oldest first
}

func (s *dutyTables) apply(f Fact, d Decision) (known bool, err error) {
	switch f := f.(type) {
	case DutyTableProposed:
		if f.Version != len(s.DutyTables)+1 {
			return true, fmt.Errorf("table of duties %d after %d", f.Version, len(s.DutyTables))
		}
		d.Reason = f.Reason
		s.DutyTables = append(slices.Clip(s.DutyTables), DutyTableVersion{No: f.Version, Table: f.Table, Hash: f.Table.Hash(), Proposed: d})
		return true, nil
	case DutyTableDecided:
		v := s.DutyTableNo(f.Version)
		if v == nil || v.Decided != nil || v.Hash != f.Hash {
			return true, fmt.Errorf("table of duties %d does not wait for a decision about %s", f.Version, f.Hash)
		}
		d.Reason = f.Reason
		s.DutyTables = slices.Clone(s.DutyTables)
		v = s.DutyTableNo(f.Version)
		v.Decided, v.Refused = &d, f.Refused
		return true, nil
	}
	return false, nil
}

// DutyTableNo finds a version; nil when there is none.
func (s *dutyTables) DutyTableNo(no int) *DutyTableVersion {
	if no < 1 || no > len(s.DutyTables) {
		return nil
	}
	return &s.DutyTables[no-1]
}

// WaitingDutyTable is the proposed table that nobody has decided on; nil for none.
func (s *dutyTables) WaitingDutyTable() *DutyTableVersion {
	if v := s.DutyTableNo(len(s.DutyTables)); v != nil && v.Decided == nil {
		return v
	}
	return nil
}

// DutyTable is the table in force, and its version; the shipped one is 0.
func (s *dutyTables) DutyTable(shipped *DutyTable) (*DutyTable, int) {
	return s.dutyTableAt(shipped, 1<<63)
}

// dutyTableAt is the table that was in force at an event of the journal.
func (s *dutyTables) dutyTableAt(shipped *DutyTable, seq uint64) (*DutyTable, int) {
	for i := len(s.DutyTables) - 1; i >= 0; i-- {
		if v := &s.DutyTables[i]; v.Decided != nil && !v.Refused && v.Decided.Seq < seq {
			return &v.Table, v.No
		}
	}
	return shipped, 0
}

// DutiesOf derives an incident's duties. An incident keeps the table that was in
// force when it was recorded: another table moves no clock of the past. Only the
// calendar and the people to be reminded are those of today.
func (s *State) DutiesOf(inc *Incident, shipped *DutyTable) []Duty {
	t := s.tableFor(inc, shipped)
	return Deadlines(inc, s.Answers(inc.ID), &t)
}

// NotDutiesOf are the rules that never applied to the incident, with the reason.
func (s *State) NotDutiesOf(inc *Incident, shipped *DutyTable) []Duty {
	t := s.tableFor(inc, shipped)
	return NotApplying(inc, s.Answers(inc.ID), &t)
}

func (s *State) tableFor(inc *Incident, shipped *DutyTable) DutyTable {
	now, version := s.DutyTable(shipped)
	then, at := s.dutyTableAt(shipped, inc.Log[0].Seq)
	if version == at {
		return *now
	}
	t := DutyTable{Rules: slices.Clone(then.Rules), Calendar: now.Calendar, Head: now.Head}
	for i := range t.Rules {
		if r, ok := now.Rule(t.Rules[i].ID); ok {
			t.Rules[i].Owner, t.Rules[i].Deputy = r.Owner, r.Deputy
		}
	}
	return t
}
