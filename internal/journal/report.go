package journal

import (
	"fmt"
	"time"
)

// The kinds of copies, also the labels of the metrics.
const (
	KindStream = "stream"
	KindMirror = "mirror"
	KindHead   = "head"
)

// Damage is something that was found wrong with a copy of the journal.
type Damage struct {
	Kind  string `json:"kind"` // KindStream, KindMirror, KindHead
	Name  string `json:"name"` // "stream JOURNAL", or the file's path
	From  uint64 `json:"from"` // the first event concerned; 0 when it is none in particular
	To    uint64 `json:"to"`   // and the last
	Event string `json:"event,omitempty"`
	Why   string `json:"why"`
}

func (d Damage) String() string {
	if d.From == 0 {
		return fmt.Sprintf("%s: %s", d.Name, d.Why)
	}
	event := ""
	if d.Event != "" {
		event = " (" + d.Event + ")"
	}
	return fmt.Sprintf("%s, event %d%s: %s", d.Name, d.From, event, d.Why)
}

// CopyReport is the verdict about one copy.
type CopyReport struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Events uint64 `json:"events"` // how far it is whole, or what the head says
	OK     bool   `json:"ok"`
	Why    string `json:"why"`
}

// Report is what a look at all copies found.
type Report struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took_ns"`
	Seq     uint64        `json:"seq"` // the last event
	Hash    string        `json:"hash"`
	Copies  []CopyReport  `json:"copies"`
	Damages []Damage      `json:"damages,omitempty"`
	Healed  bool          `json:"healed,omitempty"` // what was damaged is whole again
	Slices  SliceReport   `json:"slices"`
}

// OK reports whether nothing was found wrong.
func (r *Report) OK() bool {
	return len(r.Damages) == 0 && len(r.Slices.Damaged) == 0
}

// SliceReport is what a look at the slices' outcomes found.
type SliceReport struct {
	Checked int           `json:"checked"`
	Of      int           `json:"of"` // slices that have a tally
	Damaged []DamagedPart `json:"damaged,omitempty"`
}

// DamagedPart is a slice whose outcomes are not what its tally says.
type DamagedPart struct {
	Slice string `json:"slice"` // <notice>.<rev>.<channel>.<slice>
	Why   string `json:"why"`
}
