package shared

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// Buckets keeps hashes of small records, each with how far it has come;
// [*Redis] and [*Memory] do.
type Buckets interface {
	// Heads returns the heads of the buckets 0 to n-1.
	Heads(ctx context.Context, n int) ([]Head, error)
	// ReadBuckets calls fn with each of these buckets, in this order, each as it
	// was at one instant. What fn gets is its own to keep.
	ReadBuckets(ctx context.Context, numbers []int, fn func(number int, b Bucket) error) error
	// WriteBucket changes a bucket if its head is still c.After, and returns
	// [ErrMoved] if not.
	WriteBucket(ctx context.Context, number int, c Change) error
}

// Head says what a bucket holds: everything of this edition up to a sequence.
// The zero Head is that of a bucket that is not there.
type Head struct {
	Edition string // of what it is a copy; a bucket of another edition is worthless
	Seq     uint64
}

// ID names a record.
type ID [16]byte

// Bucket is a head and its records, by their ids' 16 bytes.
type Bucket struct {
	Head
	Records map[string]string
}

// Record is one record to be written; with a nil Value it is to be removed.
type Record struct {
	ID    ID
	Value []byte
}

// Change takes a bucket from one head to another, all or nothing. Between
// different editions nothing of the old one stays.
type Change struct {
	After   Head
	To      Head
	Records []Record
}

// ErrMoved: a bucket is not where its writer left it. Somebody else writes, or
// Redis forgot or went back.
var ErrMoved = errors.New("the bucket is not where it was left")

// The head's two fields stand among the records, whose names have 16 bytes: so
// one command reads both at one instant.
const (
	seqField     = "seq"
	editionField = "edition"
)

// readBatch is how many buckets are read in one pipeline: with 2,400 records of
// 100 bytes each some 8 MB.
const readBatch = 32

// bucketKey names a bucket; the braces make it a slot of its own in a cluster.
func bucketKey(number int) string { return fmt.Sprintf("{b%04d}", number) }

// parseHead reads the two fields. What cannot be read is as good as nothing.
func parseHead(edition, seq string) Head {
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil || edition == "" {
		return Head{}
	}
	return Head{Edition: edition, Seq: n}
}

// takeHead separates the head from the records of a hash.
func takeHead(fields map[string]string) Bucket {
	b := Bucket{Head: parseHead(fields[editionField], fields[seqField]), Records: fields}
	delete(fields, editionField)
	delete(fields, seqField)
	return b
}

func checkChange(c Change) error {
	if c.To.Edition == "" {
		return errors.New("a bucket without an edition")
	}
	if c.After.Edition == c.To.Edition && c.To.Seq < c.After.Seq {
		return fmt.Errorf("a bucket goes from %d back to %d", c.After.Seq, c.To.Seq)
	}
	return nil
}
