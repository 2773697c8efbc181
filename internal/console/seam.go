package console

import (
	"context"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/progress"
)

// Desk is what officers do, and what they see of it. Errors are alert.Problems
// for the officer, anything else is a failure of the service.
type Desk interface {
	Drafting
	Deciding
	Templating
	Inbox
	Incidents
	People
	Applying
	// Read calls fn with the state; fn must not keep it.
	Read(fn func(st *alert.State))
	// Wait returns the journal's sequence once it is beyond after.
	Wait(ctx context.Context, after uint64) (uint64, error)
}

// Drafting is what happens before anybody else sees a text.
type Drafting interface {
	NewDraft(ctx context.Context, who alert.Actor, c alert.Content, warnings []string) (*desk.Draft, error)
	SaveDraft(ctx context.Context, who alert.Actor, id string, seq uint64, c alert.Content) (*desk.Draft, error)
	StartDraft(ctx context.Context, who alert.Actor, tab string, c alert.Content) (*desk.Draft, error)
	KeepDraft(ctx context.Context, who alert.Actor, id string, seq uint64, tab string, c alert.Content) (*desk.Draft, error)
	UndoDraft(ctx context.Context, who alert.Actor, id string, seq uint64) (*desk.Draft, error)
	UndropDraft(ctx context.Context, who alert.Actor, id string) (*desk.Draft, error)
	TakeBack(ctx context.Context, who alert.Actor, notice string, rev int) (*desk.Draft, error)
	Draft(ctx context.Context, id string) (*desk.Draft, error)
	Drafts(ctx context.Context) ([]*desk.Draft, error)
	DropDraft(ctx context.Context, who alert.Actor, id string) error
	Preview(ctx context.Context, mode alert.Mode, c alert.Content) (desk.Preview, error)
	Would(d *desk.Draft, c alert.Content) desk.Said
	Submit(ctx context.Context, who alert.Actor, draft string, seq uint64) (notice string, rev int, err error)
	UpdateDraft(ctx context.Context, who alert.Actor, notice string) (*desk.Draft, error)
	Telling(ctx context.Context, notice string, rev int, c alert.Content) (*desk.Telling, error)
	RestoreDraft(ctx context.Context, who alert.Actor, notice string) (*desk.Draft, error)
}

// Deciding is what happens to a submitted or released revision.
type Deciding interface {
	Return(ctx context.Context, who alert.Actor, notice string, rev int, reason string) (*desk.Draft, error)
	Review(ctx context.Context, who alert.Actor, notice string, rev int, hash, note string, ticked ...string) error
	Approve(ctx context.Context, who alert.Actor, notice string, rev int, hash string) error
	Release(ctx context.Context, who alert.Actor, notice string, rev int) error
	FollowText(notice string, verb alert.Verb, reason string) (alert.Content, error)
	Follow(ctx context.Context, who alert.Actor, notice string, verb alert.Verb, reason string) (rev int, err error)
	Pause(ctx context.Context, who alert.Actor, notice string, rev int, reason string) error
	Resume(ctx context.Context, who alert.Actor, notice string, rev int) error
	Stop(ctx context.Context, who alert.Actor, notice string, rev int, reason string) error
	ConfirmPlan(ctx context.Context, who alert.Actor, notice string, rev int) error
}

// Templating is the notices that were written in daylight.
type Templating interface {
	Templates(mode alert.Mode) (inUse, waiting []alert.TemplateVersion)
	FromTemplate(who alert.Actor, id string, c alert.Content, values map[string]string) (alert.Content, alert.Problems, error)
	ProposeTemplate(ctx context.Context, who alert.Actor, t alert.Template, reason string) (version int, err error)
	CheckTemplate(mode alert.Mode, t alert.Template) alert.Problems
	SampleTemplate(mode alert.Mode, t alert.Template, longest bool) desk.Said
	ReviewTemplate(ctx context.Context, who alert.Actor, id string, version int, hash, note string, ticked ...string) error
	ReturnTemplate(ctx context.Context, who alert.Actor, id string, version int, hash, reason string) error
	ApproveTemplate(ctx context.Context, who alert.Actor, id string, version int, hash string, emergency bool) error
	WithdrawTemplate(ctx context.Context, who alert.Actor, id, reason string) error
	RestoreTemplate(ctx context.Context, who alert.Actor, id, reason string) error
}

// Inbox is what came in and waits for an officer.
type Inbox interface {
	Receive(ctx context.Context, mode alert.Mode, in alert.InboxReceived) (id string, fresh bool, err error)
	SeeInbox(ctx context.Context, who alert.Actor, id string) error
	DraftFromInbox(ctx context.Context, who alert.Actor, id string, change func(*alert.Content)) (*desk.Draft, error)
	DeclineInbox(ctx context.Context, who alert.Actor, id, reason string) error
}

// Incidents is what officers record of accidents, and the clocks that run.
type Incidents interface {
	RecordIncident(ctx context.Context, who alert.Actor, id string, f alert.IncidentFacts, reason string) (string, error)
	HoldConference(ctx context.Context, who alert.Actor, incident string, c alert.ConferenceHeld) error
	CloseIncident(ctx context.Context, who alert.Actor, incident, reason string) error
	RecordDone(ctx context.Context, who alert.Actor, incident string, f alert.DutyDone) error
	NotDuties(incident string) []alert.Duty
	Acknowledge(ctx context.Context, who alert.Actor, incident, milestone string) error
	Duties() []alert.Duty
	RunningDuties(now time.Time) []alert.Duty
}

// Tracker sums what became of each recipient, live.
type Tracker interface {
	Of(notice string, rev int) (progress.Progress, bool)
	// Wait returns a version beyond the given one as soon as there is one.
	Wait(ctx context.Context, version uint64) (uint64, error)
}

// Chronicle tells how a release went in time and place.
type Chronicle interface {
	Look(ctx context.Context, notice string, rev int, released time.Time) progress.Account
}

// Store is the part of the record that accounts are kept in, and that the
// trail of a notice is read from.
type Store interface {
	Put(ctx context.Context, p alert.Put) (uint64, error)
	Get(ctx context.Context, subject string) (alert.Record, error)
	// Scan calls fn for the records of a stream under the filter, oldest
	// first, from that sequence on; an error of fn ends it and is returned.
	Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (last uint64, err error)
}

// PartStatus is how a part is that the service can do without.
type PartStatus struct {
	Name           string // one word, for operators
	ZH, EN         string // what it is, for officers
	Lamp           Lamp
	StateZH, State string // how it is, Chinese and English
	Page           string // where on an officer's pages something can be done about it: "/safe"
}

// Lamp is how urgent a state is.
type Lamp string

const (
	Green  Lamp = "green"
	Yellow Lamp = "yellow" // it mends itself, or it can wait
	Red    Lamp = "red"    // a person has to do something
)

// ChannelStatus is a channel's present state as the board shows it.
type ChannelStatus struct {
	Name      string  `json:"name"`
	Route     string  `json:"route"`
	Imitation bool    `json:"imitation"`
	Ready     bool    `json:"ready"`
	Reason    string  `json:"reason,omitempty"`
	Rate      float64 `json:"rate,omitempty"`      // recipients a second, 0 when unknown
	PartRate  float64 `json:"part_rate,omitempty"` // messages a second; a recipient takes a text's parts
	Fixed     bool    `json:"fixed,omitempty"`     // sends approved templates only, no free words
	Quota     int     `json:"quota,omitempty"`     // messages a day, 0 when unknown
}
