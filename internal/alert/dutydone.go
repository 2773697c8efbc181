package alert

import (
	"fmt"
	"slices"
	"time"
)

// DutyDone is an officer's entry that a duty of an incident was done, with the
// evidence: the number of the report, who took the call, a link. A correction
// names the entry that it replaces, which stays in the record with the reason.
type DutyDone struct {
	Duty     string    `json:"duty"` // the rule's id
	At       time.Time `json:"at"`   // when it was done; zero withdraws the entry that is replaced
	Evidence string    `json:"evidence"`
	Replaces uint64    `json:"replaces,omitempty"` // the entry's event
	Reason   string    `json:"reason,omitempty"`   // of the correction
}

// FactName implements [Fact].
func (DutyDone) FactName() (string, string) { return "incident", "duty-done" }

// DutyEntry is an entry with what became of it.
type DutyEntry struct {
	DutyDone
	Recorded  Decision  `json:"recorded"`
	Withdrawn bool      `json:"withdrawn,omitempty"` // it only takes the one it replaces away
	Replaced  *Decision `json:"replaced,omitempty"`  // by a later entry; Reason says why
}

// addDone takes an entry; the list is copied, because a trial may hold the old one.
func (i *Incident) addDone(f DutyDone, d Decision) error {
	list := slices.Clone(i.Done)
	if f.Replaces != 0 {
		at := slices.IndexFunc(list, func(e DutyEntry) bool { return e.Recorded.Seq == f.Replaces })
		if at < 0 || list[at].Replaced != nil || list[at].Duty != f.Duty {
			return fmt.Errorf("entry %d of duty %s cannot be replaced", f.Replaces, f.Duty)
		}
		by := d
		by.Reason = f.Reason
		list[at].Replaced = &by
	}
	i.Done = append(list, DutyEntry{DutyDone: f, Recorded: d, Withdrawn: f.At.IsZero()})
	return nil
}
