package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pelletier/go-toml/v2"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
	"mingluo/internal/keep"
)

// BackupConfig says where backups go by themselves.
type BackupConfig struct {
	Dir   string   `toml:"dir"`   // "" makes none
	Every Duration `toml:"every"` // from one to the next
	Keep  int      `toml:"keep"`  // how many are kept
}

// staleBackup is the age at which the newest backup is shown red: a daily one
// that came late is not, one that did not come is.
const staleBackup = 26 * time.Hour

// BackupStatus is the newest backup that was seen whole.
type BackupStatus struct {
	Made  time.Time `json:"made"`
	Path  string    `json:"path"`
	Bytes int64     `json:"bytes"`
	Last  uint64    `json:"last"` // its last event
}

// backups makes the copies of the record.
type backups struct {
	one  sync.Mutex // a backup reads everything: one at a time
	path string     // where the status is kept

	mu     sync.Mutex
	newest BackupStatus
	failed error // of the last try of the schedule
	meters *backupMeters
}

func newBackups(dir string) *backups { return &backups{path: filepath.Join(dir, "backup.json")} }

// status returns the newest backup; false when there never was one.
func (b *backups) status() (BackupStatus, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.newest, !b.newest.Made.IsZero(), b.failed
}

// load reads the status of earlier runs.
func (b *backups) load() error {
	text, err := os.ReadFile(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the last backup's date: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := json.Unmarshal(text, &b.newest); err != nil {
		return fmt.Errorf("read the last backup's date in %s: %w", b.path, err)
	}
	b.meters.made(b.newest)
	return nil
}

// made notes a backup that was written and read back whole.
func (b *backups) made(s BackupStatus) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Made.Before(b.newest.Made) {
		return nil
	}
	b.newest, b.failed = s, nil
	b.meters.made(s)
	text, err := json.Marshal(s)
	if err == nil {
		err = writeWhole(b.path, text)
	}
	if err != nil {
		return fmt.Errorf("keep the backup's date: %w", err)
	}
	return nil
}

// writeWhole replaces a file whole or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

var errBackupBusy = errors.New("another backup is being made")

// Backup writes a copy of everything but the keys, while the service works. What
// is acknowledged before it began is in it.
func (a *App) Backup(ctx context.Context, w io.Writer) (keep.Manifest, error) {
	if !a.backups.one.TryLock() {
		return keep.Manifest{}, errBackupBusy
	}
	defer a.backups.one.Unlock()
	if a.Roll != nil { // opened quietly there is none, and nobody writes it anew
		release, held := a.Roll.Hold()
		if !held {
			return keep.Manifest{}, errors.New("backup: the roll is being written anew: try again in a minute")
		}
		defer release()
	}
	m := a.manifest()
	out, err := keep.NewWriter(w, m)
	if err != nil {
		return m, err
	}
	conf, err := publicConfig(a.cfg)
	if err != nil {
		return m, err
	}
	if err := out.File("mingluo.toml", conf); err != nil {
		return m, err
	}
	for _, name := range journal.SnapshotStreams() {
		if err := out.Stream(name, func(w io.Writer) (journal.Snapshot, error) { return a.Store.Snapshot(ctx, name, w) }); err != nil {
			return m, err
		}
	}
	if now := a.keysInUse(); now != m.Keys {
		return m, errors.New("backup: the roll's keys changed while it was made; make another")
	}
	return out.Finish()
}

func (a *App) manifest() keep.Manifest {
	m := keep.Manifest{Made: time.Now().UTC(), Mode: a.cfg.Mode, Version: Version(), Keys: a.keysInUse()}
	if host, err := os.Hostname(); err == nil {
		m.Host = host
	}
	if kit, err := ReadKit(a.cfg.Data); err == nil { // without it the backup is made all the same: the record matters more
		m.Kit = kit.Fingerprint()
	}
	return m
}

func (a *App) keysInUse() (fingerprint string) {
	a.Book.Read(func(st *alert.State) { fingerprint = st.Keys })
	return fingerprint
}

// Version is the program's, from the source it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}

// publicConfig is the configuration without its secrets; they are left empty.
func publicConfig(c Config) ([]byte, error) {
	c.SMS.Password, c.WeChat.AppSecret, c.WeChat.Token, c.WeChat.EncodingAESKey = "", "", "", ""
	c.NATS.URL = withoutPasswords(c.NATS.URL)
	c.Redis.URLs = slices.Clone(c.Redis.URLs)
	for i, u := range c.Redis.URLs {
		c.Redis.URLs[i] = withoutPasswords(u)
	}
	b, err := toml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return append([]byte("# The configuration at the time of the backup. Passwords and secrets are left out: fill them in.\n"), b...), nil
}

// withoutPasswords takes "user:password@" out of addresses.
func withoutPasswords(urls string) string {
	all := strings.Split(urls, ",")
	for i, u := range all {
		scheme, rest, ok := strings.Cut(u, "://")
		if at := strings.LastIndex(rest, "@"); ok && at >= 0 {
			all[i] = scheme + "://" + rest[at+1:]
		}
	}
	return strings.Join(all, ",")
}

// backupName is a backup's file name; names sort by age.
func backupName(at time.Time) string {
	return "mingluo-backup-" + at.UTC().Format("20060102-150405") + "Z.tar"
}

// SaveBackup writes a backup with write, reads it back, and only then gives it
// its name: a file that bears it is whole. to is a file, or a folder in which a
// name is made.
func SaveBackup(to string, now time.Time, write func(w io.Writer) error) (BackupStatus, error) {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, backupName(now))
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return BackupStatus{}, fmt.Errorf("save backup: %s is there already", to)
	}
	f, err := os.CreateTemp(filepath.Dir(to), ".mingluo-backup-*.part") // mode 0600
	if err != nil {
		return BackupStatus{}, fmt.Errorf("save backup: %w", err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return BackupStatus{}, fmt.Errorf("save backup: %w", err)
	}
	s, err := readStatus(f.Name())
	if err != nil {
		return s, fmt.Errorf("save backup: what was written does not come back: %w", err)
	}
	if s.Path, err = filepath.Abs(to); err != nil {
		return s, fmt.Errorf("save backup: %w", err)
	}
	if err := errors.Join(os.Rename(f.Name(), to), syncPath(filepath.Dir(to))); err != nil {
		return s, fmt.Errorf("save backup: %w", err)
	}
	return s, nil
}

func readStatus(path string) (BackupStatus, error) {
	b, err := keep.Open(path)
	if err != nil {
		return BackupStatus{}, err
	}
	return BackupStatus{Made: b.Made, Bytes: b.Size, Last: b.Journal().Last}, b.Close()
}
