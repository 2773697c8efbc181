package roll

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Record is a subscription as the stream holds it: the profile and the address
// still encoded, the address sealed. The id stands in the subject.
//
// Sequences say who was there when a plan was made. A message does not know
// the sequence it is going to get, so 0 means "this message itself"; every
// later message about the same person repeats the number. [Record.At] resolves it.
type Record struct {
	State     State
	JoinSeq   uint64 // ROLL sequence of the joining
	LeaveSeq  uint64 // ROLL sequence of the leaving; of no meaning while active
	Joined    time.Time
	LeftAt    time.Time
	KeepUntil time.Time
	Profile   []byte // see [AppendProfile]
	Sealed    []byte // see [Keys.Seal]; empty when erased or forgotten
}

// The stored form, some 90 bytes for a phone with one area and one group:
//
//	format 1 | state 1 | join seq uvarint | joined ms uvarint |
//	[ leave seq | left at ms | keep until ms, uvarints, unless active ] |
//	profile length uvarint, profile | sealed length uvarint, sealed
const recordFormat = 1

// formatsAhead is how many formats to come are taken for a newer program's. Any
// other first byte is damage: the server's checksum does not cover the length of a
// message's headers, so a bit that flips there shifts where the record begins.
const formatsAhead = 8

const maxSealed = 512 // bytes

// ErrFormat: a record was written by a newer program.
var ErrFormat = errors.New("roll record of a format that this program does not know")

var errRecord = errors.New("roll record is damaged")

// AppendRecord appends the stored form to dst.
func AppendRecord(dst []byte, r Record) []byte {
	dst = append(dst, recordFormat, byte(r.State))
	dst = binary.AppendUvarint(dst, r.JoinSeq)
	dst = binary.AppendUvarint(dst, milli(r.Joined))
	if r.State != Active {
		dst = binary.AppendUvarint(dst, r.LeaveSeq)
		dst = binary.AppendUvarint(dst, milli(r.LeftAt))
		dst = binary.AppendUvarint(dst, milli(r.KeepUntil))
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Profile)))
	dst = append(dst, r.Profile...)
	dst = binary.AppendUvarint(dst, uint64(len(r.Sealed)))
	return append(dst, r.Sealed...)
}

// ParseRecord reads the stored form back without copying: Profile and Sealed
// are parts of data. The error is [ErrFormat] for a newer format.
func ParseRecord(data []byte) (Record, error) {
	if len(data) > 0 && data[0] > recordFormat && data[0] <= recordFormat+formatsAhead {
		return Record{}, fmt.Errorf("%w: %d", ErrFormat, data[0])
	}
	if len(data) > 0 && data[0] != recordFormat {
		return Record{}, errRecord
	}
	r := reader{b: data}
	r.byte()
	rec := Record{State: State(r.byte())}
	rec.JoinSeq = r.uvarint()
	rec.Joined = fromMilli(r.uvarint())
	if rec.State != Active {
		rec.LeaveSeq = r.uvarint()
		rec.LeftAt = fromMilli(r.uvarint())
		rec.KeepUntil = fromMilli(r.uvarint())
	}
	rec.Profile = r.bytes(maxProfile)
	rec.Sealed = r.bytes(maxSealed)
	if r.bad || len(r.b) != 0 || rec.State > Erased || len(rec.Profile) == 0 {
		return Record{}, errRecord
	}
	return rec, nil
}

// AppendInstants appends a record's instants; [ReadInstants] reads them back. An
// index keeps them like this: 6 bytes while somebody is active.
func AppendInstants(dst []byte, r Record) []byte {
	dst = binary.AppendUvarint(dst, milli(r.Joined))
	if r.State == Active {
		return dst
	}
	dst = binary.AppendUvarint(dst, milli(r.LeftAt))
	return binary.AppendUvarint(dst, milli(r.KeepUntil))
}

// ReadInstants fills in the instants of a record whose state is known.
func ReadInstants(b []byte, rec *Record) {
	r := reader{b: b}
	rec.Joined = fromMilli(r.uvarint())
	if rec.State != Active {
		rec.LeftAt, rec.KeepUntil = fromMilli(r.uvarint()), fromMilli(r.uvarint())
	}
}

// At returns the record with its own sequence put where 0 stood for it.
func (r Record) At(seq uint64) Record {
	if r.JoinSeq == 0 {
		r.JoinSeq = seq
	}
	if r.State != Active && r.LeaveSeq == 0 {
		r.LeaveSeq = seq
	}
	return r
}

// maxMilli keeps instants inside what time.Time can print (year 9999).
const maxMilli = 253402300799999

func milli(t time.Time) uint64 {
	if ms := t.UnixMilli(); !t.IsZero() && ms > 0 {
		return uint64(min(ms, maxMilli))
	}
	return 0
}

func fromMilli(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(min(ms, maxMilli))).UTC()
}

// Subject returns where a subscription is stored: roll.<bucket>.<id>, the
// bucket as four hexadecimal digits as in a slice's name.
func Subject(id alert.RecipientID) string {
	const hex = "0123456789abcdef"
	b := id.Bucket()
	return "roll." + string([]byte{hex[b>>12&15], hex[b>>8&15], hex[b>>4&15], hex[b&15]}) + "." + id.String()
}

// BucketFilter returns the subject filter of one bucket.
func BucketFilter(bucket int) string { return fmt.Sprintf("roll.%04x.*", bucket) }

// Filter is the subject filter of the whole roll.
const Filter = "roll.>"

// ParseSubject returns the id that a subject names. The bucket must be the id's.
func ParseSubject(subject string) (alert.RecipientID, error) {
	rest, ok := strings.CutPrefix(subject, "roll.")
	bucket, name, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || len(bucket) != 4 {
		return alert.RecipientID{}, fmt.Errorf("roll subject %q: want roll.<bucket>.<id>", subject)
	}
	id, err := alert.ParseRecipientID(name)
	if err != nil {
		return id, fmt.Errorf("roll subject: %w", err)
	}
	if b, err := strconv.ParseUint(bucket, 16, 16); err != nil || int(b) != id.Bucket() {
		return id, fmt.Errorf("roll subject %q: the id belongs to bucket %04x", subject, id.Bucket())
	}
	return id, nil
}
