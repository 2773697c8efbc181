package shared

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Cache keeps small values for a while; [*Redis] and [*Memory] do.
type Cache interface {
	// Get returns false when there is nothing, or nothing any more.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Set keeps a value of up to 64 KiB for ttl.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// Lookup finds what a carrier's receipt is about; [*Redis] and [*Memory] do.
type Lookup interface {
	// Remember keeps the places of messages for [LookupAge].
	Remember(ctx context.Context, channel string, sent []Sent) error
	// Find returns the places that are known, by message id.
	Find(ctx context.Context, channel string, messageIDs []string) (map[string]Place, error)
}

// Place is where a message's outcome stands. What the 16 bytes mean is the
// channels' affair.
type Place [16]byte

// Sent is a message that a carrier took.
type Sent struct {
	MessageID string // the carrier's
	At        Place
}

// LookupAge is how long after the message receipts may come; carriers give up
// after 72 hours at the latest.
const LookupAge = 72 * time.Hour

const (
	maxValue = 64 << 10 // bytes
	maxName  = 100      // bytes
	// lookupBatch is how many messages go in one pipeline.
	lookupBatch = 1000
)

var errTTL = errors.New("a time to live of a millisecond at least is needed")

func checkSet(key string, value []byte, ttl time.Duration) error {
	switch {
	case len(value) > maxValue:
		return fmt.Errorf("a value of %d bytes, at most %d", len(value), maxValue)
	case ttl < time.Millisecond:
		return errTTL
	}
	return checkName(key)
}

// checkName refuses what cannot be part of a key: a brace would decide on which
// node of a cluster the key lies.
func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a name of %d bytes, want 1 to %d", len(name), maxName)
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || c == '{' || c == '}' {
			return fmt.Errorf("the name %q holds what cannot stand in a key", name)
		}
	}
	return nil
}

// lookupKey hashes the carrier's id: whatever a carrier sends, the key is
// short and names nobody.
func lookupKey(channel, messageID string) string {
	sum := sha256.Sum256([]byte(channel + "\x00" + messageID))
	return "sent:" + base64.RawURLEncoding.EncodeToString(sum[:16])
}
