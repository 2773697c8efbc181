package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
)

// Put stores one message in the stream that its subject's first word names and
// returns its sequence. An acknowledged message is on the disk (about 0.5 ms).
//
// Errors: [alert.ErrStale] when ExpectSubject did not hold, [alert.ErrTaken] for a
// task that is queued already, [alert.ErrFull], [alert.ErrUnknown] when no answer
// came within 5 s. The journal is written through [Book.Do] only.
func (s *Store) Put(ctx context.Context, p alert.Put) (seq uint64, err error) {
	return s.PutBatch(ctx, []alert.Put{p})
}

// PutBatch stores messages of one stream, in order, and returns the last one's
// sequence. Up to 1,000 messages and 32 MiB go as one atomic batch: all or
// nothing, and two of them must not expect the same subject. More is cut into
// several batches, each whole in itself; when one is refused those before it
// stay, and the error says how many messages they hold.
//
// Errors are those of [Store.Put]; one stale or taken subject refuses its batch.
func (s *Store) PutBatch(ctx context.Context, puts []alert.Put) (last uint64, err error) {
	if len(puts) == 0 {
		return 0, errors.New("put: nothing given")
	}
	stream, err := oneStream(puts)
	if err != nil {
		return 0, err
	}
	if stream == alert.StreamJournal {
		return 0, errors.New("put: the journal is written through its book only")
	}
	ms := make([]*nats.Msg, len(puts))
	for i, p := range puts {
		if ms[i], err = message(p); err != nil {
			return 0, err
		}
	}
	for done := 0; done < len(ms); {
		if err := s.room(stream); err != nil {
			return last, fmt.Errorf("put %s (message %d of %d): %w", puts[done].Subject, done+1, len(ms), err)
		}
		n := cut(ms[done:])
		if last, err = s.publish(ctx, ms[done:done+n]); err != nil {
			return last, fmt.Errorf("put %s (message %d of %d, in a batch of %d): %w", puts[done].Subject, done+1, len(ms), n, err)
		}
		done += n
	}
	return last, nil
}

// cut returns how many of the messages go into the next batch.
func cut(ms []*nats.Msg) int {
	size := 0
	for i, m := range ms {
		size += len(m.Data) + len(m.Subject)
		if i == maxBatch || size > maxBatchBytes && i > 0 {
			return i
		}
	}
	return len(ms)
}

func oneStream(puts []alert.Put) (string, error) {
	var stream string
	for _, p := range puts {
		s, err := streamOf(p.Subject)
		if err != nil {
			return "", fmt.Errorf("put: %w", err)
		}
		if stream != "" && s != stream {
			return "", fmt.Errorf("put: %s belongs to %s, the batch to %s", p.Subject, s, stream)
		}
		stream = s
	}
	return stream, nil
}

// maxSubject bounds a subject; ours have at most about 120 bytes.
const maxSubject = 250

// checkSubject refuses what NATS would read as something else: wildcards, empty
// tokens, spaces, control characters.
func checkSubject(subject string) error {
	if len(subject) == 0 || len(subject) > maxSubject {
		return fmt.Errorf("subject of %d bytes, want 1 to %d", len(subject), maxSubject)
	}
	before := byte('.')
	for i := 0; i < len(subject); i++ {
		c := subject[i]
		if c == '.' && before == '.' || c <= ' ' || c >= 0x7f || c == '*' || c == '>' {
			return fmt.Errorf("subject %q: character %d cannot stand there", subject, i+1)
		}
		before = c
	}
	if before == '.' {
		return fmt.Errorf("subject %q: it ends with a dot", subject)
	}
	return nil
}

// checkToken refuses ids that cannot be one part of a subject.
func checkToken(what, id string) error {
	if id == "" || len(id) > 120 {
		return fmt.Errorf("%s of %d bytes, want 1 to 120", what, len(id))
	}
	for _, c := range []byte(id) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return fmt.Errorf("%s %q: only letters, digits, - and _ can stand in it", what, id)
		}
	}
	return nil
}
