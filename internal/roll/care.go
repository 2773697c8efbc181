package roll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// Ground is the record as [Care] needs it.
type Ground interface {
	Store
	// Held returns how many messages the stream is believed to hold, and its last
	// sequence.
	Held(ctx context.Context, stream string) (messages, last uint64, err error)
	// Born returns when the stream was created.
	Born(ctx context.Context, stream string) (time.Time, error)
	// Recreate makes the stream anew, empty, its next sequence being first.
	Recreate(ctx context.Context, stream string, first uint64) error
	// Alone reports whether no other process can write to the record.
	Alone() bool
}

// CareConfig says how the roll is looked after.
type CareConfig struct {
	Dir       string        // for the log of changes and what is in the making
	Snapshots string        // for snapshots; "" is Dir
	Every     time.Duration // between snapshots; 0 is a day
	Keep      int           // snapshots; 0 is 7
	Check     time.Duration // between comparisons; 0 is an hour

	Ground   Ground
	Roll     *Roll
	Keys     *Keys
	KeysPath string // keys.json

	// Alone: a person has made sure that no other process writes to the record.
	Alone bool
	// Record puts a fact into the journal; Known is what the journal says.
	Record func(ctx context.Context, f alert.Fact) error
	Known  func() alert.RollState
	// Named is the highest ROLL sequence that any plan names; new sequences are
	// beyond it. nil: none.
	Named func() uint64
	// Renewed is told when the stream was made anew or the keys are others; nil:
	// nobody.
	Renewed func(ctx context.Context)

	// Quiet returns when nothing more urgent is going on, or was for long enough:
	// what is done by the clock alone waits for it. nil: at once.
	Quiet func(ctx context.Context)

	Registry prometheus.Registerer // nil: no metrics
	Log      *slog.Logger          // nil: none
}

// Care looks after the roll: it keeps a second copy of it in files (snapshots and
// a log of changes), compares stream, index and copy at start and every hour,
// writes the stream anew where it lost something, and rewrites it under a new key
// when somebody wants to be forgotten altogether.
//
// JetStream does not notice a flipped bit. The message, or all behind it, is just
// not there any more; an older message of the person may come back; the stream's
// sequences may begin again earlier; and what is written to a damaged place is
// stored without an answer. So a damaged stream is never mended in place.
type Care struct {
	conf  CareConfig
	log   *slog.Logger
	m     *careMetrics
	shelf shelf
	heard *heard
	idx   Index

	work  sync.Mutex // one check, snapshot or rebuild at a time
	files sync.Mutex // held while the log is written or replaced
	out   *changeLog // nil while there is none
	born  time.Time  // of the stream that out is of

	doubts chan struct{} // capacity 1: look soon
	wanted chan struct{} // capacity 1: a snapshot is needed soon

	mu     sync.Mutex
	status Status

	// step is called at every step of a rebuild; tests have it fail.
	step func(name string) error
}

// NewCare prepares the care of a roll; [Care.Open] has to come next.
func NewCare(c CareConfig) (*Care, error) {
	if c.Snapshots == "" {
		c.Snapshots = c.Dir
	}
	c.Every, c.Check = or(c.Every, 24*time.Hour), or(c.Check, time.Hour)
	if c.Keep == 0 {
		c.Keep = 7
	}
	if c.Quiet == nil {
		c.Quiet = func(context.Context) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	k := &Care{conf: c, log: c.Log, heard: newHeard(), doubts: make(chan struct{}, 1), wanted: make(chan struct{}, 1),
		shelf: shelf{dir: c.Dir, snaps: c.Snapshots, keys: c.Keys}, step: func(string) error { return nil }}
	k.m = newCareMetrics(k, c.Registry)
	if err := errors.Join(k.shelf.open(), k.shelf.clean()); err != nil {
		return nil, err
	}
	doubt := k.Doubt
	c.Roll.store.doubt.Store(&doubt)
	return k, nil
}

func (c *Care) alone() bool { return c.conf.Alone || c.conf.Ground.Alone() }

// ErrDamaged: the second copy is not touched while the stream is known to be
// damaged and was not mended.
var ErrDamaged = errors.New("the roll's stream is damaged and not mended")

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Doubt has the roll compared soon: something did not go as it should.
func (c *Care) Doubt() { poke(c.doubts) }

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Open finishes what an earlier process began, has the index built, compares it
// with the second copy, and where the stream lost something writes that anew and
// has the index built again. From then on the index is listened to; [Care.Run] has
// to run, and the index must begin to follow the stream only now.
func (c *Care) Open(ctx context.Context, build func(ctx context.Context) (Index, error)) error {
	if err := c.resume(ctx); err != nil {
		return fmt.Errorf("open the roll: %w", err)
	}
	idx, err := build(ctx)
	if err != nil {
		return err
	}
	v, err := c.compareCopy(ctx, idx)
	if err != nil {
		return fmt.Errorf("compare the roll with its second copy: %w", err)
	}
	if v.Damaged() && c.alone() {
		if err := c.mendFromCopy(ctx, idx, v); err != nil {
			return fmt.Errorf("mend the roll: %w", err)
		}
		if idx, err = build(ctx); err != nil {
			return err
		}
		v.Mended = true
		v.trust = nil
	}
	c.idx = idx
	c.found(v.Findings)
	c.tell(func(s *Status) { s.Every = c.conf.Every })
	if err := errors.Join(c.newest(), c.begin(ctx, v)); err != nil {
		return err
	}
	idx.Listen(c.heard.hear)
	return nil
}

// begin starts the log of changes of this process.
func (c *Care) begin(ctx context.Context, v *verdict) (err error) {
	c.files.Lock()
	defer c.files.Unlock()
	if c.born, err = c.conf.Ground.Born(ctx, alert.StreamRoll); err != nil {
		return err
	}
	var at uint64
	var table Table
	c.idx.Cut(func(seq uint64, t *Table) { at, table = seq, *t })
	if v.Damaged() && !v.Mended { // the copy on the shelf knows better than what would be added to it
		c.heard.reset(true)
		return nil
	}
	from, carry := at, [][]byte(nil)
	if v.trust != nil {
		from = v.trust.seq
		if carry, err = carried(c.idx, from); err != nil {
			return err
		}
	}
	if v.trust == nil && table.People() > 0 || carry == nil && from < at {
		from, carry = at, nil
		poke(c.wanted) // a snapshot has all of it
	}
	c.out, err = c.shelf.startLog(c.born, time.Now(), from, at, &table, carry)
	return err
}

// carried is what an index has beyond a sequence: what the log before did not get
// because its process died. It is nil when that is more than a log begins with.
func carried(idx Index, beyond uint64) ([][]byte, error) {
	h := newHeard()
	for n := range alert.Buckets {
		if idx.Changed(n) <= beyond {
			continue
		}
		err := idx.Records(n, func(id alert.RecipientID, seq uint64, rec Record) error {
			if seq > beyond {
				h.hear(Change{ID: id, Seq: seq, Record: AppendRecord(nil, rec)})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	frames, _ := h.take()
	return frames, nil
}

// Close writes what was heard last. It comes after [Care.Run] and the index have
// ended.
func (c *Care) Close() error {
	err := c.flush()
	c.files.Lock()
	defer c.files.Unlock()
	if c.out != nil {
		err = errors.Join(err, c.out.file.Close())
		c.out = nil
	}
	return err
}

// errNoLog: the log of changes could not be begun or went bad.
var errNoLog = errors.New("the roll's log of changes is not being written")

// flush writes what was heard to the log and syncs it.
func (c *Care) flush() error {
	c.files.Lock()
	defer c.files.Unlock()
	frames, lost := c.heard.take()
	if lost {
		return c.dropLog(errors.New("the disk did not take the roll's changes in time"))
	}
	if len(frames) == 0 {
		return nil
	}
	if c.out == nil {
		return errNoLog
	}
	if err := c.out.append(frames); err != nil {
		return c.dropLog(err)
	}
	return nil
}

// dropLog gives up a log that has a gap or cannot be written; files is held. A
// snapshot begins a new one.
func (c *Care) dropLog(why error) error {
	if c.out != nil {
		why = errors.Join(why, c.out.file.Close())
		c.out = nil
	}
	poke(c.wanted)
	return why
}

// rotate begins a new log where the old one ends.
func (c *Care) rotate() error {
	c.files.Lock()
	defer c.files.Unlock()
	var at uint64
	var table Table
	var frames [][]byte
	c.idx.Cut(func(seq uint64, t *Table) {
		at, table = seq, *t
		frames, _ = c.heard.take()
		c.heard.reset(false)
	})
	if c.out != nil && len(frames) > 0 {
		if err := c.out.append(frames); err != nil {
			c.log.Error("the roll's log of changes ends with a gap", "err", err)
		}
	}
	next, err := c.shelf.startLog(c.born, time.Now(), at, at, &table, nil)
	if err != nil {
		return c.dropLog(err)
	}
	if c.out != nil {
		err = c.out.file.Close()
	}
	c.out = next
	return err
}

// Snapshot writes a snapshot of the roll and removes those that are too old.
func (c *Care) Snapshot(ctx context.Context) (SnapshotInfo, string, error) {
	c.work.Lock()
	defer c.work.Unlock()
	return c.snapshot(ctx)
}

func (c *Care) snapshot(ctx context.Context) (SnapshotInfo, string, error) {
	began := time.Now()
	if s := c.Status(); s.Damaged() {
		return SnapshotInfo{}, "", fmt.Errorf("write a snapshot of the roll: %w", ErrDamaged)
	}
	select {
	case <-c.wanted: // it is this one
	default:
	}
	if err := c.rotate(); err != nil {
		return SnapshotInfo{}, "", err
	}
	info, path, err := c.shelf.take(began, func(w io.Writer) (SnapshotInfo, error) {
		return WriteSnapshot(ctx, w, c.conf.Keys, c.idx, c.born, began)
	})
	if err == nil {
		err = c.shelf.prune(c.conf.Keep)
	}
	if err != nil {
		return info, path, err
	}
	c.tell(func(s *Status) { s.Snapshot, s.SnapshotErr = &info, nil })
	c.log.Info("a snapshot of the roll was written", "people", info.People, "seq", info.Seq, "took", time.Since(began))
	return info, path, nil
}
