package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// T41: somebody with the rights of root changes what was recorded, with correct
// checksums: in the stream, or in the mirror. It is found at the next start, named,
// and undone; and what the stream said instead is kept as evidence.
func TestT41TamperingIsUndone(t *testing.T) {
	run := faulttest.Begin(t, "T41")
	dir := t.TempDir()
	w := watch(t, dir, GuardConfig{})
	w.story(run.N / 2)
	w.stop()
	old := map[string][]byte{}
	for _, path := range []string{blocks(t, dir, alert.StreamJournal)[0], filepath.Join(dir, "mirror", mirrorName)} {
		old[path] = readFile(t, path)
	}
	w = watch(t, dir, GuardConfig{})
	w.story(run.N / 2)
	want := w.events()
	w.stop()
	ways := tamperings(old)
	names := make([]string, 0, len(ways))
	for name := range ways {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range run.Times {
		name := names[i%len(names)]
		if err := os.Remove(filepath.Join(filepath.Dir(blocks(t, dir, alert.StreamJournal)[0]), "index.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		ways[name](t, run.Rand, dir)
		w := watch(t, dir, GuardConfig{})
		r, got := w.Last(), w.events()
		if r.OK() || len(r.Damages[0].Why) == 0 {
			t.Errorf("%s: nothing was found", name)
		}
		if len(got) < len(want) || !bytes.Equal(bytes.Join(got[:len(want)], nil), bytes.Join(want, nil)) {
			t.Fatalf("%s: %d events are served, or others than were written (%d)", name, len(got), len(want))
		}
		if testing.Verbose() {
			t.Logf("%s: %v", name, r.Damages)
		}
		want = got
		w.stop()
	}
}

// tamperings are ways to change the journal behind its back.
func tamperings(old map[string][]byte) map[string]func(t testing.TB, r *rand.Rand, dir string) {
	stream := func(change func(r *rand.Rand, events tale) tale) func(testing.TB, *rand.Rand, string) {
		return func(t testing.TB, r *rand.Rand, dir string) {
			path := blocks(t, dir, alert.StreamJournal)[0]
			rewriteBlock(t, path, func(events tale) tale { return change(r, events) })
		}
	}
	mirror := func(change func(r *rand.Rand, events tale) tale) func(testing.TB, *rand.Rand, string) {
		return func(t testing.TB, r *rand.Rand, dir string) {
			path := filepath.Join(dir, "mirror", mirrorName)
			events := change(r, bytes.Split(bytes.TrimSuffix(readFile(t, path), []byte("\n")), []byte("\n")))
			writeFile(t, path, append(bytes.Join(events, []byte("\n")), '\n'))
		}
	}
	out := map[string]func(testing.TB, *rand.Rand, string){
		"an old block file put back": func(t testing.TB, _ *rand.Rand, dir string) { putBack(t, old, blocks(t, dir, alert.StreamJournal)[0]) },
		"an old mirror put back": func(t testing.TB, _ *rand.Rand, dir string) {
			putBack(t, old, filepath.Join(dir, "mirror", mirrorName))
		},
		"the mirror removed":      func(t testing.TB, _ *rand.Rand, dir string) { remove(t, filepath.Join(dir, "mirror", mirrorName)) },
		"the signed head removed": func(t testing.TB, _ *rand.Rand, dir string) { remove(t, filepath.Join(dir, "head.json")) },
		"the signed head overwritten": func(t testing.TB, _ *rand.Rand, dir string) {
			writeFile(t, filepath.Join(dir, "head.json"), []byte("{}\n"))
		},
		"the stream's folder removed": func(t testing.TB, _ *rand.Rand, dir string) {
			if err := os.RemoveAll(filepath.Dir(filepath.Dir(blocks(t, dir, alert.StreamJournal)[0]))); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, change := range map[string]func(r *rand.Rand, events tale) tale{
		"an event edited": func(r *rand.Rand, events tale) tale { return events.edited(1 + r.IntN(len(events))) },
		"an event deleted": func(r *rand.Rand, events tale) tale {
			n := r.IntN(len(events))
			return slices.Delete(slices.Clone(events), n, n+1)
		},
		"two events swapped": func(r *rand.Rand, events tale) tale { return events.swapped(r.IntN(len(events)-1), len(events)-1) },
		"the end cut off": func(r *rand.Rand, events tale) tale {
			return slices.Clone(events[:len(events)-1-r.IntN(len(events)-1)])
		},
		"rewritten with its chain from one event on": func(r *rand.Rand, events tale) tale {
			return events.forged(r.IntN(len(events)))
		},
	} {
		out["stream: "+name], out["mirror: "+name] = stream(change), mirror(change)
	}
	return out
}

// edited changes an event and leaves its length.
func (s tale) edited(seq int) tale {
	out := slices.Clone(s)
	b := bytes.Clone(s[seq-1])
	at := bytes.Index(b, []byte(`"mode":"`)) + len(`"mode":"`)
	b[at] ^= 1
	out[seq-1] = b
	return out
}

func (s tale) swapped(i, j int) tale {
	out := slices.Clone(s)
	out[i], out[j] = out[j], out[i]
	return out
}

// forged changes an event and makes every hash behind it fit again.
func (s tale) forged(from int) tale {
	out := s.edited(from + 1)
	for i := from + 1; i < len(out); i++ {
		e, err := parseEntry(out[i])
		if err != nil {
			return out
		}
		out[i] = bytes.Replace(out[i], []byte(e.prev.String()), []byte(digestOf(out[i-1]).String()), 1)
	}
	return out
}

// rewriteBlock changes the events of a block file; the records get the checksums
// that the server looks for. Their numbers are their places.
func rewriteBlock(t testing.TB, path string, change func(tale) tale) {
	t.Helper()
	w, err := newBlockWalk(path)
	if err != nil {
		t.Fatal(err)
	}
	var events tale
	first := uint64(0)
	err = w.walk(readFile(t, path), func(seq uint64, _ string, stored []byte) error {
		if first == 0 {
			first = seq
		}
		events = append(events, bytes.Clone(stored))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for i, b := range change(events) {
		e, err := parseEntry(b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, w.encode(first+uint64(i), e.subject, b)...)
	}
	writeFile(t, path, out)
}

// encode is a record as the server writes one without headers.
func (w *blockWalk) encode(seq uint64, subject string, data []byte) []byte {
	le := binary.LittleEndian
	b := make([]byte, blockHead, blockHead+len(subject)+len(data)+blockChecksum)
	le.PutUint32(b, uint32(cap(b)))
	le.PutUint64(b[4:], seq)
	le.PutUint64(b[12:], 1_700_000_000_000_000_000+seq)
	le.PutUint16(b[20:], uint16(len(subject)))
	b = append(append(b, subject...), data...)
	w.hash.Reset()
	w.hash.Write(b[4:20])
	w.hash.Write(b[blockHead:])
	return w.hash.Sum(b)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func putBack(t testing.TB, old map[string][]byte, path string) {
	t.Helper()
	if len(old[path]) == 0 {
		t.Fatalf("no old copy of %s", path)
	}
	writeFile(t, path, old[path])
}
