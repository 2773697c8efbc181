package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"mingluo/internal/journal"
)

// JournalConfig says which copies of the journal are kept beside the stream.
type JournalConfig struct {
	Heads   []string `toml:"heads"`   // further files for the signed head
	Mirrors []string `toml:"mirrors"` // further folders for the mirror
	Scrub   Duration `toml:"scrub"`   // between two comparisons of all copies
}

const (
	defaultScrub  = Duration(time.Hour)
	shortestScrub = Duration(time.Minute) // one reads the whole journal from the disk
	longestScrub  = Duration(24 * time.Hour)
)

// check says what is wrong with the settings.
func (c *JournalConfig) check(bad func(format string, a ...any)) {
	if c.Scrub < shortestScrub || c.Scrub > longestScrub {
		bad("journal.scrub %s: want %s to %s", time.Duration(c.Scrub), time.Duration(shortestScrub), time.Duration(longestScrub))
	}
	for name, paths := range map[string][]string{"journal.heads": c.Heads, "journal.mirrors": c.Mirrors} {
		seen := map[string]bool{}
		for _, p := range paths {
			if !filepath.IsAbs(p) || filepath.Clean(p) == "/" {
				bad("%s %q: want a path that begins with /", name, p)
			}
			if seen[filepath.Clean(p)] {
				bad("%s %q: it stands there twice", name, p)
			}
			seen[filepath.Clean(p)] = true
		}
		if len(paths) > 8 {
			bad("%s: %d of them, at most 8", name, len(paths))
		}
	}
}

// GuardConfig is what the configuration says about the journal's copies.
func (c *Config) GuardConfig() journal.GuardConfig {
	return journal.GuardConfig{Mode: c.Mode, Heads: c.Journal.Heads, Mirrors: c.Journal.Mirrors, Scrub: time.Duration(c.Journal.Scrub)}
}

// openJournal compares the journal with its copies, heals what is damaged, and
// opens it; then it is watched until the end.
func (a *App) openJournal(ctx context.Context) (err error) {
	conf := a.cfg.GuardConfig()
	conf.Registry, conf.Log = a.Registry, a.log.With("part", "journal")
	if a.Guard, err = a.Store.OpenGuarded(ctx, conf); err != nil {
		return err
	}
	a.Book = a.Guard.Book()
	a.life.onStop("journal", func(context.Context) error { return a.Book.Close() })
	a.life.run("journal's guard", a.Guard.Run)
	return nil
}

// journalReady is red while the journal is not served, or damaged and not healed.
func (a *App) journalReady(context.Context) error {
	return errors.Join(a.Book.Err(), a.Guard.Err())
}

// OpenStore opens the record of a stopped service for a command: wherever it lies,
// and without a port.
func (c Config) OpenStore(ctx context.Context, log *slog.Logger) (*journal.Store, error) {
	conf := c.journal(log)
	conf.AllowUnsafeStore, conf.Listen = true, ""
	return journal.Open(ctx, conf)
}
