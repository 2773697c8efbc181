package roll

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeysAreMadeOnceAndForOneReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	var wg sync.WaitGroup
	prints := make([]string, 8)
	for i := range prints { // eight processes start at the same moment
		wg.Go(func() {
			k, err := OpenKeys(path)
			if err != nil {
				t.Error(err)
				return
			}
			prints[i] = k.Fingerprint()
		})
	}
	wg.Wait()
	for _, p := range prints {
		if p != prints[0] || len(p) != 32 {
			t.Fatalf("different keys came of one start: %v", prints)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Fatalf("%d files are left, want the key file alone", len(files))
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeys(path); err == nil || !strings.Contains(err.Error(), "others may read") {
		t.Fatalf("a key file that everybody may read: %v", err)
	}
}

func TestTheSameAddressIsTheSameID(t *testing.T) {
	k, other := NewKeys(), NewKeys()
	a := k.ID(SMS, "+8613800138000")
	if a != k.ID(SMS, "+8613800138000") {
		t.Fatal("the same address got two ids")
	}
	if a == k.ID(WeChat, "+8613800138000") || a == other.ID(SMS, "+8613800138000") {
		t.Fatal("the id does not depend on channel and key")
	}
	if k.Fingerprint() == other.Fingerprint() {
		t.Fatal("two key files have one fingerprint")
	}
}

func TestR20ASealedAddressOpensOnlyInItsOwnRecord(t *testing.T) {
	k := NewKeys()
	const number = "+8613800138000"
	id, stranger := k.ID(SMS, number), k.ID(SMS, "+8613800138001")
	sealed := k.Seal(nil, id, number)
	if strings.Contains(string(sealed), number[3:]) {
		t.Fatal("the number stands in the sealed bytes")
	}
	if got, err := k.Open(id, sealed); err != nil || got != number {
		t.Fatalf("opened as %q, %v", got, err)
	}
	if _, err := k.Open(stranger, sealed); err == nil {
		t.Fatal("it opened in somebody else's record")
	}
	if _, err := NewKeys().Open(id, sealed); err == nil {
		t.Fatal("it opened with other keys")
	}
	for i := range sealed {
		broken := append([]byte(nil), sealed...)
		broken[i] ^= 1
		if _, err := k.Open(id, broken); err == nil {
			t.Fatalf("it opened with bit %d flipped", i*8)
		}
	}
	if _, err := k.Open(id, sealed[:5]); err == nil {
		t.Fatal("five bytes opened")
	}
}

func TestAnOlderSealingKeyStillOpens(t *testing.T) {
	f := keyFile{V: 1, HMAC: randomKey(), Seal: map[uint8][]byte{1: randomKey()}, Current: 1}
	before, err := f.keys()
	if err != nil {
		t.Fatal(err)
	}
	id := before.ID(SMS, "+8613800138000")
	old := before.Seal(nil, id, "+8613800138000")
	f.Seal[2], f.Current = randomKey(), 2
	data, _ := json.Marshal(f)
	after, err := parseKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := after.Open(id, old); err != nil || got != "+8613800138000" {
		t.Fatalf("after a second key came: %q, %v", got, err)
	}
	if s := after.Seal(nil, id, "+8613800138000"); s[0] != 2 {
		t.Fatalf("sealed with key %d, want the current one", s[0])
	}
	if before.Fingerprint() == after.Fingerprint() {
		t.Fatal("a new key does not show in the fingerprint")
	}
}

func TestABrokenKeyFileIsRefusedWithoutQuotingIt(t *testing.T) {
	good := keyFile{V: 1, HMAC: randomKey(), Seal: map[uint8][]byte{1: randomKey()}, Current: 1}
	for name, spoil := range map[string]func(*keyFile){
		"newer":        func(f *keyFile) { f.V = 2 },
		"short hmac":   func(f *keyFile) { f.HMAC = f.HMAC[:16] },
		"short seal":   func(f *keyFile) { f.Seal = map[uint8][]byte{1: randomKey()[:16]} },
		"key zero":     func(f *keyFile) { f.Seal = map[uint8][]byte{0: randomKey()} },
		"none current": func(f *keyFile) { f.Current = 9 },
	} {
		f := good
		spoil(&f)
		if _, err := f.keys(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := parseKeys([]byte(`{"hmac": "c2VjcmV0!"}`)); err == nil || strings.Contains(err.Error(), "c2Vj") {
		t.Errorf("not a key file: %v", err)
	}
}
