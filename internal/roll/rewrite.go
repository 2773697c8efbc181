package roll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"mingluo/internal/alert"
)

// Rewritten is what a rewrite came to.
type Rewritten struct {
	People uint64 `json:"people"` // records that were written anew
	First  uint64 `json:"first"`  // their first sequence
	Keys   string `json:"keys"`   // fingerprint of the keys from now on
}

// NotAloneError: the roll cannot be written anew while others may write to it.
type NotAloneError struct{}

func (*NotAloneError) Error() string {
	return "the record is an external NATS, which other processes may be writing to: stop them all, then say that this one is alone"
}

// Rewrite writes the whole roll anew under a new sealing key, and destroys the
// old key with everything that it opens: the stream's files, snapshots, the log of
// changes. Whatever was left of people who were erased, or who changed or left, is
// gone then. Changes of the roll wait meanwhile; slices are served from the index.
//
// The key that ids are made with stays: another one would make every subscriber a
// stranger to the outcomes that name them. The recovery sheet and exports of the
// keys open only what was before, so new ones have to be made and the old ones
// destroyed.
//
// It is for the process that alone writes to the record.
func (c *Care) Rewrite(ctx context.Context, alone bool) (Rewritten, error) {
	if !alone && !c.alone() {
		return Rewritten{}, &NotAloneError{}
	}
	keys, err := c.conf.Keys.next()
	if err != nil {
		return Rewritten{}, fmt.Errorf("rewrite the roll: %w", err)
	}
	j, err := c.anew(ctx, func(beyond uint64) rebuilding {
		return rebuilding{Why: whyRewrite, beyond: beyond, keys: keys, supply: c.everybody}
	})
	if err != nil {
		return Rewritten{}, fmt.Errorf("rewrite the roll: %w", err)
	}
	return Rewritten{People: j.People, First: j.First, Keys: j.Keys}, nil
}

// finishRewrite is step 6: the old key goes, and everything that it opens.
func (c *Care) finishRewrite(ctx context.Context, j job, keys *Keys) error {
	if err := c.swapKeys(keys); err != nil {
		return err
	}
	if err := c.step("keys swapped"); err != nil {
		return err
	}
	c.files.Lock()
	defer c.files.Unlock()
	if c.out != nil {
		if err := c.out.file.Close(); err != nil {
			c.log.Warn("the roll's old log of changes could not be closed", "err", err)
		}
		c.out = nil
	}
	if err := c.shelf.clear(); err != nil {
		return fmt.Errorf("remove the copies under the old key: %w", err)
	}
	if err := c.step("old copies removed"); err != nil {
		return err
	}
	if err := c.conf.Record(ctx, alert.KeySet{Fingerprint: j.Keys}); err != nil {
		return err
	}
	return c.endJob()
}

// swapKeys puts the new keys in the place of the old and overwrites those.
func (c *Care) swapKeys(keys *Keys) error {
	now, err := LoadKeys(c.conf.KeysPath)
	if err != nil {
		return err
	}
	if now.Fingerprint() != keys.Fingerprint() {
		if err := destroy(c.oldKeys()); err != nil {
			return err
		}
		if err := os.Link(c.conf.KeysPath, c.oldKeys()); err != nil {
			return fmt.Errorf("replace the keys: %w", err)
		}
		if err := c.step("old keys linked"); err != nil {
			return err
		}
		if err := os.Rename(c.nextKeys(), c.conf.KeysPath); err != nil {
			return fmt.Errorf("replace the keys: %w", err)
		}
		if err := syncDir(filepath.Dir(c.conf.KeysPath)); err != nil {
			return fmt.Errorf("replace the keys: %w", err)
		}
		if err := c.step("new keys placed"); err != nil {
			return err
		}
	}
	return destroy(c.oldKeys())
}

// destroy overwrites a file that held keys and removes it. Where the file system
// or the disk writes elsewhere instead of in place (copy on write, flash) the old
// bytes may stay until they are used for something else.
func destroy(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("destroy the old keys: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, info.Size()), 0)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("destroy the old keys: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// cancel cleans up behind a rewrite that had not come to the point of no return.
func (c *Care) cancel(ctx context.Context) error {
	if c.conf.Known != nil {
		if known := c.conf.Known(); known.KeysNext != "" {
			if err := c.conf.Record(ctx, alert.KeySet{Fingerprint: c.conf.Keys.Fingerprint()}); err != nil {
				return err
			}
		}
	}
	return errors.Join(c.abandon(), destroy(c.oldKeys()))
}

// next returns keys for the roll's next generation: the same that makes the ids,
// and a new one that seals.
func (k *Keys) next() (*Keys, error) {
	f := k.set().file
	id := f.Current
	for used := true; used; _, used = f.Seal[id] {
		if id++; id == 0 {
			id = 1
		}
	}
	return keyFile{V: keyFileVersion, HMAC: f.HMAC, Seal: map[uint8][]byte{id: randomKey()}, Current: id}.keys()
}

// also has k open what o opens too, and seal as o does. To others they are o.
func (k *Keys) also(o *Keys) {
	mine, its := k.set(), o.set()
	both := &keySet{file: its.file, seals: maps.Clone(its.seals), fingerprint: its.fingerprint}
	for id, seal := range mine.seals {
		if both.seals[id] == nil {
			both.seals[id] = seal
		}
	}
	k.now.Store(both)
}

// become replaces all of k.
func (k *Keys) become(o *Keys) { k.now.Store(o.set()) }

// reseal seals a record's address under other keys.
func reseal(rec *Record, id alert.RecipientID, from, to *Keys) error {
	if len(rec.Sealed) == 0 {
		return nil
	}
	address, err := from.Open(id, rec.Sealed)
	if err != nil {
		return fmt.Errorf("subscription %s: %w; erase it, or put back what it was sealed with", id, err)
	}
	rec.Sealed = to.Seal(nil, id, address)
	return nil
}

// writeKeys writes a key file of keys that are to come.
func writeKeys(path string, keys *Keys) error {
	data, err := json.MarshalIndent(keys.set().file, "", "  ")
	if err != nil {
		return err
	}
	f, err := create(path, func(f *os.File) error { _, err := f.Write(append(data, '\n')); return err })
	if err != nil {
		return fmt.Errorf("write the new keys: %w", err)
	}
	return f.Close()
}
