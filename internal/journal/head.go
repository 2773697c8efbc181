package journal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Head is a signed statement of what the journal's last event was. It is kept
// outside NATS, so that a journal that was cut, or replaced by an older one, is
// recognised even where every event that is left is whole.
type Head struct {
	V      int       `json:"v"`
	Seq    uint64    `json:"seq"`
	Hash   string    `json:"hash"`   // of event seq, hexadecimal
	At     time.Time `json:"at"`     // when it was signed
	Mirror uint64    `json:"mirror"` // events that this folder's mirror had then
	Key    string    `json:"key"`    // fingerprint of the public key
	Public []byte    `json:"public"`
	Sig    []byte    `json:"sig"` // Ed25519 over all of it but itself

	hash digest
	path string // the file that it was read from
}

const headVersion = 1

// signable is what the signature covers.
func (h *Head) signable() []byte {
	return fmt.Appendf(nil, "mingluo journal head\n%d\n%d\n%s\n%s\n%d\n%s\n", h.V, h.Seq, h.Hash, h.At.UTC().Format(time.RFC3339Nano), h.Mirror, h.Key)
}

// sign makes the statement.
func (k *headKey) sign(tip Chain, mirror uint64, at time.Time) Head {
	h := Head{V: headVersion, Seq: tip.seq, Hash: tip.Head(), At: at.UTC(), Mirror: mirror, Key: k.fingerprint(), Public: k.public(), hash: tip.head}
	h.Sig = ed25519.Sign(k.private, h.signable())
	return h
}

var errBlank = errors.New("it holds nothing")

// parseHead reads one statement and checks its signature against the key that it
// names itself; whose key that is, is the caller's question.
func parseHead(b []byte) (Head, error) {
	b = bytes.Trim(b, " \n")
	if len(b) == 0 {
		return Head{}, errBlank
	}
	var h Head
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return Head{}, fmt.Errorf("signed head cannot be read: %w", err)
	}
	if dec.More() {
		return Head{}, errors.New("signed head with something behind it")
	}
	if h.V != headVersion || h.Seq == 0 {
		return Head{}, fmt.Errorf("signed head of version %d for event %d cannot be used", h.V, h.Seq)
	}
	var err error
	if h.hash, err = parseDigest(h.Hash); err != nil {
		return Head{}, fmt.Errorf("signed head: %w", err)
	}
	h.Hash = strings.ToLower(h.Hash)
	if len(h.Public) != ed25519.PublicKeySize || fingerprint(h.Public) != h.Key {
		return Head{}, errors.New("signed head names another key than it carries")
	}
	if !ed25519.Verify(h.Public, h.signable(), h.Sig) {
		return Head{}, errors.New("signed head: the signature does not fit")
	}
	return h, nil
}
