package journal

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// headKey signs the journal's head. It lies in DIR/journal.key, readable by the
// service only, and is made at the first start. Who can read it can sign; what it
// protects against is rot, mistakes, and changes by somebody who has the store's
// disk but not this folder.
type headKey struct {
	private  ed25519.PrivateKey
	succeeds []string // fingerprints of keys that were lost: their heads still count
	made     bool     // just now
	any      bool     // there is none, and every head that is signed counts
}

// keyFile is the key as it lies on the disk.
type keyFile struct {
	Seed     []byte   `json:"seed"` // 32 bytes
	Succeeds []string `json:"succeeds,omitempty"`
}

func keyPath(dir string) string { return filepath.Join(dir, "journal.key") }

// openHeadKey reads the key, or makes one. A key that is missing beside heads that
// were signed with it was lost: the new one succeeds it, so that these heads go on
// counting, and the caller says so aloud.
func openHeadKey(dir string, lost []string) (*headKey, error) {
	path := keyPath(dir)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeHeadKey(path, lost)
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal's key: %w", err)
	}
	var f keyFile
	if err := json.Unmarshal(b, &f); err != nil || len(f.Seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("read the journal's key: %s does not hold a key; put the right file back, or move it away and a new one is made", path)
	}
	return &headKey{private: ed25519.NewKeyFromSeed(f.Seed), succeeds: f.Succeeds}, nil
}

func makeHeadKey(path string, lost []string) (*headKey, error) {
	f := keyFile{Seed: make([]byte, ed25519.SeedSize), Succeeds: lost}
	rand.Read(f.Seed)
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("make the journal's key: %w", err)
	}
	if err := writeWhole(path, append(b, '\n')); err != nil {
		return nil, fmt.Errorf("make the journal's key: %w", err)
	}
	return &headKey{private: ed25519.NewKeyFromSeed(f.Seed), succeeds: lost, made: true}, nil
}

func (k *headKey) public() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }

func (k *headKey) fingerprint() string { return fingerprint(k.public()) }

// ours reports whether a head was signed by this key or one that it succeeds.
func (k *headKey) ours(h *Head) bool {
	return k.any || h.Key == k.fingerprint() || slices.Contains(k.succeeds, h.Key)
}

// fingerprint names a public key in 32 characters.
func fingerprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:16])
}
