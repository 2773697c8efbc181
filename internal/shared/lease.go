package shared

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

var (
	// ErrHeld: somebody else holds the lease.
	ErrHeld = errors.New("somebody else holds the lease")
	// ErrLost: the lease ran out or was taken by somebody else.
	ErrLost = errors.New("the lease was lost")
)

// Leases gives each name to one holder at a time; [*Redis] and [*Memory] do.
type Leases interface {
	// Acquire takes the lease for ttl, or returns [ErrHeld].
	Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error)
}

// Lease is a name held for a while.
//
// It keeps two machines from doing the same work; it does not make what they do
// safe. A holder that was frozen does not know yet that its time is over. What
// must not happen twice is guarded where it happens: an expected sequence in the
// record, a compared bucket, or [Lease.Token] where one is checked.
type Lease struct {
	name  string
	owner string
	token uint64
	ttl   time.Duration
	keep  keeper

	mu    sync.Mutex
	until time.Time // by the monotonic clock
}

// keeper is where a lease is kept. Both answer ErrLost when owner has it no more.
type keeper interface {
	renewLease(ctx context.Context, name, owner string, ttl time.Duration) error
	releaseLease(ctx context.Context, name, owner string) error
}

// drift is the part of a lease's time that its holder does not use, because the
// two clocks may not run alike.
const drift = 10 // per cent

func newOwner() string { return rand.Text() }

func newLease(keep keeper, name, owner string, token uint64, ttl time.Duration, asked time.Time) *Lease {
	return &Lease{name: name, owner: owner, token: token, ttl: ttl, keep: keep, until: leaseEnd(asked, ttl)}
}

func leaseEnd(asked time.Time, ttl time.Duration) time.Time {
	return asked.Add(ttl - ttl*drift/100)
}

// Token is greater than that of every earlier holder of the name, also after
// Redis has forgotten everything, as long as clocks agree to the second.
func (l *Lease) Token() uint64 { return l.token }

// Valid reports whether the lease is surely ours at this moment.
func (l *Lease) Valid() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.until)
}

// Renew takes the lease for another ttl from now. [ErrLost] is final; after
// another error the lease may still be ours until its time is over.
func (l *Lease) Renew(ctx context.Context) error {
	asked := time.Now()
	if err := l.keep.renewLease(ctx, l.name, l.owner, l.ttl); err != nil {
		return fmt.Errorf("renew lease %s: %w", l.name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = leaseEnd(asked, l.ttl)
	return nil
}

// Release gives the name to whoever asks next. Giving back what was lost is no
// error.
func (l *Lease) Release(ctx context.Context) error {
	l.mu.Lock()
	l.until = time.Time{}
	l.mu.Unlock()
	err := l.keep.releaseLease(ctx, l.name, l.owner)
	if err == nil || errors.Is(err, ErrLost) {
		return nil
	}
	return fmt.Errorf("release lease %s: %w", l.name, err)
}

func (l *Lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// Hold waits for the lease and runs fn under it, once. The context that fn gets
// ends when the lease cannot be kept; then the error holds [ErrLost]. The lease
// is renewed meanwhile and given back afterwards.
func Hold(ctx context.Context, ls Leases, name string, ttl time.Duration, fn func(ctx context.Context, token uint64) error) error {
	l, err := await(ctx, ls, name, ttl)
	if err != nil {
		return err
	}
	held, lose := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { l.keepUp(held, lose) })
	err = fn(held, l.Token())
	if cause := context.Cause(held); errors.Is(cause, ErrLost) {
		err = errors.Join(cause, err)
	}
	lose(nil)
	renewing.Wait()
	giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if l.Release(giving) != nil {
		return err // it runs out by itself
	}
	return err
}

// await asks for the lease until it is free.
func await(ctx context.Context, ls Leases, name string, ttl time.Duration) (*Lease, error) {
	for {
		l, err := ls.Acquire(ctx, name, ttl)
		if err == nil || !errors.Is(err, ErrHeld) {
			return l, err
		}
		select {
		case <-time.After(ttl / 3):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// keepUp renews the lease until ctx ends, and says when it is lost.
func (l *Lease) keepUp(ctx context.Context, lose context.CancelCauseFunc) {
	for {
		wait := l.ttl / 3
		if left := l.left(); left < wait {
			wait = max(left, 0)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		bound, cancel := context.WithTimeout(ctx, l.ttl/3)
		err := l.Renew(bound)
		cancel()
		if errors.Is(err, ErrLost) || err != nil && !l.Valid() {
			lose(fmt.Errorf("lease %s: %w", l.name, ErrLost))
			return
		}
	}
}
