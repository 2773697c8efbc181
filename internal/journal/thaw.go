package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
)

// A disk that runs full under JetStream freezes the stream at the first write
// that it refuses: nats-server 2.15 gives the publisher no answer and takes
// nothing more, also when there is room again, until it is started anew. The
// floors of health.go make that rare, not impossible: somebody else's file can
// take the last gigabyte between two looks. So a freeze is noticed at once, who
// waits for an answer is told that there is none, what comes later is refused,
// reading goes on, and when there is room the server is started anew, within the
// process and without a person.
//
// Only a full disk is thawed. After any other error of the disk what it says
// cannot be trusted, so the record stays frozen and red until a person has looked.

const (
	// thawLook is how often the server is asked and the disk looked at.
	thawLook = 500 * time.Millisecond
	// thawRoom is what must be free before the server is started anew: it writes
	// its indexes at both ends, and must not meet a full disk again.
	thawRoom = 2 * floorJournal
	// thawLimit bounds stopping, and reconnecting.
	thawLimit = 30 * time.Second
	// iceGrace is how much longer an answer is waited for after a freeze: another
	// stream may have frozen, and the answer be on its way.
	iceGrace = 300 * time.Millisecond
)

// ice is whether the embedded server takes writes.
type ice struct {
	mu   sync.Mutex
	why  error // nil while it does
	life context.Context
	end  context.CancelFunc
	room time.Time // since when the disk has had room again; zero when it has none
}

// err returns why nothing is written at present.
func (i *ice) err() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.why
}

// current returns a context that ends when answers are not to be waited for any
// longer.
func (i *ice) current() context.Context {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.life == nil {
		i.life, i.end = context.WithCancel(context.Background())
	}
	return i.life
}

// freeze notes the first reason. It returns false when there was one.
func (i *ice) freeze(why error) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.why != nil {
		return false
	}
	i.why = why
	if i.end != nil {
		time.AfterFunc(iceGrace, i.end)
	}
	return true
}

func (i *ice) thaw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.why, i.life, i.end, i.room = nil, nil, nil, time.Time{}
}

func (i *ice) noRoom() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.room = time.Time{}
}

// roomLasts reports whether there has been room for a while. A file that grows may
// let go for an instant, and a start that meets the full disk again loses what it
// was to complete.
func (i *ice) roomLasts(now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.room.IsZero() {
		i.room = now
	}
	return now.Sub(i.room) >= thawLook*3/4
}

// refusedWrite returns the first write that the disk refused since the server
// started, as the server's log or its health tells it. Nil when there is none.
func (e *embedded) refusedWrite() error {
	line := e.log.refusedWrite()
	if line == "" {
		for _, h := range e.server().Healthz(&server.HealthzOptions{Details: true}).Errors {
			if strings.Contains(h.Error, "write error") {
				line = h.Error
			}
		}
	}
	if line == "" {
		return nil
	}
	if strings.Contains(line, "no space left") {
		return fmt.Errorf("%w, and the server takes no writes until it is started anew: %s", alert.ErrFull, line)
	}
	return fmt.Errorf("the disk refused a write, and nothing is written until a person has looked at it: %s", line)
}

// watchIce notices a freeze and thaws it, until the store closes.
func (s *Store) watchIce() {
	tick := time.NewTicker(thawLook)
	defer tick.Stop()
	for {
		select {
		case <-s.root.Done():
			return
		case <-s.emb.log.trouble:
		case <-tick.C:
		}
		if err := s.lookAtIce(s.root); err != nil && s.root.Err() == nil {
			s.log.Error("the record's server could not be started anew; it is tried again", "err", err)
		}
	}
}

// lookAtIce is one look. It returns an error when a thaw did not succeed.
func (s *Store) lookAtIce(ctx context.Context) error {
	why := s.ice.err()
	if why == nil {
		if why = s.emb.refusedWrite(); why == nil {
			return nil
		}
		s.ice.freeze(why)
		s.log.Error("the record takes no writes", "err", why)
	}
	if !errors.Is(why, alert.ErrFull) {
		return nil
	}
	if free, err := s.Free(); err != nil || free < thawRoom {
		s.ice.noRoom()
		return err
	}
	if !s.ice.roomLasts(time.Now()) {
		return nil
	}
	began := time.Now()
	if err := s.startAnew(ctx); err != nil {
		return err
	}
	s.ice.thaw()
	s.log.Warn("there is room on the disk again: the record's server was started anew and takes writes", "took", time.Since(began))
	return nil
}

// startAnew stops the server, starts it on the same folder, and waits until the
// connection has found it and every stream is back.
func (s *Store) startAnew(ctx context.Context) error {
	bound, cancel := context.WithTimeout(ctx, thawLimit)
	defer cancel()
	if err := s.emb.stop(bound); err != nil {
		return err
	}
	if err := s.emb.start(ctx); err != nil {
		return err
	}
	bound, cancel = context.WithTimeout(ctx, thawLimit)
	defer cancel()
	for !s.nc.IsConnected() {
		if err := pause(bound, 10*time.Millisecond); err != nil {
			return fmt.Errorf("reconnect to embedded nats: %w", err)
		}
	}
	for _, d := range streamTable() {
		if _, err := s.js.Stream(bound, d.name); err != nil {
			return fmt.Errorf("stream %s after the start: %w", d.name, err)
		}
	}
	return s.tellTorn(bound)
}

// trust begins to read what was written. What it returns says whether the disk has
// held since: then what was read is on it.
func (s *Store) trust() (held func() bool) {
	if s.emb == nil {
		return func() bool { return true }
	}
	life := s.ice.current()
	return func() bool {
		return s.ice.err() == nil && s.ice.current() == life && s.emb.refusedWrite() == nil
	}
}
