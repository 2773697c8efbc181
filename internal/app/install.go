package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Installation is what mingluo init is told.
type Installation struct {
	Config   string         // path of the configuration, which must not exist
	Settings map[string]any // by dotted name; the rest keeps its default
	Admin    alert.Officer
	UID, GID int // who runs the service; -1 is whoever runs this
}

// Installed is what it made.
type Installed struct {
	Config   Config
	Password string // the first administrator's, for one sign-in
	Sheet    Sheet
}

// Install makes a new installation: the configuration, the keys, an empty record
// with the first administrator in it. It never touches one that is there, and
// when something fails it takes away what it had made.
func Install(ctx context.Context, in Installation, o Options) (out Installed, err error) {
	text, err := ConfigText(in.Settings)
	if err != nil {
		return out, err
	}
	if out.Config, err = Parse([]byte(text)); err != nil {
		return out, err
	}
	made := &madeFiles{}
	defer func() {
		if err != nil {
			err = errors.Join(err, made.takeAway())
		}
	}()
	if err := made.folder(out.Config.Data); err != nil {
		return out, err
	}
	if err := made.config(in.Config, text); err != nil {
		return out, err
	}
	if out.Password, err = firstOfficer(ctx, out.Config, o, in.Admin); err != nil {
		return out, err
	}
	host, err := os.Hostname()
	if err != nil {
		return out, err
	}
	if out.Sheet, err = NewSheet(out.Config, host, time.Now()); err != nil {
		return out, err
	}
	if dir := out.Config.Backup.Dir; dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return out, fmt.Errorf("make the folder for backups: %w", err)
		}
		if err := giveTree(dir, in.UID, in.GID); err != nil {
			return out, err
		}
	}
	if err := giveTree(out.Config.Data, in.UID, in.GID); err != nil {
		return out, err
	}
	return out, give(in.Config, -1, in.GID)
}

// firstOfficer makes the keys, the record and the first account.
func firstOfficer(ctx context.Context, c Config, o Options, admin alert.Officer) (password string, err error) {
	a, err := New(c, o)
	if err != nil {
		return "", err
	}
	if err := a.StartQuietly(ctx); err != nil {
		return "", err
	}
	password, err = a.Accounts.Invite(ctx, admin)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return password, errors.Join(err, a.Stop(stopping))
}

// madeFiles remembers what an installation made, to take it away when it fails.
type madeFiles struct {
	paths  []string
	filled string // a folder that was there, empty
}

func (m *madeFiles) takeAway() error {
	var errs []error
	for _, path := range slices.Backward(m.paths) {
		errs = append(errs, os.RemoveAll(path))
	}
	if m.filled == "" {
		return errors.Join(errs...)
	}
	entries, err := os.ReadDir(m.filled)
	for _, e := range entries {
		if e.Name() != lostAndFound {
			errs = append(errs, os.RemoveAll(filepath.Join(m.filled, e.Name())))
		}
	}
	return errors.Join(append(errs, err)...)
}

// folder makes the data folder; one that holds something is not ours to use.
func (m *madeFiles) folder(dir string) error {
	if why := Occupied(dir); why != nil {
		return why
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		m.paths = append(m.paths, dir)
	} else {
		m.filled = dir
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	return os.Chmod(dir, 0o700)
}

// lostAndFound is what an empty file system of its own holds.
const lostAndFound = "lost+found"

// Occupied says that a data folder is not empty.
func Occupied(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look into the data folder: %w", err)
	}
	for _, e := range entries {
		if e.Name() != lostAndFound {
			return fmt.Errorf("%s is not empty (there is %s): an installation is never made over another", dir, e.Name())
		}
	}
	return nil
}

func (m *madeFiles) config(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: an installation is never made over another", path)
	}
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	m.paths = append(m.paths, path)
	_, err = f.WriteString(text)
	return errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close(), syncPath(filepath.Dir(path)))
}

func give(path string, uid, gid int) error {
	if uid < 0 && gid < 0 {
		return nil
	}
	if err := os.Lchown(path, uid, gid); err != nil {
		return fmt.Errorf("give %s to the service's user: %w", path, err)
	}
	return nil
}

func giveTree(dir string, uid, gid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return give(path, uid, gid)
	})
}

// SettingProblem says what is wrong with one of the settings given so far; ""
// when nothing is. What the others still lack is not its fault.
func SettingProblem(given map[string]any, name string) string {
	_, err := ConfigText(given)
	if err == nil {
		return ""
	}
	for line := range strings.Lines(err.Error()) {
		if rest, ok := strings.CutPrefix(line, name); ok && strings.IndexAny(rest, " :") == 0 {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
