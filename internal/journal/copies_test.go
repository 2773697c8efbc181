package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newKey(t testing.TB, dir string) *headKey {
	t.Helper()
	k, err := openHeadKey(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The key is made once, kept to ourselves, and read back.
func TestHeadKeyIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	first := newKey(t, dir)
	fi, err := os.Stat(keyPath(dir))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", fi, err)
	}
	again := newKey(t, dir)
	if !first.made || again.made || again.fingerprint() != first.fingerprint() {
		t.Error("the second start has another key")
	}
	for _, bad := range []string{"", "{}", `{"seed":"AAAA"}`} {
		if err := os.WriteFile(keyPath(dir), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openHeadKey(dir, nil); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
}

// Two statements take turns. Whatever a torn write leaves of one, the other stands.
func TestTornHeadLeavesTheOneBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "head.json")
	key := newKey(t, t.TempDir())
	f := &headFile{path: path, key: key}
	var events tale
	say := func() {
		events = tell(t, events, 1, "a")
		n := uint64(len(events))
		if err := f.reach(n, func() (Chain, uint64) { return Chain{n, digestOf(events[n-1])}, 0 }); err != nil {
			t.Fatal(err)
		}
	}
	for range 7 {
		say()
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, torn := range []struct {
		slot int
		junk []byte
	}{{0, make([]byte, slotBytes)}, {1, make([]byte, slotBytes)}, {0, []byte(`{"v":1,"seq":99999,"ha`)}, {1, []byte(`{"v":1,"seq":99999,"ha`)}} {
		b := bytes.Clone(whole)
		copy(b[torn.slot*slotBytes:], torn.junk)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		heads, damage := readHeads(path)
		newest, ok := newestHead(heads)
		if !ok || newest.Seq < 6 || damage == nil {
			t.Errorf("torn in statement %d: %+v, %v", torn.slot+1, newest, damage)
		}
	}
	nothing := func() (Chain, uint64) { return Chain{}, 0 }
	if err := f.close(nothing); err != nil {
		t.Fatal(err)
	}
	// The next start goes on with what is left, behind it.
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	heads, _ := readHeads(path)
	newest, _ := newestHead(heads)
	f = &headFile{path: path, key: key}
	if err := f.adopt(newest); err != nil {
		t.Fatal(err)
	}
	say()
	if heads, damage := readHeads(path); damage != nil || len(heads) != 2 || min(heads[0].Seq, heads[1].Seq) != 7 {
		t.Errorf("after the next statement: %+v, %v", heads, damage)
	}
	f.close(nothing)
}

// A statement that was altered, or signed by somebody else, is no statement of ours.
func TestHeadsAreNotForged(t *testing.T) {
	key := newKey(t, t.TempDir())
	events := tell(t, nil, 3, "a")
	h := key.sign(Chain{3, digestOf(events[2])}, 2, time.Now())
	good, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseHead(good); err != nil || !key.ours(&got) || got.hash != digestOf(events[2]) {
		t.Fatalf("as it was signed: %v", err)
	}
	for _, change := range [][2]string{{`"seq":3`, `"seq":2`}, {`"v":1`, `"v":2`}, {h.Hash, alertHash(events[1])}, {h.Key, strings.Repeat("0", 32)}} {
		b := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if _, err := parseHead(b); err == nil || bytes.Equal(b, good) {
			t.Errorf("%s instead of %s: taken", change[1], change[0])
		}
	}
	stranger := newKey(t, t.TempDir())
	other, err := json.Marshal(stranger.sign(Chain{3, digestOf(events[2])}, 2, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseHead(other); err != nil || key.ours(&got) {
		t.Errorf("a stranger's statement: %v, ours: %v", err, key.ours(&got))
	}
}

func alertHash(b []byte) string { return digestOf(b).String() }

// A mirror takes only what follows, and a torn last line is what a crash leaves: it
// is cut and written anew.
func TestTornMirrorIsCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mirror", mirrorName)
	events := tell(t, nil, 9, "a")
	m := &mirror{path: path}
	if err := m.open(); err != nil {
		t.Fatal(err)
	}
	for _, b := range events[:6] {
		if err := m.append(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.append(events[8]); !errors.Is(err, errUnchained) {
		t.Errorf("an event that does not follow: %v", err)
	}
	if err := errors.Join(m.sync(), m.close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 10, len(events[5])} {
		if err := os.WriteFile(path, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		m := &mirror{path: path}
		if err := m.open(); err != nil {
			t.Fatal(err)
		}
		c := compareWith(t, m, events)
		if c.why != "" || !c.torn || c.held.seq != 5 {
			t.Errorf("%d bytes short: %d events, torn %v, %s", cut, c.held.seq, c.torn, c.why)
		}
		if err := m.settle(c.held, c.size); err != nil {
			t.Fatal(err)
		}
		for _, b := range events[:7] { // those that are there are passed over
			if err := m.append(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(m.sync(), m.close()); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, append(bytes.Join(events[:7], []byte("\n")), '\n')) {
			t.Errorf("%d bytes short: not whole afterwards, %v", cut, err)
		}
	}
}

// compareWith compares a mirror with a stream of these events.
func compareWith(t testing.TB, m *mirror, events tale) *mirrorCheck {
	t.Helper()
	c, err := m.check(false)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, b := range events {
		e, err := parseEntry(b)
		if err != nil {
			t.Fatal(err)
		}
		c.next(&e, b)
	}
	c.finish(uint64(len(events)))
	return c
}

// Two processes never write one mirror.
func TestMirrorHasOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), mirrorName)
	a, b := &mirror{path: path}, &mirror{path: path}
	if err := a.open(); err != nil {
		t.Fatal(err)
	}
	if err := b.open(); err == nil {
		t.Error("it has two")
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	if err := b.open(); err != nil {
		t.Errorf("after the first has gone: %v", err)
	}
	b.close()
}

// On a disk that dies the damaged mirrors do not pile up.
func TestDamagedMirrorsAreFew(t *testing.T) {
	m := &mirror{path: filepath.Join(t.TempDir(), mirrorName)}
	if err := m.open(); err != nil {
		t.Fatal(err)
	}
	defer m.close()
	now := time.Now()
	for i := range 6 {
		if err := m.replace(now.Add(time.Duration(i)*time.Second), func(io.Writer) (Chain, error) { return Chain{}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	old, err := filepath.Glob(m.path + ".damaged-*")
	if err != nil || len(old) != keptDamaged {
		t.Errorf("%d damaged mirrors are kept, %v; want %d", len(old), err, keptDamaged)
	}
}

// Whatever bytes a head file holds, they are read or refused, and only what
// somebody signed is read.
func FuzzHead(f *testing.F) {
	b, err := json.Marshal(newKey(f, f.TempDir()).sign(Chain{3, digest{1}}, 3, time.Unix(5, 0)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("{}"))
	f.Add(append(b, b...))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHead(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseHead(again); err != nil || got.Seq != h.Seq || got.hash != h.hash {
			t.Errorf("read once and not twice: %v", err)
		}
	})
}

// Whatever a mirror's file holds, reading it ends, and what it is said to hold is a
// chain.
func FuzzMirror(f *testing.F) {
	events := tell(f, nil, 4, "a")
	whole := append(bytes.Join(events, []byte("\n")), '\n')
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(bytes.Repeat([]byte("\n"), 9))
	f.Add(append(bytes.Repeat([]byte("x"), 300<<10), whole...))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &mirror{path: filepath.Join(dir, mirrorName)}
		if err := os.WriteFile(m.path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		c := compareWith(t, m, events)
		if c.held.seq > 4 || c.size > int64(len(b)) || c.why == "" && !bytes.Equal(b[:c.size], whole[:c.size]) {
			t.Errorf("it holds %d events in %d bytes: %s", c.held.seq, c.size, c.why)
		}
		file, err := os.Open(m.path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		links, err := fileLinks("mirror", file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := resolve([]*copyLinks{links}, nil)
		if err != nil {
			return // two chains
		}
		var chain Chain
		if err := a.each(0, func(_ uint64, stored []byte) error { return chain.Add(stored) }); err != nil {
			t.Errorf("what counts is no chain: %v", err)
		}
	})
}
