package audience

import (
	"errors"
	"fmt"
	"slices"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// What Redis holds of a person is the roll's own record with its sequences
// resolved, the address sealed as it is in the roll, under the id's 16 bytes.

// valueOf returns the form of a message that is kept; nil when the person is gone.
func valueOf(r alert.Record) ([]byte, error) {
	if r.Deleted {
		return nil, nil
	}
	rec, err := roll.ParseRecord(r.Data)
	if err != nil {
		return nil, err
	}
	return roll.AppendRecord(make([]byte, 0, len(r.Data)+16), rec.At(r.Seq)), nil
}

var errValue = errors.New("a record in Redis cannot be read")

// bucketFrom reads a bucket of Redis. One that holds anything odd is not
// believed at all.
func (rd *reader) bucketFrom(number int, records map[string]string) (*bucket, error) {
	b := &bucket{ids: make([]alert.RecipientID, 0, len(records)), people: make([]person, 0, len(records))}
	var value []byte
	for name, text := range records {
		var id alert.RecipientID
		if copy(id[:], name) != len(id) || len(name) != len(id) || id.Bucket() != number {
			return nil, fmt.Errorf("bucket %d: %w: its name", number, errValue)
		}
		value = append(value[:0], text...)
		rec, err := roll.ParseRecord(value)
		if err != nil || rec.JoinSeq == 0 || rec.State != roll.Active && rec.LeaveSeq == 0 {
			return nil, fmt.Errorf("bucket %d: %w", number, errors.Join(errValue, err))
		}
		f, err := rd.found(0, rec)
		if err != nil {
			return nil, fmt.Errorf("bucket %d: %w: %w", number, errValue, err)
		}
		b.ids, b.people = append(b.ids, id), append(b.people, b.keep(f)) // names are different
	}
	return b, nil
}

// distinct returns the buckets of some people, each once, in order.
func distinct(ids []alert.RecipientID) []int {
	var numbers []int
	for _, id := range ids {
		numbers = append(numbers, id.Bucket())
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
