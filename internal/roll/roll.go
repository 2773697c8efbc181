package roll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// Store is the part of the record that the roll needs.
type Store interface {
	// Put and PutBatch return the stream's sequence of the (last) message when
	// it is on disk. A batch is stored whole or not at all. An expected
	// sequence that does not hold is alert.ErrStale or alert.ErrTaken.
	Put(ctx context.Context, p alert.Put) (uint64, error)
	PutBatch(ctx context.Context, puts []alert.Put) (uint64, error)
	// Get returns the newest message of a subject, or alert.ErrNotFound; with a
	// tombstone's sequence when that is what is there.
	Get(ctx context.Context, subject string) (alert.Record, error)
	// Newest returns the newest message of each subject that has one.
	Newest(ctx context.Context, subjects []string) (map[string]alert.Record, error)
	// Scan calls fn for everything stored now whose subject matches, from a
	// sequence on, in order, and returns the last sequence it looked at. The
	// record's Data is fn's to read only until it returns.
	Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (uint64, error)
}

// batchSize is the most messages JetStream takes in one atomic batch.
const batchSize = 1000

// tries bounds how often a change of one person is tried again because somebody
// else changed the same person in between.
const tries = 5

// Roll changes and looks at the subscriptions. It keeps nothing in memory and
// may be shared; several processes may write to the same roll.
type Roll struct {
	store  *gatedStore
	keys   *Keys
	places *alert.Gazetteer
	rules  Rules
}

// New returns a roll over a record.
func New(store Store, keys *Keys, places *alert.Gazetteer, rules Rules) *Roll {
	return &Roll{store: &gatedStore{Store: store, keys: keys}, keys: keys, places: places, rules: rules}
}

// ID returns the id of an address, which may be spelled in any way that is
// accepted. The error is an *alert.Problem.
func (r *Roll) ID(channel, address string) (alert.RecipientID, error) {
	a, p := r.rules.Normalise(channel, address)
	if p != nil {
		return alert.RecipientID{}, p
	}
	return r.keys.ID(channel, a), nil
}

// Join stores what a person asked for: a new subscription, a change of an
// existing one, or the return of somebody who had left. It returns the
// subscription as stored and its sequence. The error holds alert.Problems when
// something given is wrong.
func (r *Roll) Join(ctx context.Context, s Subscription) (Subscription, uint64, error) {
	s, problems := r.check(s)
	if err := problems.Err(); err != nil {
		return s, 0, err
	}
	if s.Joined.IsZero() {
		s.Joined = time.Now()
	}
	s.Joined = s.Joined.UTC().Truncate(time.Millisecond)
	seq, err := r.change(ctx, s.ID, func(old Record, found bool) (Record, bool) {
		rec := r.record(s)
		if found && old.State == Active {
			rec.JoinSeq, rec.Joined = old.JoinSeq, old.Joined
			s.Joined = old.Joined
		}
		return rec, true
	})
	if err != nil {
		return s, 0, fmt.Errorf("join %s: %w", s.ID, err)
	}
	return s, seq, nil
}

// record returns the stored form of a checked subscription.
func (r *Roll) record(s Subscription) Record {
	return Record{
		Joined:  s.Joined,
		Profile: AppendProfile(nil, s.Profile()),
		Sealed:  r.keys.Seal(nil, s.ID, s.Address),
	}
}

// change reads a person's record, lets next say what it becomes, and stores
// that if nobody came in between. next returns false to leave it as it is; it
// is called again when somebody did come in between.
func (r *Roll) change(ctx context.Context, id alert.RecipientID, next func(old Record, found bool) (Record, bool)) (uint64, error) {
	for range tries {
		old, seq, err := r.get(ctx, id)
		found := err == nil
		if err != nil && !errors.Is(err, alert.ErrNotFound) {
			return 0, err
		}
		rec, store := next(old, found)
		if !store {
			return seq, nil
		}
		put := alert.Put{Subject: Subject(id), Data: AppendRecord(nil, rec), ExpectSubject: &seq}
		at, err := r.store.Put(ctx, put)
		if err == nil || !stale(err) {
			return at, err
		}
	}
	return 0, alert.ErrStale
}

// get returns the record with its sequences resolved, and the sequence to
// expect on its subject: 0 when there is none.
func (r *Roll) get(ctx context.Context, id alert.RecipientID) (Record, uint64, error) {
	m, err := r.store.Get(ctx, Subject(id))
	if err != nil {
		return Record{}, m.Seq, err
	}
	return read(id, m)
}

func read(id alert.RecipientID, m alert.Record) (Record, uint64, error) {
	if m.Seq == 0 || m.Deleted {
		return Record{}, m.Seq, alert.ErrNotFound
	}
	rec, err := ParseRecord(m.Data)
	if err != nil {
		return Record{}, m.Seq, fmt.Errorf("subscription %s: %w", id, err)
	}
	return rec.At(m.Seq), m.Seq, nil
}

func stale(err error) bool {
	return errors.Is(err, alert.ErrStale) || errors.Is(err, alert.ErrTaken)
}

// Find returns the subscription of an address, in the open, also of somebody
// who left. Nobody there is alert.ErrNotFound.
func (r *Roll) Find(ctx context.Context, channel, address string) (Subscription, error) {
	id, err := r.ID(channel, address)
	if err != nil {
		return Subscription{}, err
	}
	rec, _, err := r.get(ctx, id)
	if err != nil {
		return Subscription{}, fmt.Errorf("find %s: %w", id, err)
	}
	return r.open(id, rec)
}

// open turns a record into a subscription.
func (r *Roll) open(id alert.RecipientID, rec Record) (Subscription, error) {
	p, err := ParseProfile(rec.Profile)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscription %s: %w", id, err)
	}
	s := Subscription{
		ID: id, Channel: p.Channel, Areas: p.Areas, Groups: p.Groups, MinLevel: p.MinLevel, Hazards: p.Hazards,
		Lang: p.Lang, Quiet: p.Quiet, Joined: rec.Joined, State: rec.State, LeftAt: rec.LeftAt, KeepUntil: rec.KeepUntil,
	}
	if len(rec.Sealed) > 0 {
		if s.Address, err = r.keys.Open(id, rec.Sealed); err != nil {
			return s, fmt.Errorf("subscription %s: %w", id, err)
		}
	}
	return s, nil
}

// Each calls fn for every subscription of the roll in the order they were last
// changed, those who left included: the way an export is made. It needs the keys
// and shows addresses, so only a person with the right to export may cause it.
func (r *Roll) Each(ctx context.Context, fn func(Subscription) error) error {
	_, err := r.scan(ctx, func(id alert.RecipientID, _ uint64, rec Record) error {
		s, err := r.open(id, rec)
		if err != nil {
			return err
		}
		return fn(s)
	})
	return err
}

// scan calls fn for every subscription, its sequences resolved.
func (r *Roll) scan(ctx context.Context, fn func(id alert.RecipientID, seq uint64, rec Record) error) (uint64, error) {
	return r.store.Scan(ctx, alert.StreamRoll, Filter, 1, func(m alert.Record) error {
		if m.Deleted {
			return nil
		}
		id, err := ParseSubject(m.Subject)
		if err != nil {
			return err
		}
		rec, err := ParseRecord(m.Data)
		if err != nil {
			return fmt.Errorf("subscription %s at %d: %w", id, m.Seq, err)
		}
		return fn(id, m.Seq, rec.At(m.Seq))
	})
}

// Tally counts the subscriptions of one channel by state.
type Tally struct {
	Active int `json:"active"`
	Left   int `json:"left"`
	Erased int `json:"erased"`
}

// Count counts the roll by channel, from the stream itself: a million takes
// seconds. Pages ask the audience index instead.
func (r *Roll) Count(ctx context.Context) (map[string]Tally, error) {
	counts := map[string]Tally{}
	_, err := r.scan(ctx, func(_ alert.RecipientID, _ uint64, rec Record) error {
		p, err := ParseProfile(rec.Profile)
		if err != nil {
			return err
		}
		t := counts[p.Channel]
		switch rec.State {
		case Active:
			t.Active++
		case Left:
			t.Left++
		default:
			t.Erased++
		}
		counts[p.Channel] = t
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the roll: %w", err)
	}
	return counts, nil
}
