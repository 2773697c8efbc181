package channels

import (
	"context"
	"time"

	"mingluo/internal/alert"
)

// Record is what the engine needs of the streams OUTCOMES and TALLIES. Errors
// are those of package alert: ErrStale, ErrUnknown, ErrFull, ErrNotFound.
type Record interface {
	// PutBatch stores up to 1,000 messages of one stream, all or none, with
	// sequences that follow each other, and returns the last one.
	PutBatch(ctx context.Context, puts []alert.Put) (last uint64, err error)
	// Get returns the newest message of a subject, or alert.ErrNotFound.
	Get(ctx context.Context, subject string) (alert.Record, error)
	// Subject calls fn for every message of a subject from a sequence on, in
	// order, and returns when there are no more at the moment.
	Subject(ctx context.Context, subject string, from uint64, fn func(alert.Record) error) error
}

// Queue gives out tasks. Tasks runs until ctx ends; it calls handle in a
// goroutine of its own for each task, at most held at once, and waits for them
// before it returns. A task that is neither acknowledged nor refused comes
// again when AckWait has passed since its last Progress.
type Queue interface {
	Tasks(ctx context.Context, channel string, held int, handle func(context.Context, TaskHandle)) error
}

// TaskHandle is one task as it was given out. The three answers return when
// the queue has confirmed them.
type TaskHandle interface {
	Subject() string // see alert.ParseTask
	Delivered() int  // 1 the first time
	Progress(ctx context.Context) error
	Ack(ctx context.Context) error
	Nak(ctx context.Context, delay time.Duration) error
}

// Member is a subscription as the engine sees it.
type Member struct {
	ID      alert.RecipientID
	Address string // empty when it was erased
	Lang    string
	Left    bool // left since the plan was made
}

// Audience answers who is to be told.
type Audience interface {
	// Slice returns the subscriptions of the slice that q selects, those who
	// left since q.UpTo included, and nobody who joined after it.
	Slice(ctx context.Context, channel string, s alert.Slice, q alert.Query) ([]Member, error)
	// ByID returns these subscriptions whatever became of them. Those who left
	// still have an address until the last notice sent to them has ended and 72
	// hours have passed. What was erased may be missing.
	ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]Member, error)
}

// Work is what a task is about.
type Work struct {
	Plan    alert.Plan
	Message Message
	Earlier []alert.Plan // of the notice's earlier released revisions, oldest first
	Bursts  int          // times that a burst of refusals paused it, see Config.Burst
}

// Stop says whether a revision may still be sent.
type Stop uint8

const (
	GoOn       Stop = iota
	Paused          // not now
	Superseded      // never more: a later revision replaced or ended it
	Ended           // the notice's end has passed
	Stopped         // never more: an officer stopped it
)

func (s Stop) String() string {
	return [...]string{"go on", "paused", "superseded", "ended", "stopped"}[s]
}

// Notices answers from the journal's fold. Stopped is asked before every
// hand-over, so it must cost less than a microsecond and must not block.
type Notices interface {
	// Work returns false when the journal's follower has not seen the plan yet.
	Work(notice string, rev int) (Work, bool)
	Stopped(notice string, rev int) Stop
}

// Alarm is something about a channel that a person should look at.
type Alarm struct {
	Channel string
	Kind    AlarmKind
	Text    string // for the log and the console; without addresses
	Over    bool   // it is over
}

// AlarmKind sorts alarms.
type AlarmKind string

const (
	AlarmHalted  AlarmKind = "halted"  // the channel takes no tasks
	AlarmMode    AlarmKind = "mode"    // a task of the wrong mode was refused (R5)
	AlarmRecord  AlarmKind = "record"  // outcomes cannot be recorded
	AlarmDamaged AlarmKind = "damaged" // outcomes in the record cannot be read
	AlarmBurst   AlarmKind = "burst"   // a channel refuses so many that the fan-out was paused
)
