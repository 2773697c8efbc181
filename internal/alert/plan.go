package alert

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Slice is a range of buckets of one channel, both ends included. The range is
// its name: a plan cut at release keeps its slices through crashes and changes
// of the roll.
type Slice struct {
	Lo    uint16 `json:"lo"`
	Hi    uint16 `json:"hi"`
	Count int    `json:"n"` // recipients when the plan was made
}

// Name returns "0000-0fff": the two ends in hexadecimal, safe in a subject.
func (s Slice) Name() string { return fmt.Sprintf("%04x-%04x", s.Lo, s.Hi) }

// ParseSlice reads a slice's name back.
func ParseSlice(name string) (Slice, error) {
	lo, hi, ok := strings.Cut(name, "-")
	l, err1 := strconv.ParseUint(lo, 16, 16)
	h, err2 := strconv.ParseUint(hi, 16, 16)
	if !ok || err1 != nil || err2 != nil || l > h || h >= Buckets || len(lo) != 4 || len(hi) != 4 {
		return Slice{}, fmt.Errorf("slice %q: want two buckets in hexadecimal, such as 0000-00ff", name)
	}
	return Slice{Lo: uint16(l), Hi: uint16(h)}, nil
}

// Contains reports whether the recipient's bucket lies in the slice.
func (s Slice) Contains(id RecipientID) bool {
	b := uint16(id.Bucket())
	return b >= s.Lo && b <= s.Hi
}

// Query selects subscriptions. An empty Areas selects nobody: there is no
// default of everyone (R11). Empty Groups means every group.
type Query struct {
	Areas  []string `json:"areas"` // division codes; a district covers its towns
	Groups []string `json:"groups,omitempty"`
	Hazard Hazard   `json:"hazard,omitempty"`
	Level  Level    `json:"level"`
	UpTo   uint64   `json:"up_to"` // ROLL sequence: who joined after it is not meant; 0 in a count of now
}

// ChannelPlan is one channel's share of a plan.
type ChannelPlan struct {
	Channel string  `json:"channel"`
	Count   int     `json:"n"`
	Slices  []Slice `json:"slices"`
}

// Plan says who is to be told of one released revision, cut into slices. It is
// an event of the journal (kind "plan", id "<notice>-<rev>"), and tasks are put
// only from it.
type Plan struct {
	Notice string `json:"notice"`
	Rev    int    `json:"rev"`
	Verb   Verb   `json:"verb"`
	Mode   Mode   `json:"mode"`
	Query  Query  `json:"query"`
	Follow bool   `json:"follow"` // to exactly those sent an earlier revision, see [Verb.Follows]
	// Spare is the revision from which on a holder is not told again (W5); 0:
	// everybody is told. The counts are of everybody all the same (R12).
	Spare    int           `json:"spare,omitempty"`
	Channels []ChannelPlan `json:"channels"`
	Until    time.Time     `json:"until"`             // no send after this instant (R14)
	Held     string        `json:"held,omitempty"`    // why an officer has to look before tasks are put (R12)
	Differs  []string      `json:"differs,omitempty"` // what changed since the approval
}

// FactName implements [Fact].
func (Plan) FactName() (kind, typ string) { return "plan", "made" }

// PlanID names the plan of a revision.
func PlanID(notice string, rev int) string { return notice + "-" + strconv.Itoa(rev) }

// CutSlices cuts the buckets into slices of about size recipients each, given
// the number of recipients in every bucket. Empty stretches belong to the slice
// before them, so that every bucket is in exactly one slice.
func CutSlices(perBucket *[Buckets]int, size int) []Slice {
	var slices []Slice
	lo, sum, total := 0, 0, 0
	for b, n := range perBucket {
		if sum > 0 && sum+n > size {
			slices = append(slices, Slice{Lo: uint16(lo), Hi: uint16(b - 1), Count: sum})
			lo, sum = b, 0
		}
		sum += n
		total += n
	}
	if total == 0 {
		return nil
	}
	if sum == 0 { // nothing but an empty stretch at the end
		slices[len(slices)-1].Hi = Buckets - 1
		return slices
	}
	return append(slices, Slice{Lo: uint16(lo), Hi: Buckets - 1, Count: sum})
}

// Task is the work of one slice. Its parts are its subject:
// task.<channel>.<notice>.<rev>.<slice>.<attempt>.
type Task struct {
	Channel string
	Notice  string
	Rev     int
	Slice   Slice
	Attempt int // 1 for the first; the watch puts later ones for the deferred
}

// Key returns "<channel>.<notice>.<rev>.<slice>", the subject of the slice's
// outcomes without its stream's prefix.
func (t Task) Key() string {
	return t.Channel + "." + t.Notice + "." + strconv.Itoa(t.Rev) + "." + t.Slice.Name()
}

// Subject returns the task's subject in the TASKS stream.
func (t Task) Subject() string { return "task." + t.Key() + "." + strconv.Itoa(t.Attempt) }

// OutcomeSubject returns the subject of the slice's outcomes.
func (t Task) OutcomeSubject() string { return "outcome." + t.Key() }

// TallySubject returns the subject of the slice's tally.
func (t Task) TallySubject() string {
	return "tally." + t.Notice + "." + strconv.Itoa(t.Rev) + "." + t.Channel + "." + t.Slice.Name()
}

// ParseTask reads a task's subject back.
func ParseTask(subject string) (Task, error) {
	p := strings.Split(subject, ".")
	if len(p) != 6 || p[0] != "task" {
		return Task{}, fmt.Errorf("task subject %q: want task.<channel>.<notice>.<rev>.<slice>.<attempt>", subject)
	}
	s, err := ParseSlice(p[4])
	rev, err2 := strconv.Atoi(p[3])
	attempt, err3 := strconv.Atoi(p[5])
	if err != nil || err2 != nil || err3 != nil || rev < 1 || attempt < 1 {
		return Task{}, fmt.Errorf("task subject %q: slice, revision or attempt cannot be read", subject)
	}
	return Task{Channel: p[1], Notice: p[2], Rev: rev, Slice: s, Attempt: attempt}, nil
}

// Tally is what a slice's outcomes add up to. It is kept in the TALLIES
// stream, newest per slice, and is always whole, never a difference.
type Tally struct {
	Expected int            `json:"expected"` // recipients found when the slice was worked
	Counts   map[string]int `json:"counts"`   // by OutcomeState's name
	// Repeats are sends that may have been a second copy: a second try after no
	// answer, and what the carrier said it had already. A copy that was sent again
	// after a crash, because nothing of the first was recorded, is known only to
	// carriers that say so (WeChat does, SMS does not).
	Repeats    int       `json:"repeats"`
	First      time.Time `json:"first"` // first and last hand-over
	Last       time.Time `json:"last"`
	NextTry    time.Time `json:"next_try"`             // earliest NotBefore of the deferred
	Attempt    int       `json:"attempt"`              // of the newest task that worked the slice
	Closed     bool      `json:"closed"`               // every recipient is settled
	Superseded bool      `json:"superseded,omitempty"` // a correction closed the slice
	Chased     int       `json:"chased,omitempty"`     // of a correction: how many were known to hold the earlier revisions
	// Held is how many may hold the notice by any answer there was: somebody whose
	// first send stayed without an answer and whose second was refused counts.
	Held        int    `json:"held,omitempty"`
	OutcomesSeq uint64 `json:"outcomes_seq"` // last OUTCOMES sequence counted
	Hash        string `json:"hash"`         // running SHA-256 of the slice's outcome messages
}
