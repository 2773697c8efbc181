package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Mode says whether an act is real. It belongs to the sign-in session, and
// stands in every event and every payload (R4).
type Mode string

const (
	Live  Mode = "live"
	Drill Mode = "drill"
)

// Valid reports whether m is one of the two modes.
func (m Mode) Valid() bool { return m == Live || m == Drill }

// FormatVersion is the version of the events' JSON that this program writes.
// A program never writes to a journal that holds a newer version than its own.
const FormatVersion = 1

// MaxEventBytes bounds one encoded event. NATS is set to the same payload limit.
const MaxEventBytes = 256 << 10

// Event is one entry of the journal: something that somebody did, or that the
// plan or the watch recorded. Seq is the stream's sequence, Prev the [Event.Hash]
// of the entry before (64 zeros for the first), so that a hole, a flip or a
// reordering shows.
type Event struct {
	V    int             `json:"v"`
	Seq  uint64          `json:"seq"`
	At   time.Time       `json:"at"`             // UTC
	By   string          `json:"by"`             // officer's id, or "spread", "watch", "system"
	Mode Mode            `json:"mode"`           // live or drill
	Kind string          `json:"kind"`           // what it is about: notice, incident, plan, milestone, key
	ID   string          `json:"id"`             // which one; with Kind it makes the subject
	Type string          `json:"type"`           // what happened, in the past tense: submitted, released …
	Data json.RawMessage `json:"data,omitempty"` // the fact, see [Event.Fact]
	Prev string          `json:"prev"`           // hex SHA-256 of the entry before
}

// GenesisHash is the Prev of the first event.
const GenesisHash = "0000000000000000000000000000000000000000000000000000000000000000"

// Encode returns the bytes that the journal stores and the chain hashes.
func (e Event) Encode() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event %s.%s %s: %w", e.Kind, e.ID, e.Type, err)
	}
	if len(b) > MaxEventBytes {
		return nil, fmt.Errorf("encode event %s.%s %s: %d bytes, at most %d", e.Kind, e.ID, e.Type, len(b), MaxEventBytes)
	}
	return b, nil
}

// HashEvent returns the chain's hash of an event's stored bytes.
func HashEvent(stored []byte) string {
	h := sha256.Sum256(stored)
	return hex.EncodeToString(h[:])
}

// DecodeEvent reads stored bytes back. It does not check the chain.
func DecodeEvent(stored []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(stored, &e); err != nil {
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	if e.V < 1 || e.V > FormatVersion {
		return Event{}, fmt.Errorf("decode event %d: format version %d, this program knows 1 to %d", e.Seq, e.V, FormatVersion)
	}
	return e, nil
}

// Fact is the typed content of an event.
type Fact interface {
	// FactName returns the kind of entity the fact is about and what happened,
	// for example "notice" and "released".
	FactName() (kind, typ string)
}

// NewEvent wraps a fact about the entity id. Seq and Prev are set by the
// journal when it is appended.
func NewEvent(at time.Time, by string, mode Mode, id string, f Fact) (Event, error) {
	data, err := json.Marshal(f)
	if err != nil {
		return Event{}, fmt.Errorf("encode fact about %s: %w", id, err)
	}
	kind, typ := f.FactName()
	return Event{V: FormatVersion, At: at.UTC(), By: by, Mode: mode, Kind: kind, ID: id, Type: typ, Data: data}, nil
}
