package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// lifecycle remembers what was opened, to close it in reverse. What opens
// registers its close at once, so a start that fails half-way leaves nothing.
type lifecycle struct {
	log    *slog.Logger
	mu     sync.Mutex
	closes []namedClose
	failed chan error
}

type namedClose struct {
	name  string
	close func(ctx context.Context) error
}

func newLifecycle(log *slog.Logger) *lifecycle {
	return &lifecycle{log: log, failed: make(chan error, 1)}
}

// onStop registers a close.
func (l *lifecycle) onStop(name string, close func(ctx context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closes = append(l.closes, namedClose{name, close})
}

// run starts a loop that works until its context ends, and registers its end.
// A loop that ends by itself with an error fails the whole process: a service
// with one part missing is worse than one that is started again.
func (l *lifecycle) run(name string, loop func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := loop(ctx)
		if err != nil && ctx.Err() == nil {
			l.fail(fmt.Errorf("%s: %w", name, err))
		}
		done <- err
	}()
	l.onStop(name, func(stopping context.Context) error {
		cancel()
		select {
		case err := <-done:
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case <-stopping.Done():
			return fmt.Errorf("did not stop in time: %w", stopping.Err())
		}
	})
}

func (l *lifecycle) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// stop closes everything in reverse; a second call finds nothing to do.
func (l *lifecycle) stop(ctx context.Context) error {
	l.mu.Lock()
	closes := l.closes
	l.closes = nil
	l.mu.Unlock()
	var errs []error
	for _, c := range slices.Backward(closes) {
		began := time.Now()
		err := c.close(ctx)
		l.log.Debug("stopped", "part", c.name, "took", time.Since(began), "err", err)
		if err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", c.name, err))
		}
	}
	return errors.Join(errs...)
}
