package keep

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

func writeBackup(t testing.TB, path string, content map[string][]byte) Manifest {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWriter(f, Manifest{Made: time.Date(2026, 6, 1, 3, 0, 0, 123, time.UTC), Mode: alert.Live, Keys: "k"})
	if err == nil {
		err = w.File("mingluo.toml", []byte("mode = \"live\"\n"))
	}
	for _, name := range []string{"JOURNAL", "ROLL"} {
		if err == nil {
			err = w.Stream(name, func(w io.Writer) (journal.Snapshot, error) {
				_, err := w.Write(content[name])
				return journal.Snapshot{Stream: name, Last: 7}, err
			})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != w.Size() {
		t.Errorf("%d bytes counted, %v", w.Size(), err)
	}
	return m
}

// A backup comes back as it was written, and tar opens it too.
func TestABackupComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.tar")
	content := map[string][]byte{"JOURNAL": []byte("short"), "ROLL": make([]byte, 2*pieceBytes+17)}
	rand.NewChaCha8([32]byte{}).Read(content["ROLL"])
	m := writeBackup(t, path, content)
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if fmt.Sprint(b.Manifest) != fmt.Sprint(m) || b.Mode != alert.Live || b.Journal().Last != 7 {
		t.Errorf("the manifest says\n%+v, written was\n%+v", b.Manifest, m)
	}
	for name, want := range content {
		got, err := io.ReadAll(b.Stream(name))
		if err != nil || sha256.Sum256(got) != sha256.Sum256(want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if text, err := b.File("mingluo.toml"); err != nil || string(text) != "mode = \"live\"\n" {
		t.Errorf("the configuration: %q, %v", text, err)
	}
	out, err := exec.Command("tar", "tf", path).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("streams/ROLL/000003\nmanifest.json\nseal.sha256\n")) {
		t.Errorf("tar says %v\n%s", err, out)
	}
}

// Wherever a file is cut and whichever bit turns, it is not opened.
func TestADamagedBackupIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b.tar")
	writeBackup(t, path, map[string][]byte{"JOURNAL": []byte("short"), "ROLL": make([]byte, 3000)})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	damaged := filepath.Join(dir, "damaged.tar")
	refused := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(damaged, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Open(damaged); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: opened %v, %v", what, got != nil, err)
		}
	}
	for range 300 {
		bit := rnd.IntN(len(whole) * 8)
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		refused(fmt.Sprintf("bit %d turned", bit), b)
	}
	for _, n := range []int{0, 1, 511, 512, len(whole) / 2, len(whole) - 2048, len(whole) - 1024, len(whole) - 1} {
		refused(fmt.Sprintf("cut to %d", n), whole[:n])
	}
	refused("something behind it", append(bytes.Clone(whole), make([]byte, 512)...))
}

func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "b.tar")
	writeBackup(f, path, map[string][]byte{"JOURNAL": []byte("x")})
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[:len(b)-tailBytes])
	// The seal is made for whatever comes before it, so that the rest is read.
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		tail, err := sealTail(sum[:], time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "b.tar")
		if err := os.WriteFile(path, append(bytes.Clone(body), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := Open(path); err == nil {
			if b.Format != Format {
				t.Errorf("format %d was opened", b.Format)
			}
			b.Close()
		}
	})
}
