package roll_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

var errDied = errors.New("the process died here")

// traces are bytes that must not be anywhere any more: every sealed address that
// the stream holds, and the keys that seal.
func (h *house) traces() (traces [][]byte) {
	h.t.Helper()
	_, err := h.store.Scan(context.Background(), alert.StreamRoll, roll.Filter, 1, func(r alert.Record) error {
		rec, err := roll.ParseRecord(r.Data)
		if len(rec.Sealed) > 0 {
			traces = append(traces, bytes.Clone(rec.Sealed[1:]))
		}
		return err
	})
	h.do(err)
	return append(traces, h.sealingKeys()...)
}

// sealingKeys are the keys in keys.json that addresses are sealed with, raw and as
// the file writes them.
func (h *house) sealingKeys() (keys [][]byte) {
	h.t.Helper()
	data, err := os.ReadFile(h.keysPath())
	h.do(err)
	var f struct {
		Seal map[string][]byte `json:"seal"`
	}
	h.do(json.Unmarshal(data, &f))
	for _, k := range f.Seal {
		keys = append(keys, k, []byte(base64.StdEncoding.EncodeToString(k)))
	}
	return keys
}

// found are the traces that are in any file of the data folder.
func (h *house) found(traces [][]byte) (where []string) {
	h.t.Helper()
	h.do(filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the server removes a deleted stream's files behind our back
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for i, trace := range traces {
			if bytes.Contains(b, trace) {
				where = append(where, filepath.Base(path)+" holds trace "+string(rune('0'+i%10)))
				break
			}
		}
		return err
	}))
	return where
}

// gone waits until none of the traces is in any file.
func (h *house) gone(traces [][]byte) {
	h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		where := h.found(traces)
		if len(where) == 0 {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("old traces: %s", strings.Join(where, "; "))
		}
	}
}

// Somebody is erased and the roll rewritten: no sealed address that was there
// before, of them or of anybody, and not the key that opened it, is left in any
// file. Everybody else is there as they were, and can be reached.
func TestAfterARewriteNothingOldIsLeft(t *testing.T) {
	h := newHouse(t).open()
	people := h.joins(200)
	first := h.traces()
	h.do(h.roll.Erase(t.Context(), people[3].Channel, people[3].Address, time.Now()))
	h.do(h.roll.Leave(t.Context(), people[4].Channel, people[4].Address, time.Now(), time.Now().Add(time.Hour)))
	_, _, err := h.care.Snapshot(t.Context())
	h.do(err)
	h.heard()
	old := append(first, h.traces()...)
	if len(h.found(old)) == 0 {
		t.Fatal("nothing old is found before the rewrite: the test proves nothing")
	}
	want, last := h.everybody(), h.last()
	r, err := h.care.Rewrite(t.Context(), false)
	if err != nil || r.People != uint64(len(want)) || r.First != last+1 {
		t.Fatalf("%+v, %v, the last sequence was %d", r, err, last)
	}
	h.gone(old)
	same(t, h.everybody(), want)
	h.reachable(people[5])
	if k := h.known(); k.Keys != h.keys.Fingerprint() || k.Keys != r.Keys || k.KeysNext != "" || k.RewrittenSeq != h.last() {
		t.Errorf("the journal knows %+v, the roll ends with %d", k, h.last())
	}
	if s := h.care.Status(); s.Snapshot == nil || s.Snapshot.People != r.People || s.Rebuilding {
		t.Errorf("status %+v", s)
	}
	h.close()
	h.open()
	if f := h.care.Status().Last; f.Damaged() {
		t.Errorf("the next start found %s", f.String())
	}
	same(t, h.everybody(), want)
	h.gone(old)
}

func (h *house) last() uint64 {
	h.t.Helper()
	last, err := h.store.LastSeq(context.Background(), alert.StreamRoll)
	h.do(err)
	return last
}

// reachable makes sure that the index gives out a person's address.
func (h *house) reachable(s roll.Subscription) {
	h.t.Helper()
	id, err := h.roll.ID(s.Channel, s.Address)
	h.do(err)
	members, err := h.index.ByID(context.Background(), s.Channel, []alert.RecipientID{id})
	if err != nil || members[0].Address == "" || members[0].Unreadable {
		h.t.Errorf("the index gives out %+v, %v", members, err)
	}
}

// steps are the names of a rewrite's steps, in order.
func steps(t *testing.T) (names []string) {
	h := newHouse(t)
	h.atStep = func(name string) error { names = append(names, name); return nil }
	h.open()
	h.joins(40)
	_, err := h.care.Rewrite(t.Context(), false)
	h.do(err)
	if len(names) < 10 {
		t.Fatalf("steps: %q", names)
	}
	return names
}

// diesAt has the process die when it comes to a step, and end returns when it did.
func (h *house) diesAt(step string) (ctx context.Context) {
	ctx, cancel := context.WithCancel(context.Background())
	h.t.Cleanup(cancel)
	h.atStep = func(name string) error {
		if name != step {
			return nil
		}
		cancel()
		return errDied
	}
	h.care.AtStep(h.atStep)
	return ctx
}

// Wherever a rewrite is cut off, the next start either has the roll as it was or
// finishes, and then nothing old is left. A second death on the way to that is
// no different.
func TestARewriteThatDiesIsFinishedByTheNextStart(t *testing.T) {
	all := steps(t)
	for i, step := range all {
		t.Run(step, func(t *testing.T) {
			h := newHouse(t).open()
			people := h.joins(40)
			h.do(h.roll.Erase(t.Context(), people[3].Channel, people[3].Address, time.Now()))
			h.heard()
			old, want, before := h.traces(), h.everybody(), h.keys.Fingerprint()
			ctx := h.diesAt(step)
			if _, err := h.care.Rewrite(ctx, false); !errors.Is(err, errDied) {
				t.Fatalf("it did not die: %v", err)
			}
			h.die()
			second := all[(i+5)%len(all)]
			h.atStep = func(name string) error {
				if name == second {
					return errDied
				}
				return nil
			}
			if err := h.tryOpen(); err != nil { // it died again
				if !errors.Is(err, errDied) {
					t.Fatal(err)
				}
				h.die()
				h.atStep = nil
				h.open()
			}
			h.atStep = nil
			same(t, h.everybody(), want)
			h.reachable(people[5])
			k := h.known()
			if k.KeysNext != "" || k.Keys != h.keys.Fingerprint() || k.Rewritten.Seq > 0 != (k.Keys != before) {
				t.Errorf("the journal knows %+v; the keys are %s, were %s", k, h.keys.Fingerprint(), before)
			}
			if k.Keys != before {
				h.gone(old)
			}
			for _, rest := range []string{"rebuild.json", "rebuild.people", "../keys.json.next", "../keys.json.old"} {
				if _, err := os.Stat(filepath.Join(h.shelf(), rest)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s is left: %v", rest, err)
				}
			}
			_, _, err := h.roll.Join(t.Context(), people[6])
			h.do(err)
		})
	}
}

// The same for a healing.
func TestAHealingThatDiesIsFinishedByTheNextStart(t *testing.T) {
	for _, step := range steps(t) {
		if strings.Contains(step, "key") || strings.Contains(step, "recorded") || strings.Contains(step, "copies") {
			continue // of a rewrite only
		}
		t.Run(step, func(t *testing.T) {
			h := newHouse(t).open()
			people := h.joins(40)
			want := h.everybody()
			id, err := h.roll.ID(people[9].Channel, people[9].Address)
			h.do(err)
			h.close()
			h.harm(id)
			died := false
			h.atStep = func(name string) error {
				if name == step {
					died = true
					return errDied
				}
				return nil
			}
			if err := h.tryOpen(); !errors.Is(err, errDied) || !died {
				t.Fatalf("it did not die: %v", err)
			}
			h.die()
			h.atStep = nil
			h.open()
			same(t, h.everybody(), want)
			h.close()
			h.open()
			if f := h.care.Status().Last; f.Damaged() {
				t.Errorf("the next start found %s", f.String())
			}
		})
	}
}

// While the roll is rewritten people wait and are not turned away, and the index
// answers with everybody's address all the time.
func TestWhoJoinsDuringARewriteWaits(t *testing.T) {
	h := newHouse(t).open()
	people := h.joins(120)
	newcomer := roll.Sample(alert.Foshan(), 400, 0)[399]
	joined := make(chan error, 1)
	begun := false
	h.care.AtStep(func(name string) error {
		h.reachable(people[11])
		if name == "stream made anew" && !begun {
			begun = true
			go func() {
				_, _, err := h.roll.Join(context.Background(), newcomer)
				joined <- err
			}()
		}
		select {
		case err := <-joined:
			t.Errorf("somebody joined in the middle of %q: %v", name, err)
		default:
		}
		return nil
	})
	_, err := h.care.Rewrite(t.Context(), false)
	h.do(err)
	h.do(<-joined)
	h.heard()
	h.reachable(newcomer)
	if f, err := h.care.Compare(t.Context()); err != nil || f.Damaged() || f.People != 151 {
		t.Errorf("%s, %v", f.String(), err)
	}
}
