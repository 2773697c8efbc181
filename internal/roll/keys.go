package roll

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
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
	"sync/atomic"

	"mingluo/internal/alert"
)

const keyBytes = 32 // HMAC-SHA-256 and AES-256

// Keys makes ids and seals addresses. It may be shared between goroutines; only
// a rewrite of the roll changes what it holds. Losing it means losing every
// subscriber.
type Keys struct {
	now atomic.Pointer[keySet]
}

// keySet is the keys of one moment.
type keySet struct {
	file        keyFile
	seals       map[uint8]cipher.AEAD // by key id
	fingerprint string
}

func (k *Keys) set() *keySet { return k.now.Load() }

// keyFile is keys.json.
type keyFile struct {
	V       int              `json:"v"`
	HMAC    []byte           `json:"hmac"`    // makes the ids; changes only with a rewrite of the roll
	Seal    map[uint8][]byte `json:"seal"`    // AES-256-GCM keys by id, 1 to 255
	Current uint8            `json:"current"` // id of the key that seals
}

const keyFileVersion = 1

// OpenKeys reads the key file, and makes one with new keys when there is none.
// Whether new keys are welcome is for the caller to check: the journal holds
// the [Keys.Fingerprint] of the ones in use.
func OpenKeys(path string) (*Keys, error) {
	k, err := LoadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	f := keyFile{V: keyFileVersion, HMAC: randomKey(), Seal: map[uint8][]byte{1: randomKey()}, Current: 1}
	if err := createKeyFile(path, f); err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	return LoadKeys(path)
}

// LoadKeys reads an existing key file. It refuses one that others on the
// machine may read (the mode must be 0600 or stricter).
func LoadKeys(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read keys: %s has mode %04o, others may read it: chmod 600 it and think about who did", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	k, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("read keys %s: %w", path, err)
	}
	return k, nil
}

// NewKeys returns keys that live only in memory, for measurements and tests.
func NewKeys() *Keys {
	k, err := keyFile{V: keyFileVersion, HMAC: randomKey(), Seal: map[uint8][]byte{1: randomKey()}, Current: 1}.keys()
	if err != nil {
		panic("keys of the right length were refused: " + err.Error())
	}
	return k
}

func parseKeys(data []byte) (*Keys, error) {
	var f keyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, errors.New("not a key file") // the decoder's error could quote a key
	}
	return f.keys()
}

func (f keyFile) keys() (*Keys, error) {
	if f.V != keyFileVersion {
		return nil, fmt.Errorf("format version %d, this program knows %d", f.V, keyFileVersion)
	}
	if len(f.HMAC) != keyBytes {
		return nil, fmt.Errorf("the HMAC key has %d bytes, want %d", len(f.HMAC), keyBytes)
	}
	set := &keySet{file: f, seals: map[uint8]cipher.AEAD{}, fingerprint: f.fingerprint()}
	for id, key := range f.Seal {
		if id == 0 || len(key) != keyBytes {
			return nil, fmt.Errorf("sealing key %d has %d bytes, want %d, and an id from 1 on", id, len(key), keyBytes)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if set.seals[id], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	if set.seals[f.Current] == nil {
		return nil, fmt.Errorf("the current sealing key %d is not in the file", f.Current)
	}
	k := &Keys{}
	k.now.Store(set)
	return k, nil
}

// fingerprint is an HMAC under the HMAC key itself: it tells the keys apart
// and says nothing about them.
func (f keyFile) fingerprint() string {
	m := hmac.New(sha256.New, f.HMAC)
	m.Write([]byte("mingluo roll keys 1"))
	ids := make([]uint8, 0, len(f.Seal))
	for id := range f.Seal {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		m.Write([]byte{id})
		m.Write(f.Seal[id])
	}
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// Fingerprint names the keys without telling them: 32 hexadecimal digits. It
// changes with any key in the file, so the journal must be told when a sealing
// key is added or destroyed.
func (k *Keys) Fingerprint() string { return k.set().fingerprint }

// ID returns the id of an address: the first 16 bytes of HMAC-SHA-256 over
// channel, a zero byte and the address. The address must be normalised.
func (k *Keys) ID(channel, address string) alert.RecipientID {
	m := hmac.New(sha256.New, k.set().file.HMAC)
	var in [128]byte
	m.Write(append(append(append(in[:0], channel...), 0), address...))
	var sum [sha256.Size]byte
	m.Sum(sum[:0])
	return alert.RecipientID(sum[:16])
}

const nonceBytes = 12

var errSealed = errors.New("the sealed address cannot be opened: it is damaged, or another key's or person's")

// Seal encrypts an address for the record of id:
//
//	key id 1 | nonce 12, random | AES-256-GCM of the address, tag 16
//
// The id is the associated data, so that nobody's address can be put into
// another person's record. One key may seal 2^32 addresses.
func (k *Keys) Seal(dst []byte, id alert.RecipientID, address string) []byte {
	set := k.set()
	dst = append(dst, set.file.Current)
	at := len(dst)
	dst = append(dst, make([]byte, nonceBytes)...)
	rand.Read(dst[at:]) // never fails: the program ends if the system has no randomness
	return set.seals[set.file.Current].Seal(dst, dst[at:], []byte(address), id[:])
}

// AppendOpen decrypts a sealed address and appends it to dst.
func (k *Keys) AppendOpen(dst []byte, id alert.RecipientID, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+nonceBytes {
		return dst, errSealed
	}
	seal := k.set().seals[sealed[0]]
	if seal == nil {
		return dst, fmt.Errorf("sealing key %d is not among ours: %w", sealed[0], errSealed)
	}
	out, err := seal.Open(dst, sealed[1:1+nonceBytes], sealed[1+nonceBytes:], id[:])
	if err != nil {
		return dst, errSealed
	}
	return out, nil
}

// Open decrypts a sealed address.
func (k *Keys) Open(id alert.RecipientID, sealed []byte) (string, error) {
	b, err := k.AppendOpen(nil, id, sealed)
	return string(b), err
}

func randomKey() []byte {
	key := make([]byte, keyBytes)
	rand.Read(key)
	return key
}

// createKeyFile writes the file whole or not at all, and never over another:
// two processes that start at once end with the same keys.
func createKeyFile(path string, f keyFile) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(data, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
