package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
)

// The last of the disk is kept for what matters most: below the first floor bulk
// is refused (outcomes, the roll), below the second the journal too, while there
// is still room for the server to close its files. A disk that runs full under
// JetStream freezes the stream (thaw.go).
const (
	floorBulk    = 512 << 20
	floorJournal = 64 << 20
)

// Free returns the bytes that may still be written in the data folder.
func (s *Store) Free() (uint64, error) {
	g, err := examine(s.conf.Dir)
	if err != nil {
		return 0, fmt.Errorf("free space of %s: %w", s.conf.Dir, err)
	}
	return g.free, nil
}

// room refuses a write with [alert.ErrFull] while the disk is nearly full or has
// refused a write before. Nothing was sent then, so nothing is written. With an
// external NATS its own limits decide.
func (s *Store) room(stream string) error {
	if s.emb == nil {
		return nil
	}
	if err := s.ice.err(); err != nil {
		return err
	}
	free, err := s.Free()
	if err != nil {
		return err
	}
	floor := uint64(floorBulk)
	if stream == alert.StreamJournal {
		floor = floorJournal
	}
	if free < floor {
		return fmt.Errorf("%w: %d MiB are free, below the %d MiB kept back", alert.ErrFull, free>>20, floor>>20)
	}
	return nil
}

func (s *Store) roomFor(subject string) error {
	stream, err := streamOf(subject)
	if err != nil {
		return err
	}
	return s.room(stream)
}

// Health returns nil when the record can be read and written: connected, the
// server and its streams well, room on the disk.
func (s *Store) Health(ctx context.Context) error {
	if s.root.Err() != nil {
		return errors.New("the record is closed")
	}
	if err := s.ice.err(); err != nil {
		return err
	}
	if !s.nc.IsConnected() {
		return errors.New("the record's connection is lost")
	}
	if s.monitors != nil {
		if err := s.monitors.found(); err != nil {
			return fmt.Errorf("the record's servers: %w", err)
		}
	}
	if s.emb != nil {
		if h := s.emb.server().Healthz(&server.HealthzOptions{}); h.Error != "" {
			return fmt.Errorf("the record's server: %s", h.Error)
		}
	}
	st, err := s.js.Stream(ctx, alert.StreamJournal)
	if err != nil {
		return fmt.Errorf("the journal cannot be reached: %w", err)
	}
	if lost := st.CachedInfo().State.Lost; lost != nil && len(lost.Msgs) > 0 {
		return fmt.Errorf("the journal's store has lost %d messages", len(lost.Msgs))
	}
	return s.room(alert.StreamOutcomes)
}
