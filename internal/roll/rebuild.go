package roll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mingluo/internal/alert"
)

// A stream is made anew in steps, and whatever dies in between is finished at the
// next start:
//
//  1. everybody's record is written to a file, synced, with the sequence that it
//     is going to have; for a rewrite sealed under the new key, which lies in a
//     file of its own. A death up to here leaves the roll as it was.
//  2. for a rewrite the journal is told that both sets of keys are right.
//  3. the job's file is put in its place: from here on there is no way back.
//  4. the stream is deleted and made anew, and the records are put into it. A
//     death up to here begins this step anew.
//  5. the stream is read and has to add up to what the file adds up to.
//  6. for a rewrite the new keys take the place of the old, which are overwritten;
//     snapshots and logs under the old key are deleted; the journal is told.
//  7. the job's file is removed.
const (
	jobName    = "rebuild.json"
	jobPeople  = "rebuild.people"
	nextSuffix = ".next" // of keys.json: the keys that are to come
	oldSuffix  = ".old"  // of keys.json: the keys that are to be destroyed
)

// Why a stream is made anew.
const (
	whyMend    = "mend"
	whyRewrite = "rewrite"
)

// rebuilding is what a stream is to be made anew from.
type rebuilding struct {
	Why      string
	Findings *Findings // of a mending
	beyond   uint64    // new sequences are greater, and greater than what the stream and the plans name
	keys     *Keys     // of a rewrite: the new ones
	supply   func(yield func(id alert.RecipientID, seq uint64, rec Record) error) error
}

// job is the file of a rebuild that is under way.
type job struct {
	Why      string    `json:"why"`
	First    uint64    `json:"first"` // sequence of the first record
	People   uint64    `json:"people"`
	Keys     string    `json:"keys"` // fingerprint of those that the people's file and the new stream are under
	Began    time.Time `json:"began"`
	Findings *Findings `json:"findings,omitempty"`
}

func (c *Care) path(name string) string { return filepath.Join(c.conf.Dir, name) }
func (c *Care) nextKeys() string        { return c.conf.KeysPath + nextSuffix }
func (c *Care) oldKeys() string         { return c.conf.KeysPath + oldSuffix }

// rebuild does it all. Nobody else writes to the roll meanwhile.
func (c *Care) rebuild(ctx context.Context, r rebuilding) (job, error) {
	first, err := c.firstFree(ctx, r.beyond)
	if err != nil {
		return job{}, err
	}
	keys := r.keys
	if keys == nil {
		keys = c.conf.Keys
	}
	people, err := c.writePeople(keys, first, r)
	if err != nil {
		return job{}, errors.Join(err, c.abandon())
	}
	j := job{Why: r.Why, First: first, People: people, Keys: keys.Fingerprint(), Began: time.Now().UTC(), Findings: r.Findings}
	if err := c.commit(ctx, j, r.keys); err != nil {
		return j, err
	}
	return j, c.finish(ctx, j)
}

// firstFree is the first sequence that nobody has heard of.
func (c *Care) firstFree(ctx context.Context, beyond uint64) (uint64, error) {
	_, last, err := c.conf.Ground.Held(ctx, alert.StreamRoll)
	if err != nil {
		return 0, err
	}
	if c.conf.Named != nil {
		last = max(last, c.conf.Named())
	}
	return max(last, beyond) + 1, nil
}

// writePeople writes everybody's new record.
func (c *Care) writePeople(keys *Keys, first uint64, r rebuilding) (uint64, error) {
	next := first
	f, err := create(c.path(jobPeople), func(f *os.File) error {
		s, err := newSnapshotWriter(f, keys, time.Time{}, time.Now(), first)
		if err != nil {
			return err
		}
		var canonical []byte
		err = r.supply(func(id alert.RecipientID, seq uint64, rec Record) error {
			if seq >= first {
				return fmt.Errorf("subscription %s is at %d, which was to be free", id, seq)
			}
			if r.keys != nil {
				if err := reseal(&rec, id, c.conf.Keys, r.keys); err != nil {
					return err
				}
			}
			canonical = AppendRecord(canonical[:0], rec)
			next++
			return s.add(id, next-1, canonical)
		})
		return errors.Join(err, s.end())
	})
	if err != nil {
		return 0, fmt.Errorf("write everybody down: %w", err)
	}
	return next - first, f.Close()
}

// commit makes the rebuild the one thing that has to be finished.
func (c *Care) commit(ctx context.Context, j job, keys *Keys) error {
	if err := c.step("people written"); err != nil {
		return err
	}
	if keys != nil {
		if err := writeKeys(c.nextKeys(), keys); err != nil {
			return errors.Join(err, c.abandon())
		}
		if err := c.step("keys written"); err != nil {
			return err
		}
		err := c.conf.Record(ctx, alert.KeyChange{From: c.conf.Keys.Fingerprint(), To: j.Keys, Seq: j.First - 1, People: j.People})
		if err != nil {
			return err
		}
		if err := c.step("change recorded"); err != nil {
			return err
		}
	}
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	f, err := create(c.path(jobName), func(f *os.File) error { _, err := f.Write(data); return err })
	if err != nil {
		return fmt.Errorf("begin to write the roll anew: %w", err)
	}
	return f.Close()
}

// abandon removes what was prepared.
func (c *Care) abandon() error {
	var errs []error
	for _, path := range []string{c.path(jobPeople), c.nextKeys()} {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// finish does everything from step 4 on, again where it was done already.
func (c *Care) finish(ctx context.Context, j job) error {
	keys, err := c.jobKeys(j)
	if err != nil {
		return err
	}
	info, err := c.readPeople(keys, nil)
	if err != nil {
		return fmt.Errorf("everybody who was written down: %w", err)
	}
	if info.People != j.People {
		return fmt.Errorf("everybody who was written down: %d people, want %d", info.People, j.People)
	}
	c.conf.Keys.also(keys) // followers meet the new key's addresses from now on
	if err := c.refill(ctx, j, keys, &info); err != nil {
		return fmt.Errorf("write the roll's stream anew: %w", err)
	}
	if j.Why == whyRewrite {
		return c.finishRewrite(ctx, j, keys)
	}
	if j.Findings != nil {
		f := j.Findings
		mended := alert.RollMended{Hidden: f.Hidden, Stale: f.Stale, Altered: f.Altered, Source: f.Source, People: j.People}
		if err := c.conf.Record(ctx, mended); err != nil {
			return err
		}
	}
	return c.endJob()
}

// refill makes the stream anew and verifies it.
func (c *Care) refill(ctx context.Context, j job, keys *Keys, want *SnapshotInfo) error {
	began := time.Now()
	if err := c.step("before the stream is deleted"); err != nil {
		return err
	}
	if err := c.conf.Ground.Recreate(ctx, alert.StreamRoll, j.First); err != nil {
		return err
	}
	if err := c.step("stream made anew"); err != nil {
		return err
	}
	if err := c.putPeople(ctx, j, keys); err != nil {
		return err
	}
	if err := c.step("people put"); err != nil {
		return err
	}
	have, n, _, err := c.readStream(ctx, nil)
	if err != nil {
		return err
	}
	if *have != want.table || n != j.People {
		return fmt.Errorf("it holds %d people, want %d, or others than were put", n, j.People)
	}
	c.log.Info("the roll's stream was written anew", "why", j.Why, "people", j.People, "first", j.First, "took", time.Since(began))
	return c.step("stream verified")
}

// putPeople puts the written records into the empty stream, in atomic batches.
func (c *Care) putPeople(ctx context.Context, j job, keys *Keys) error {
	var batch []alert.Put
	next := j.First
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		last, err := c.conf.Ground.PutBatch(ctx, batch)
		if err != nil {
			return err
		}
		if next += uint64(len(batch)); last != next-1 {
			return fmt.Errorf("somebody else writes to the roll: a record got sequence %d, want %d", last, next-1)
		}
		batch = batch[:0]
		return c.step("a batch put")
	}
	_, err := c.readPeople(keys, func(id alert.RecipientID, _ uint64, rec []byte) error {
		batch = append(batch, alert.Put{Subject: Subject(id), Data: append([]byte(nil), rec...)})
		if len(batch) < batchSize {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (c *Care) readPeople(keys *Keys, fn func(id alert.RecipientID, seq uint64, rec []byte) error) (SnapshotInfo, error) {
	f, err := os.Open(c.path(jobPeople))
	if err != nil {
		return SnapshotInfo{}, err
	}
	info, err := ReadSnapshot(f, keys, fn)
	return info, errors.Join(err, f.Close())
}

// endJob removes the job: it is done.
func (c *Care) endJob() error {
	if err := c.step("before the job ends"); err != nil {
		return err
	}
	if err := os.Remove(c.path(jobName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("end writing the roll anew: %w", err)
	}
	return errors.Join(syncDir(c.conf.Dir), c.abandon())
}

// readStream adds up what the stream gives out. see, if given, is called for
// every record that can be read. It returns how many messages came, and the
// stream's last sequence at the beginning.
func (c *Care) readStream(ctx context.Context, see func(id alert.RecipientID, seq uint64, rec Record, r alert.Record)) (t *Table, messages, last uint64, err error) {
	t = &Table{}
	var canonical []byte
	last, err = c.conf.Ground.Scan(ctx, alert.StreamRoll, Filter, 1, func(r alert.Record) error {
		messages++
		id, err := ParseSubject(r.Subject)
		if err != nil || r.Deleted {
			return nil // what is damaged is missed where it should be
		}
		rec, err := ParseRecord(r.Data)
		if errors.Is(err, ErrFormat) {
			return fmt.Errorf("subscription %s at %d: %w", id, r.Seq, err)
		}
		if err != nil {
			return nil
		}
		rec = rec.At(r.Seq)
		canonical = AppendRecord(canonical[:0], rec)
		t[id.Bucket()].Add(DigestOf(id, r.Seq, canonical))
		if see != nil {
			see(id, r.Seq, rec, r)
		}
		return nil
	})
	return t, messages, last, err
}

// UnderWay reports whether a roll that is looked after in this folder was being
// written anew when its process ended; [Care.Open] finishes it.
func UnderWay(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, jobName))
	return err == nil
}

// underWay returns the job that has to be finished, if there is one.
func (c *Care) underWay() (j job, there bool, err error) {
	data, err := os.ReadFile(c.path(jobName))
	if errors.Is(err, fs.ErrNotExist) {
		return j, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	if err != nil {
		return j, true, fmt.Errorf("the roll is being written anew: %s: %w", c.path(jobName), err)
	}
	return j, true, nil
}

// resume finishes what an earlier process began, or cleans up what it prepared.
func (c *Care) resume(ctx context.Context) error {
	j, there, err := c.underWay()
	if err != nil {
		return err
	}
	if !there {
		return c.cancel(ctx)
	}
	c.log.Warn("the roll's stream was being written anew when the process ended; it is finished now", "why", j.Why, "people", j.People)
	if err := c.finish(ctx, j); err != nil {
		return err
	}
	return c.onlyFile()
}

// onlyFile has the keys be those of the file and no others.
func (c *Care) onlyFile() error {
	keys, err := LoadKeys(c.conf.KeysPath)
	if err == nil {
		c.conf.Keys.become(keys)
	}
	return err
}

// jobKeys are the keys that a job's people are sealed under.
func (c *Care) jobKeys(j job) (*Keys, error) {
	if c.conf.Keys.Fingerprint() == j.Keys {
		return c.conf.Keys, nil
	}
	keys, err := LoadKeys(c.nextKeys())
	if err == nil && keys.Fingerprint() != j.Keys {
		err = fmt.Errorf("%s has fingerprint %s, want %s", c.nextKeys(), keys.Fingerprint(), j.Keys)
	}
	return keys, err
}
