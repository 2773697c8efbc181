package alert

import (
	"encoding/json"
	"fmt"
	"time"
)

// The facts of the journal. A field is never renamed and never changes its
// meaning; new ones are optional. Kind "notice" is about a notice's id, and so
// on; milestones and plans have ids of their own that may stand only once.

// Submitted puts a text before the reviewers; it opens revision Rev.
type Submitted struct {
	Rev     int      `json:"rev"`
	Verb    Verb     `json:"verb"`
	Content Content  `json:"content"`
	Touched []string `json:"touched"` // everybody who edited the draft
	Draft   string   `json:"draft,omitempty"`
}

// Returned sends a revision back to its author.
type Returned struct {
	Rev    int    `json:"rev"`
	Reason string `json:"reason"`
}

// Reviewed records the confidentiality review (保密审查) as a step of its own.
type Reviewed struct {
	Rev  int    `json:"rev"`
	Hash string `json:"hash"`
	Note string `json:"note,omitempty"`
	// Checklist names what was checked, in the order of the list.
	Checklist []string `json:"checklist,omitempty"`
}

// Approved signs a revision; it is bound to the content's hash and remembers
// the head count that the approver was shown (R1, R2, R12).
type Approved struct {
	Rev      int            `json:"rev"`
	Hash     string         `json:"hash"`
	Audience map[string]int `json:"audience"`
}

// Released makes an approved revision public. Nothing after it can unpublish
// the revision; a lift or a retraction is another one.
type Released struct {
	Rev  int    `json:"rev"`
	Hash string `json:"hash"`
}

// Followed is a correction, lift or retraction: one person's single act that
// opens a revision and releases it (R3).
type Followed struct {
	Rev     int     `json:"rev"`
	Verb    Verb    `json:"verb"`
	Content Content `json:"content"`
	Reason  string  `json:"reason"`
}

// Paused stops the fan-out of a revision until it is resumed.
type Paused struct {
	Rev    int    `json:"rev"`
	Reason string `json:"reason"`
}

// Resumed lets a paused fan-out go on.
type Resumed struct {
	Rev int `json:"rev"`
}

// EmergencyReleased is 紧急发布: one named officer releases a notice made from a
// template that was approved for it; a second one countersigns within 30 min.
type EmergencyReleased struct {
	Rev      int            `json:"rev"`
	Hash     string         `json:"hash"`
	Audience map[string]int `json:"audience"`
	Reason   string         `json:"reason"`
}

// Countersigned is the second officer's signature under an emergency release.
type Countersigned struct {
	Rev  int    `json:"rev"`
	Hash string `json:"hash"`
	Note string `json:"note,omitempty"`
}

// Confirmed says that an officer looked at a plan that was held (R12) and
// wants it sent as it is.
type Confirmed struct {
	Rev int `json:"rev"`
}

// Recorded opens an incident or, later, restates its facts as they are now
// known; the newest stands, all are kept.
type Recorded struct {
	Facts  IncidentFacts `json:"facts"`
	Reason string        `json:"reason,omitempty"` // needed when the level is lowered or an instant changes
}

// ConferenceHeld says that a press conference took place.
type ConferenceHeld struct {
	At    time.Time `json:"at"`
	Place string    `json:"place"`
	Link  string    `json:"link,omitempty"`
}

// Acknowledged says that an officer saw a reminder.
type Acknowledged struct {
	Milestone string `json:"milestone"`
}

// IncidentClosed ends an incident's clocks.
type IncidentClosed struct {
	Reason string `json:"reason"`
}

// Milestone is something that the watch saw come to pass. Its id is
// "<incident>-<duty>-<what>", so that it stands once however many watches run.
type Milestone struct {
	Incident string        `json:"incident,omitempty"`
	Duty     string        `json:"duty,omitempty"`
	Notice   string        `json:"notice,omitempty"`
	Rev      int           `json:"rev,omitempty"`
	What     MilestoneWhat `json:"what"`
	Due      time.Time     `json:"due"`     // when the duty is due, or the notice ends
	Planned  time.Time     `json:"planned"` // when this milestone was to be recorded
	By       string        `json:"by,omitempty"`
}

// KeySet records the fingerprint of the keys that protect the roll; a start
// with other keys is refused.
type KeySet struct {
	Fingerprint string `json:"fingerprint"`
}

func (Submitted) FactName() (string, string)         { return "notice", "submitted" }
func (Returned) FactName() (string, string)          { return "notice", "returned" }
func (Reviewed) FactName() (string, string)          { return "notice", "reviewed" }
func (Approved) FactName() (string, string)          { return "notice", "approved" }
func (Released) FactName() (string, string)          { return "notice", "released" }
func (Followed) FactName() (string, string)          { return "notice", "followed" }
func (Paused) FactName() (string, string)            { return "notice", "paused" }
func (Resumed) FactName() (string, string)           { return "notice", "resumed" }
func (EmergencyReleased) FactName() (string, string) { return "notice", "emergency-released" }
func (Countersigned) FactName() (string, string)     { return "notice", "countersigned" }
func (Confirmed) FactName() (string, string)         { return "notice", "confirmed" }
func (Recorded) FactName() (string, string)          { return "incident", "recorded" }
func (ConferenceHeld) FactName() (string, string)    { return "incident", "conference-held" }
func (Acknowledged) FactName() (string, string)      { return "incident", "acknowledged" }
func (IncidentClosed) FactName() (string, string)    { return "incident", "closed" }
func (Milestone) FactName() (string, string)         { return "milestone", "reached" }
func (KeySet) FactName() (string, string)            { return "key", "set" }

// Fact decodes what the event says. An event this program does not know is an
// error: a fold that skips a fact would show a state that never was.
func (e *Event) Fact() (Fact, error) {
	switch e.Kind + "." + e.Type {
	case "notice.submitted":
		return decodeFact[Submitted](e)
	case "notice.returned":
		return decodeFact[Returned](e)
	case "notice.reviewed":
		return decodeFact[Reviewed](e)
	case "notice.approved":
		return decodeFact[Approved](e)
	case "notice.released":
		return decodeFact[Released](e)
	case "notice.followed":
		return decodeFact[Followed](e)
	case "notice.paused":
		return decodeFact[Paused](e)
	case "notice.resumed":
		return decodeFact[Resumed](e)
	case "notice.emergency-released":
		return decodeFact[EmergencyReleased](e)
	case "notice.countersigned":
		return decodeFact[Countersigned](e)
	case "notice.stopped":
		return decodeFact[Stopped](e)
	case "notice.confirmed":
		return decodeFact[Confirmed](e)
	case "incident.recorded":
		return decodeFact[Recorded](e)
	case "incident.conference-held":
		return decodeFact[ConferenceHeld](e)
	case "incident.acknowledged":
		return decodeFact[Acknowledged](e)
	case "incident.duty-done":
		return decodeFact[DutyDone](e)
	case "incident.closed":
		return decodeFact[IncidentClosed](e)
	case "milestone.reached":
		return decodeFact[Milestone](e)
	case "plan.made":
		return decodeFact[Plan](e)
	case "key.tested":
		return decodeFact[KeysTested](e)
	case "backup.restored":
		return decodeFact[BackupRestored](e)
	case "journal.healed":
		return decodeFact[Healed](e)
	}
	if f, err := rollFact(e); f != nil || err != nil {
		return f, err
	}
	if f, err := dutyFact(e); f != nil || err != nil {
		return f, err
	}
	return deskFact(e)
}

func decodeFact[F Fact](e *Event) (Fact, error) {
	var f F
	if err := json.Unmarshal(e.Data, &f); err != nil {
		return nil, fmt.Errorf("event %d, %s.%s of %s: %w", e.Seq, e.Kind, e.Type, e.ID, err)
	}
	return f, nil
}
