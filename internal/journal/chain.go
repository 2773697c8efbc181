package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"mingluo/internal/alert"
)

// digest is a place in the chain: the SHA-256 of an event's stored bytes, all
// zeros in front of the first.
type digest [sha256.Size]byte

func digestOf(stored []byte) digest { return sha256.Sum256(stored) }

func (d digest) String() string { return hex.EncodeToString(d[:]) }

func parseDigest(s string) (digest, error) {
	var d digest
	if len(s) != hex.EncodedLen(len(d)) {
		return d, fmt.Errorf("hash of %d characters, want %d", len(s), hex.EncodedLen(len(d)))
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return d, fmt.Errorf("hash: %w", err)
	}
	return d, nil
}

// entry is what the chain knows of an event: its place, its hash, and the hash of
// the one before. The fact inside and the format's version are no matter of the
// chain: a copy that a newer program wrote is as whole as any other.
type entry struct {
	seq        uint64
	hash, prev digest
	subject    string // journal.<kind>.<id>
	typ        string
}

// name is the event as people are told of it.
func (l *entry) name() string {
	return strings.TrimSpace(strings.TrimPrefix(l.subject, "journal.") + " " + l.typ)
}

// parseEntry reads stored bytes. A line break cannot stand in them: a mirror keeps
// one event a line.
func parseEntry(stored []byte) (entry, error) {
	if len(stored) > alert.MaxEventBytes {
		return entry{}, fmt.Errorf("event of %d bytes, at most %d", len(stored), alert.MaxEventBytes)
	}
	if bytes.IndexByte(stored, '\n') >= 0 {
		return entry{}, errors.New("event with a line break in it")
	}
	var e struct {
		Seq                  uint64
		Kind, ID, Type, Prev string
	}
	if err := json.Unmarshal(stored, &e); err != nil {
		return entry{}, fmt.Errorf("event cannot be read: %w", err)
	}
	if e.Seq == 0 {
		return entry{}, errors.New("event without a number")
	}
	prev, err := parseDigest(e.Prev)
	if err != nil {
		return entry{}, fmt.Errorf("event %d: %w", e.Seq, err)
	}
	return entry{seq: e.Seq, hash: digestOf(stored), prev: prev, subject: "journal." + e.Kind + "." + e.ID, typ: e.Type}, nil
}

// Chain checks stored events, given from the first one on, one after the other:
// each has to name the hash of the one before. The zero value waits for event 1.
type Chain struct {
	seq  uint64
	head digest
}

// Add takes the next event's stored bytes, or says what is wrong with its place.
func (c *Chain) Add(stored []byte) error {
	l, err := parseEntry(stored)
	if err != nil {
		return fmt.Errorf("behind event %d: %w", c.seq, err)
	}
	return c.add(&l)
}

func (c *Chain) add(l *entry) error {
	if l.seq != c.seq+1 {
		return fmt.Errorf("behind event %d comes event %d (%s)", c.seq, l.seq, l.name())
	}
	if l.prev != c.head {
		return fmt.Errorf("event %d (%s): its hash of the event before does not match", l.seq, l.name())
	}
	c.seq, c.head = l.seq, l.hash
	return nil
}

// Seq is the number of the last event taken.
func (c *Chain) Seq() uint64 { return c.seq }

// Head is its hash, in hexadecimal.
func (c *Chain) Head() string { return c.head.String() }
