package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Recreate deletes one of the record's streams with everything in it and makes it
// anew, empty, with the settings it has to have. Its next message gets the
// sequence first, so that sequences go on growing for those who remember them. A
// stream that is not there is made too. Followers go on with the new stream by
// themselves; direct reads fail meanwhile.
//
// It is for streams that keep the newest message of a subject only, whose writer
// has everything that was in it at hand and lets nobody else write.
func (s *Store) Recreate(ctx context.Context, stream string, first uint64) error {
	d, ok := defOf(stream)
	if !ok || !d.newest || first == 0 {
		return fmt.Errorf("recreate stream %q from sequence %d: not one that may be made anew", stream, first)
	}
	err := s.js.DeleteStream(ctx, stream)
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("recreate stream %s: take the old one away: %w", stream, err)
	}
	conf := d.config(s.conf.Replicas)
	conf.FirstSeq = first
	if _, err := s.js.CreateStream(ctx, conf); err != nil {
		return fmt.Errorf("recreate stream %s: %w", stream, err)
	}
	return nil
}

// Held returns how many messages the server believes a stream to hold, and the
// last sequence. What cannot be read any more may be among them.
func (s *Store) Held(ctx context.Context, stream string) (messages, last uint64, err error) {
	st, err := s.js.Stream(ctx, stream)
	if err != nil {
		return 0, 0, fmt.Errorf("state of %s: %w", stream, err)
	}
	state := st.CachedInfo().State
	return state.Msgs, state.LastSeq, nil
}

// Alone reports whether no other process can write to the record: it is embedded,
// and the folder is ours.
func (s *Store) Alone() bool { return s.emb != nil }
