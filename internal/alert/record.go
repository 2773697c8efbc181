package alert

import (
	"errors"
	"time"
)

// The streams of the record. Each holds subjects that start with its own word:
// JOURNAL journal.>, ROLL roll.>, and so on.
const (
	StreamJournal     = "JOURNAL"     // journal.<kind>.<id>
	StreamAttachments = "ATTACHMENTS" // attachment.<sha256>.<n>
	StreamDrafts      = "DRAFTS"      // draft.<id>, newest
	StreamAccounts    = "ACCOUNTS"    // account.<id>, newest
	StreamRoll        = "ROLL"        // roll.<bucket>.<subscription>, newest
	StreamTasks       = "TASKS"       // task.<channel>.<notice>.<rev>.<slice>.<attempt>, work queue
	StreamOutcomes    = "OUTCOMES"    // outcome.<channel>.<notice>.<rev>.<slice>
	StreamTallies     = "TALLIES"     // tally.<notice>.<rev>.<channel>.<slice>, newest
	StreamAnswers     = "ANSWERS"     // answer.>
	StreamAudit       = "AUDIT"       // audit.>
	StreamSessions    = "SESSIONS"    // session.<sha256 of the cookie>, newest
)

// Record is one stored message.
type Record struct {
	Subject string
	Seq     uint64 // the stream's sequence
	At      time.Time
	Data    []byte
	Deleted bool // a tombstone: the newest message says that there is nothing
}

// Put is a message to be stored. With ExpectSubject set it is refused with
// [ErrStale] unless the newest message of its subject has that sequence
// (0: the subject must be new).
type Put struct {
	Subject       string
	Data          []byte
	ExpectSubject *uint64
	Delete        bool // store a tombstone
}

// What the record says when it does not take something. Nothing was stored.
var (
	ErrStale    = errors.New("somebody else wrote in between") // an expected sequence did not hold
	ErrTaken    = errors.New("it is there already")            // a subject that may be written once
	ErrNotFound = errors.New("not in the record")
	ErrFull     = errors.New("the record's disk or limit is full")
	// ErrUnknown: no answer came; the write may or may not have happened.
	ErrUnknown = errors.New("no answer from the record: it may have been written or not")
)
