package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"mingluo/internal/alert"
)

const (
	maxAttachment = 4 << 20
	chunkSize     = 128 << 10
)

// PutAttachment keeps data (1 byte to 4 MiB) under the SHA-256 of its content and
// returns that in hexadecimal. Keeping the same again costs a read, and repairs
// what can no longer be read.
func (s *Store) PutAttachment(ctx context.Context, data []byte) (sha256hex string, err error) {
	if len(data) == 0 || len(data) > maxAttachment {
		return "", fmt.Errorf("put attachment: %d bytes, want 1 to %d", len(data), maxAttachment)
	}
	h := sha256.Sum256(data)
	sha := hex.EncodeToString(h[:])
	if _, err := s.GetAttachment(ctx, sha); err == nil {
		return sha, nil
	}
	var puts []alert.Put
	for off := 0; off < len(data); off += chunkSize {
		puts = append(puts, alert.Put{Subject: fmt.Sprintf("attachment.%s.%d", sha, len(puts)), Data: data[off:min(off+chunkSize, len(data))]})
	}
	if _, err := s.PutBatch(ctx, puts); err != nil {
		return "", fmt.Errorf("put attachment %s: %w", sha, err)
	}
	return sha, nil
}

// GetAttachment returns the content with that hash, checked against it.
// [alert.ErrNotFound] when nothing is kept under it.
func (s *Store) GetAttachment(ctx context.Context, sha string) ([]byte, error) {
	if want, err := hex.DecodeString(sha); err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("get attachment: %q is no SHA-256 in hexadecimal", sha)
	}
	first, err := s.Get(ctx, "attachment."+sha+".0")
	if err != nil {
		return nil, fmt.Errorf("get attachment: %w", err)
	}
	var data bytes.Buffer
	_, err = s.Scan(ctx, alert.StreamAttachments, "attachment."+sha+".*", first.Seq, func(r alert.Record) error {
		data.Write(r.Data)
		if data.Len() > maxAttachment {
			return errors.New("more chunks than an attachment has")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("get attachment %s: %w", sha, err)
	}
	if h := sha256.Sum256(data.Bytes()); hex.EncodeToString(h[:]) != sha {
		return nil, fmt.Errorf("get attachment %s: its content does not have this hash any more", sha)
	}
	return data.Bytes(), nil
}
