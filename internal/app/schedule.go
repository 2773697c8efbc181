package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// retryBackup is how soon a backup that failed is tried again.
const retryBackup = 15 * time.Minute

// openBackups shows the newest backup's age and makes new ones on the schedule.
func (a *App) openBackups(context.Context) error {
	meters, err := newBackupMeters(a.Registry)
	if err != nil {
		return err
	}
	a.backups.meters = meters
	if err := a.backups.load(); err != nil {
		return err
	}
	if a.cfg.Backup.Dir != "" {
		a.life.run("backups", a.backUpOnSchedule)
	}
	return nil
}

// backUpOnSchedule makes a backup whenever the newest is older than it should be.
func (a *App) backUpOnSchedule(ctx context.Context) error {
	log := a.log.With("part", "backup")
	for {
		newest, _, failed := a.backups.status()
		next := time.Until(newest.Made.Add(time.Duration(a.cfg.Backup.Every)))
		if failed != nil {
			next = max(next, retryBackup)
		}
		if !waitFor(ctx, next) {
			return nil
		}
		s, err := a.scheduledBackup(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			log.Error("the backup failed", "err", err, "again in", retryBackup)
			a.backups.failure(err)
			continue
		}
		log.Info("a backup was made", "path", s.Path, "bytes", s.Bytes, "last event", s.Last)
	}
}

func waitFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (b *backups) failure(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = err
	b.meters.failures.Inc()
}

func (a *App) scheduledBackup(ctx context.Context) (BackupStatus, error) {
	dir := a.cfg.Backup.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return BackupStatus{}, err
	}
	s, err := SaveBackup(dir, time.Now(), func(w io.Writer) error { _, err := a.Backup(ctx, w); return err })
	if err != nil {
		return s, err
	}
	if err := a.backups.made(s); err != nil {
		return s, err
	}
	return s, dropOld(dir, a.cfg.Backup.Keep)
}

// dropOld removes the oldest backups beyond keep, and what a crash left of one.
func dropOld(dir string, keep int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("drop old backups: %w", err)
	}
	var names []string
	var errs []error
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, "mingluo-backup-") && strings.HasSuffix(name, "Z.tar") {
			names = append(names, name)
		}
		if strings.HasPrefix(name, ".mingluo-backup-") && strings.HasSuffix(name, ".part") {
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour { // a younger one may be being written
				errs = append(errs, os.Remove(filepath.Join(dir, name)))
			}
		}
	}
	slices.Sort(names)
	for _, name := range names[:max(0, len(names)-keep)] {
		errs = append(errs, os.Remove(filepath.Join(dir, name)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("drop old backups: %w", err)
	}
	return nil
}

// backupMeters are what a monitoring system sees of the backups.
type backupMeters struct {
	newest   prometheus.Gauge
	bytes    prometheus.Gauge
	failures prometheus.Counter
}

func newBackupMeters(r *prometheus.Registry) (*backupMeters, error) {
	m := &backupMeters{
		newest:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "mingluo_backup_newest_timestamp_seconds", Help: "When the newest backup that was read back whole was made; 0 when there is none."}),
		bytes:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "mingluo_backup_newest_bytes", Help: "Its size."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "mingluo_backup_failures_total", Help: "Scheduled backups that failed."}),
	}
	for _, c := range []prometheus.Collector{m.newest, m.bytes, m.failures} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *backupMeters) made(s BackupStatus) {
	if m == nil || s.Made.IsZero() { // nil: opened quietly, nobody looks
		return
	}
	m.newest.Set(float64(s.Made.Unix()))
	m.bytes.Set(float64(s.Bytes))
}
