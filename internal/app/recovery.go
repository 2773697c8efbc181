package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/journal"
	"mingluo/internal/keep"
	"mingluo/internal/progress"
	"mingluo/internal/roll"
)

// Restored says what a restore brought back.
type Restored struct {
	Backup   keep.Manifest
	Officers int
	Paused   []alert.RevisionRef // fan-outs that wait for an officer
}

// Restore brings a backup back into an empty data folder in which the keys are
// already. Nothing is served before all of it holds: the file is whole, the keys
// are the ones that the backup was sealed with, every stream stands message by
// message as in the file, the journal's chain verifies and ends as the manifest
// says, and the officers' accounts open.
//
// Then every fan-out that may have been under way is paused. The backup does not
// know what was sent after it, so going on by itself would send old texts again.
func Restore(ctx context.Context, c Config, o Options, from string) (Restored, error) {
	b, err := keep.Open(from)
	if err != nil {
		return Restored{}, err
	}
	defer b.Close()
	out := Restored{Backup: b.Manifest}
	if err := checkTarget(c, b); err != nil {
		return out, err
	}
	if err := fillRecord(ctx, c, o, b); err != nil {
		return out, err
	}
	a, err := New(c, o)
	if err != nil {
		return out, err
	}
	a.restoring = true
	if err := a.StartQuietly(ctx); err != nil {
		return out, fmt.Errorf("restore: the restored record does not open: %w", err)
	}
	if err := a.settleRestore(ctx, b, &out); err != nil {
		return out, a.undo(fmt.Errorf("restore: %w", err))
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := a.Stop(stopping); err != nil {
		return out, err
	}
	return out, journal.EndRestore(c.Data)
}

// checkTarget refuses what would not end well before anything is written.
func checkTarget(c Config, b *keep.Backup) error {
	if b.Mode != c.Mode {
		return fmt.Errorf("restore: the backup is of a %s service, the configuration says mode = %q; what was one must not become the other", b.Mode, c.Mode)
	}
	entries, err := os.ReadDir(c.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	for _, e := range entries {
		if !slices.Contains([]string{rollKeyFile, consoleKeyFile, journalKeyFile, "lock", lostAndFound}, e.Name()) {
			return fmt.Errorf("restore: %w (there is %s)", &journal.NotEmptyError{Where: c.Data}, e.Name())
		}
	}
	keys, err := roll.LoadKeys(filepath.Join(c.Data, rollKeyFile))
	if err != nil {
		return fmt.Errorf("restore: the keys have to be there first (mingluo keys import, or mingluo keys restore from the sheet in the safe): %w", err)
	}
	if got := keys.Fingerprint(); got != b.Keys {
		return fmt.Errorf("restore: %s holds other keys (fingerprint %s) than the backup was made with (%s)", filepath.Join(c.Data, rollKeyFile), got, b.Keys)
	}
	if _, err := ReadKit(c.Data); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// fillRecord brings the streams back and compares them with the file.
func fillRecord(ctx context.Context, c Config, o Options, b *keep.Backup) error {
	conf := c.journal(o.Log)
	r, err := journal.OpenEmpty(ctx, conf)
	if err != nil {
		return err
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, s := range b.Streams {
		if err := r.Restore(ctx, s.Snapshot, b.Stream(s.Stream)); err != nil {
			return errors.Join(err, r.Close(closing))
		}
	}
	for _, s := range b.Streams {
		if err := r.Compare(ctx, s.Snapshot, b.Stream(s.Stream)); err != nil {
			return errors.Join(fmt.Errorf("restore: %w", err), r.Close(closing))
		}
	}
	return r.Finish(closing)
}

// settleRestore checks what only the open record can tell, and says in the
// journal what happened.
func (a *App) settleRestore(ctx context.Context, b *keep.Backup, out *Restored) error {
	if err := a.sameChain(ctx, b.Journal()); err != nil {
		return err
	}
	officers, err := a.Accounts.List(ctx)
	if err != nil {
		return fmt.Errorf("open the accounts with %s: %w", consoleKeyFile, err)
	}
	out.Officers = len(officers)
	if out.Paused, err = a.pauseAll(ctx, b); err != nil {
		return err
	}
	return a.backups.made(BackupStatus{Made: b.Made, Path: b.Path, Bytes: b.Size, Last: b.Journal().Last})
}

// sameChain checks that the journal, whose chain the book has verified, holds the
// backup's last event. It may go on from there: a mirror on another machine can
// have what was done after the backup.
func (a *App) sameChain(ctx context.Context, want keep.Stream) error {
	if want.Last == 0 {
		return nil
	}
	var hash string
	_, err := a.Store.Scan(ctx, alert.StreamJournal, "", want.Last, func(r alert.Record) error {
		if r.Seq == want.Last {
			hash = alert.HashEvent(r.Data)
		}
		return nil
	})
	if err == nil && hash != want.Head {
		err = fmt.Errorf("event %d is %s, in the backup it is %s", want.Last, hash, want.Head)
	}
	return err
}

// pauseAll records the restore and pauses every fan-out that is not surely done.
// The folder cannot be opened by the service before this has ended.
func (a *App) pauseAll(ctx context.Context, b *keep.Backup) (paused []alert.RevisionRef, err error) {
	tracker := progress.NewTracker(a.Book, func(channel string) progress.Route { return progress.Route{Name: channel} })
	if _, err := tracker.Load(ctx, a.Store); err != nil {
		return nil, err
	}
	done := func(p *alert.Plan) bool {
		return !slices.ContainsFunc(desk.PlanTasks(p), func(t alert.Task) bool { return !tracker.Closed(t) })
	}
	fact := alert.BackupRestored{Made: b.Made, Host: b.Host, Last: b.Journal().Last, Head: b.Journal().Head}
	if err := a.record(ctx, "system", "restore-"+b.Made.UTC().Format("20060102-150405"), fact); err != nil {
		return nil, err
	}
	reason := fmt.Sprintf("%s（%s 的备份）：备份以后可能已经发过，请核对后再继续。", alert.RestoredPause, alert.ShowTime(b.Made))
	for {
		some, err := a.pauseSome(ctx, reason, done)
		paused = append(paused, some...)
		if err != nil || len(some) == 0 {
			return paused, err
		}
	}
}

// pauseSome pauses up to as many as one append takes.
func (a *App) pauseSome(ctx context.Context, reason string, done func(*alert.Plan) bool) (paused []alert.RevisionRef, err error) {
	const most = 500
	_, err = a.Book.Do(ctx, func(st *alert.State) (events []alert.Event, err error) {
		now := time.Now()
		paused = st.Unfinished(now, done)
		paused = paused[:min(most, len(paused))]
		for _, r := range paused {
			e, err := alert.NewEvent(now, "system", r.Mode, r.Notice, alert.Paused{Rev: r.Rev, Reason: reason})
			if err != nil {
				return nil, err
			}
			events = append(events, e)
		}
		return events, nil
	})
	return paused, err
}
