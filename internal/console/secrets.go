package console

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// Argon is the cost of hashing a password with argon2id.
type Argon struct {
	MemoryKiB uint32
	Passes    uint32
	Threads   uint8
}

// StandardArgon is RFC 9106's second choice with the memory it recommends:
// 64 MiB, 3 passes; one lane, because the desk's machine has better uses for
// its cores at 3 a.m.
var StandardArgon = Argon{MemoryKiB: 64 << 10, Passes: 3, Threads: 1}

const (
	argonKey     = 32      // bytes of hash
	maxPasses    = 16      // a stored hash that asks for more was not written here
	maxMemoryKiB = 1 << 20 // 1 GiB
)

// hash returns the PHC string, parameters and salt included, so that a cost
// raised later leaves old passwords readable.
func (c Argon) hash(password string) string {
	salt := randomBytes(16)
	key := argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Threads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", c.MemoryKiB, c.Passes, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// verify reports whether the password belongs to the PHC string.
func verify(phc, password string) bool {
	var c Argon
	var rest string
	if n, err := fmt.Sscanf(phc, "$argon2id$v=19$m=%d,t=%d,p=%d$%s", &c.MemoryKiB, &c.Passes, &c.Threads, &rest); n != 4 || err != nil {
		return false
	}
	salt64, key64, ok := cut2(rest)
	salt, err1 := base64.RawStdEncoding.DecodeString(salt64)
	key, err2 := base64.RawStdEncoding.DecodeString(key64)
	if !ok || err1 != nil || err2 != nil || c.Passes == 0 || c.Threads == 0 || c.Passes > maxPasses || c.MemoryKiB > maxMemoryKiB || len(key) != argonKey {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Threads, argonKey)
	return subtle.ConstantTimeCompare(got, key) == 1
}

func cut2(s string) (salt, key string, ok bool) {
	for i := range s {
		if s[i] == '$' {
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// sealer encrypts small records with AES-256-GCM. The subject is bound in, so
// that one officer's sealed record cannot be put in another's place.
type sealer struct{ aead cipher.AEAD }

const sealVersion = 1

var errSealed = errors.New("the record cannot be opened: another key, or damaged")

func newSealer(key []byte) (sealer, error) {
	if len(key) != 32 {
		return sealer{}, fmt.Errorf("the accounts' key has %d bytes, want 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCM(block)
	return sealer{aead}, err
}

// close returns version, nonce and ciphertext.
func (s sealer) close(subject string, plain []byte) []byte {
	out := append([]byte{sealVersion}, randomBytes(s.aead.NonceSize())...)
	return s.aead.Seal(out, out[1:], plain, []byte(subject))
}

func (s sealer) open(subject string, sealed []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < 1+n || sealed[0] != sealVersion {
		return nil, errSealed
	}
	plain, err := s.aead.Open(nil, sealed[1:1+n], sealed[1+n:], []byte(subject))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
