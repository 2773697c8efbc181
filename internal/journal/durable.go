package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeWhole puts a small file in place that is either whole or not there, also
// after a power cut: written beside, synced, renamed, and the folder synced.
func writeWhole(path string, b []byte) error {
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.abandon())
	}
	return f.place()
}

// makeFolder makes a folder in one that is there: the folder of a disk that is not
// mounted is not made up.
func makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// besideFile is a file that is being written under another name.
type besideFile struct {
	*os.File
	path string
}

func createBeside(path string) (*besideFile, error) {
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &besideFile{f, path}, nil
}

// place syncs the file and gives it its name.
func (f *besideFile) place() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.path))
}

func (f *besideFile) abandon() error { return errors.Join(f.Close(), os.Remove(f.Name())) }

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}
