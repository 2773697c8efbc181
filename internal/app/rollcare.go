package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/roll"
)

// RollConfig says how the roll of subscribers is looked after.
type RollConfig struct {
	CheckEvery    Duration `toml:"check_every"`    // between two comparisons of the stream with the index
	SnapshotEvery Duration `toml:"snapshot_every"` // between two snapshots
	SnapshotKeep  int      `toml:"snapshot_keep"`
	SnapshotDir   string   `toml:"snapshot_dir"` // "" is roll/ in the data folder
}

func defaultRoll() RollConfig {
	return RollConfig{CheckEvery: Duration(time.Hour), SnapshotEvery: Duration(24 * time.Hour), SnapshotKeep: 7}
}

// check says what is wrong with the settings.
func (c *RollConfig) check(bad func(format string, a ...any)) {
	between := func(name string, d, lo, hi Duration) {
		if d < lo || d > hi {
			bad("roll.%s %s: want %s to %s", name, time.Duration(d), time.Duration(lo), time.Duration(hi))
		}
	}
	between("check_every", c.CheckEvery, Duration(time.Minute), Duration(24*time.Hour))
	between("snapshot_every", c.SnapshotEvery, Duration(10*time.Minute), Duration(7*24*time.Hour))
	if c.SnapshotKeep < 1 || c.SnapshotKeep > 100 {
		bad("roll.snapshot_keep %d: want 1 to 100", c.SnapshotKeep)
	}
	if c.SnapshotDir != "" && (!filepath.IsAbs(c.SnapshotDir) || filepath.Clean(c.SnapshotDir) == "/") {
		bad("roll.snapshot_dir %q: want a path that begins with /", c.SnapshotDir)
	}
}

func (c *Config) careFolder() string { return filepath.Join(c.Data, "roll") }

// openRoll opens the roll with its index.
func (a *App) openRoll(ctx context.Context) error {
	keys, err := a.prepareRoll(ctx)
	if err != nil {
		return err
	}
	if err := a.needRoll(ctx); err != nil {
		return err
	}
	return a.openShared(ctx, keys)
}

// prepareRoll opens the keys. A service that was opened quietly leaves it at that
// until somebody asks for the roll.
func (a *App) prepareRoll(ctx context.Context) (*roll.Keys, error) {
	keys, err := a.openKeys(ctx)
	if err != nil {
		return nil, err
	}
	a.keys = keys
	a.Roll = roll.New(a.Store, keys, a.Places, roll.Rules{Sample: a.opts.SampleAddresses})
	a.Clerk = newClerk(a, func(context.Context) (audience.Counts, error) { return a.Index, nil })
	return keys, nil
}

// needRoll builds the index and compares it, once. A rewrite that an earlier
// process began is finished and what the stream lost is brought back before
// anybody reads or changes the roll.
func (a *App) needRoll(ctx context.Context) error {
	a.needing.Lock()
	defer a.needing.Unlock()
	if a.Care != nil {
		return nil
	}
	care, err := a.newCare()
	if err != nil {
		return err
	}
	err = care.Open(ctx, func(ctx context.Context) (roll.Index, error) {
		a.Index = audience.NewMemory(a.keys, a.Places, a.log.With("part", "audience"))
		return a.Index, a.Index.Build(ctx, a.Store)
	})
	if err != nil {
		return err
	}
	a.Care = care
	a.life.onStop("roll's second copy", func(context.Context) error { return care.Close() })
	a.life.run("roll's care", care.Run)
	a.life.run("audience index", func(ctx context.Context) error { return a.Index.Run(ctx, a.Store) })
	return nil
}

func (a *App) newCare() (*roll.Care, error) {
	c := a.cfg.Roll
	return roll.NewCare(roll.CareConfig{
		Dir: a.cfg.careFolder(), Snapshots: c.SnapshotDir, Every: time.Duration(c.SnapshotEvery), Keep: c.SnapshotKeep, Check: time.Duration(c.CheckEvery),
		Ground: a.Store, Roll: a.Roll, Keys: a.keys, KeysPath: filepath.Join(a.cfg.Data, rollKeyFile), Alone: a.opts.AloneOnRecord,
		Record: func(ctx context.Context, f alert.Fact) error { return a.record(ctx, "system", "roll", f) },
		Known:  a.rollState, Named: a.namedByPlans, Renewed: a.renewShared, Quiet: a.untilQuiet,
		Registry: a.Registry, Log: a.log.With("part", "roll"),
	})
}

// renewShared tells Redis that the roll is another one.
func (a *App) renewShared(ctx context.Context) {
	if a.Shared == nil {
		return
	}
	if err := a.Shared.Renew(ctx, a.keys); err != nil {
		a.log.Warn("the audience index in Redis is of the roll before; it is looked at again in seconds", "err", err)
	}
}

func (a *App) rollState() (known alert.RollState) {
	a.Book.Read(func(st *alert.State) { known = st.RollState })
	return known
}

// namedByPlans is the highest ROLL sequence that a plan says its audience was
// taken at.
func (a *App) namedByPlans() (highest uint64) {
	a.Book.Read(func(st *alert.State) {
		for _, p := range st.Plans {
			highest = max(highest, p.Query.UpTo)
		}
	})
	return highest
}

// openKeys opens the keys that protect the roll. The journal remembers their
// fingerprint: other keys would make every subscriber a stranger, so a start
// with them is refused. While the roll is being rewritten two sets are right.
func (a *App) openKeys(ctx context.Context) (*roll.Keys, error) {
	path := filepath.Join(a.cfg.Data, rollKeyFile)
	known := a.rollState()
	open := roll.OpenKeys
	if known.Keys != "" {
		open = roll.LoadKeys // never make new keys for an old roll
	}
	keys, err := open(path)
	if known.Keys != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: without the keys nobody on the roll can be reached; put the file back from the safe (fingerprint %s): %w", path, known.Keys, err)
	}
	if err != nil {
		return nil, err
	}
	switch got := keys.Fingerprint(); {
	case known.Keys == "":
		err = a.record(ctx, "system", "roll", alert.KeySet{Fingerprint: got})
	case got != known.Keys && (known.KeysNext == "" || got != known.KeysNext):
		err = fmt.Errorf("%s holds other keys than the roll was written with (fingerprint %s, the journal says %s): put the right file back", path, got, known.Keys)
	}
	if err != nil {
		return nil, err
	}
	a.secrets, err = openSecrets(filepath.Join(a.cfg.Data, consoleKeyFile))
	return keys, err
}

// steady are the slices that workers take while Redis is used: from the index in
// memory while the roll is made anew, because half of it would look like all.
type steady struct {
	audience.Slices
	roll   *roll.Roll
	memory audience.Slices
}

func (s steady) pick() (audience.Slices, func()) {
	if release, ok := s.roll.Hold(); ok {
		return s.Slices, release
	}
	return s.memory, func() {}
}

// Slice implements [audience.Slices].
func (s steady) Slice(ctx context.Context, channel string, sl alert.Slice, q alert.Query) ([]audience.Member, error) {
	from, release := s.pick()
	defer release()
	return from.Slice(ctx, channel, sl, q)
}

// ByID implements [audience.Slices].
func (s steady) ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]audience.Member, error) {
	from, release := s.pick()
	defer release()
	return from.ByID(ctx, channel, ids)
}
