package roll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// anew writes the stream anew from the index, while the process runs. A failure
// after the point of no return is tried again until ctx ends; then the next start
// finishes it, and until then the roll can neither be read nor written. The index
// goes on answering all the time: it follows the stream, and hears of everybody
// once more.
func (c *Care) anew(ctx context.Context, prepare func(beyond uint64) rebuilding) (job, error) {
	c.work.Lock()
	defer c.work.Unlock()
	return c.anewLocked(ctx, prepare)
}

func (c *Care) anewLocked(ctx context.Context, prepare func(beyond uint64) rebuilding) (j job, err error) {
	gate := &c.conf.Roll.store.gate
	if err := gate.shut(ctx); err != nil {
		return j, err
	}
	c.tell(func(s *Status) { s.Rebuilding = true })
	beyond, err := c.still(ctx)
	if err == nil {
		c.heard.reset(true) // what the stream will say is known already
		j, err = c.rebuild(ctx, prepare(beyond))
	}
	if err = c.seeThrough(ctx, &j, err); err != nil {
		if _, under, jerr := c.underWay(); under || jerr != nil {
			return j, errors.Join(err, jerr) // the gate stays shut: the roll is not whole
		}
	}
	err = errors.Join(err, c.settle(ctx, j))
	c.tell(func(s *Status) { s.Rebuilding = false })
	gate.open()
	return j, err
}

// everybody gives everybody as the index has them.
func (c *Care) everybody(yield func(id alert.RecipientID, seq uint64, rec Record) error) error {
	for n := range alert.Buckets {
		if err := c.idx.Records(n, yield); err != nil {
			return err
		}
	}
	return nil
}

// still waits until the index has everything that the stream gives out, makes
// sure that the index itself is whole, and returns the highest sequence that
// either of them knows.
func (c *Care) still(ctx context.Context) (uint64, error) {
	last, err := c.reach(ctx)
	if err != nil {
		return 0, err
	}
	var at uint64
	var want Table
	c.idx.Cut(func(seq uint64, t *Table) { at, want = seq, *t })
	var have Table
	var canonical []byte
	for n := range have {
		err := c.idx.Records(n, func(id alert.RecipientID, seq uint64, rec Record) error {
			canonical = AppendRecord(canonical[:0], rec)
			have[n].Add(DigestOf(id, seq, canonical))
			at = max(at, seq)
			return nil
		})
		if err != nil {
			return 0, err
		}
		if have[n] != want[n] {
			return 0, fmt.Errorf("bucket %04x of the index is not what was put into it: this machine's memory may be faulty; start the service again", n)
		}
	}
	return max(at, last), nil
}

// reachWithin is how long the index may take to hear of the newest message. A
// message that the stream hides never comes.
const reachWithin = 10 * time.Second

// reach waits until the index has everything that the stream gives out, and
// returns the stream's last sequence.
func (c *Care) reach(ctx context.Context) (uint64, error) {
	_, last, err := c.conf.Ground.Held(ctx, alert.StreamRoll)
	if err != nil {
		return 0, err
	}
	waiting, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	if err = c.idx.WaitFor(waiting, last); err == nil || ctx.Err() != nil {
		return last, ctx.Err()
	}
	at, _ := c.idx.Applied()
	_, serr := c.conf.Ground.Scan(ctx, alert.StreamRoll, Filter, at+1, func(r alert.Record) error {
		if r.Seq > last {
			return nil
		}
		return fmt.Errorf("the index has not heard of message %d: %w", r.Seq, err)
	})
	return last, serr
}

// seeThrough finishes a job that is under way.
func (c *Care) seeThrough(ctx context.Context, j *job, err error) error {
	for try := 1; err != nil; try++ {
		there, under, jerr := c.underWay()
		if jerr != nil {
			return errors.Join(err, jerr)
		}
		if !under {
			return errors.Join(err, c.cancel(context.WithoutCancel(ctx)))
		}
		if *j = there; !pause(ctx, min(time.Duration(try)*time.Second, 10*time.Second)) {
			return err
		}
		c.log.Error("writing the roll's stream anew failed and is tried again", "err", err)
		err = c.finish(ctx, there)
	}
	return nil
}

// settle goes on behind a rebuild, or where none came about: with the keys of the
// file alone, a new log of changes, a new snapshot.
func (c *Care) settle(ctx context.Context, j job) error {
	if j.People > 0 {
		if err := c.idx.WaitFor(ctx, j.First+j.People-1); err != nil {
			return err
		}
	}
	if err := c.onlyFile(); err != nil {
		return err
	}
	born, err := c.conf.Ground.Born(ctx, alert.StreamRoll)
	if err != nil {
		return err
	}
	c.files.Lock()
	c.born = born
	c.files.Unlock()
	if c.conf.Renewed != nil {
		c.conf.Renewed(ctx)
	}
	_, _, err = c.snapshot(ctx)
	return err
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
