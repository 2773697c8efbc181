package keep

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// MinPassphrase is the fewest characters that a passphrase may have.
const MinPassphrase = 15

// Cost is what trying one passphrase takes (argon2id).
type Cost struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Passes    uint32 `json:"passes"`
}

// StandardCost takes about a second: a passphrase is tried once a year by its
// owner and a billion times by a thief.
func StandardCost() Cost { return Cost{MemoryKiB: 256 << 10, Passes: 4} }

// sealed is the file as it is written.
type sealed struct {
	What string    `json:"what"` // "mingluo keys"
	V    int       `json:"v"`
	Made time.Time `json:"made"`
	Kit  string    `json:"kit"` // the kit's fingerprint
	Cost Cost      `json:"argon2id"`
	Salt []byte    `json:"salt"`
	Data []byte    `json:"data,omitempty"` // nonce 12, AES-256-GCM of the files as JSON
}

const (
	sealedWhat   = "mingluo keys"
	sealedV      = 1
	maxSealed    = 1 << 20
	maxMemoryKiB = 1 << 20 // 1 GiB: a file that asks for more was not written here
	maxPasses    = 16
)

// Files are key files by name.
type Files map[string][]byte

// Seal puts key files under a passphrase.
func Seal(files Files, passphrase, kit string, made time.Time, cost Cost) ([]byte, error) {
	if n := utf8.RuneCountInString(passphrase); n < MinPassphrase {
		return nil, fmt.Errorf("the passphrase has %d characters, at least %d", n, MinPassphrase)
	}
	s := sealed{What: sealedWhat, V: sealedV, Made: made.UTC(), Kit: kit, Cost: cost, Salt: make([]byte, 16)}
	rand.Read(s.Salt)
	aead, front, err := s.open(passphrase)
	if err != nil {
		return nil, fmt.Errorf("seal keys: %w", err)
	}
	plain, err := json.Marshal(files)
	if err != nil {
		return nil, fmt.Errorf("seal keys: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	s.Data = aead.Seal(nonce, nonce, plain, front)
	out, err := json.MarshalIndent(s, "", "  ")
	return append(out, '\n'), err
}

// ErrPassphrase says that a passphrase does not open the file. A changed file
// looks the same.
var ErrPassphrase = errors.New("the passphrase does not open it, or the file was changed")

// Unseal returns the key files.
func Unseal(data []byte, passphrase string) (Files, error) {
	var s sealed
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if len(data) > maxSealed || dec.Decode(&s) != nil || s.What != sealedWhat {
		return nil, errors.New("unseal keys: it is not a file of exported keys")
	}
	if s.V != sealedV {
		return nil, fmt.Errorf("unseal keys: format version %d, this program knows %d", s.V, sealedV)
	}
	box := s.Data
	s.Data = nil
	aead, front, err := s.open(passphrase)
	if err != nil {
		return nil, fmt.Errorf("unseal keys: %w", err)
	}
	if len(box) < aead.NonceSize() {
		return nil, ErrPassphrase
	}
	plain, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], front)
	if err != nil {
		return nil, ErrPassphrase
	}
	var files Files
	if err := json.Unmarshal(plain, &files); err != nil {
		return nil, errors.New("unseal keys: what is in it cannot be read")
	}
	return files, nil
}

// open makes the key from the passphrase. Everything in front of the sealed data
// is bound to it.
func (s sealed) open(passphrase string) (cipher.AEAD, []byte, error) {
	if s.Cost.Passes < 1 || s.Cost.Passes > maxPasses || s.Cost.MemoryKiB < 8 || s.Cost.MemoryKiB > maxMemoryKiB || len(s.Salt) != 16 {
		return nil, nil, errors.New("its cost is not one that this program writes")
	}
	front, err := json.Marshal(s)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(argon2.IDKey([]byte(passphrase), s.Salt, s.Cost.Passes, s.Cost.MemoryKiB, 1, 32))
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, front, err
}
