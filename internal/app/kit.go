package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mingluo/internal/keep"
	"mingluo/internal/roll"
)

// The key files, all in the data folder and in no backup.
const (
	rollKeyFile    = "keys.json"
	consoleKeyFile = "console.key"
	journalKeyFile = "journal.key" // signs the journal's head; a lost one is succeeded by a new one
)

// ReadKit reads the keys that the recovery sheet holds.
func ReadKit(dir string) (keep.Kit, error) {
	file, err := os.ReadFile(filepath.Join(dir, rollKeyFile))
	if err != nil {
		return keep.Kit{}, fmt.Errorf("read keys: %w", err)
	}
	packed, err := roll.PackKeys(file)
	if err != nil {
		return keep.Kit{}, fmt.Errorf("read keys in %s: %w", filepath.Join(dir, rollKeyFile), err)
	}
	s, err := readSecrets(filepath.Join(dir, consoleKeyFile))
	return keep.Kit{Roll: packed, Accounts: s.Accounts}, err
}

// PlaceKit makes the key files that a sheet stands for. It never writes over one
// that is there. Devices are marked anew: their key is not on the sheet.
func PlaceKit(dir string, k keep.Kit) error {
	file, err := roll.UnpackKeys(k.Roll)
	if err != nil {
		return fmt.Errorf("the sheet's keys: %w", err)
	}
	s, err := json.Marshal(newSecrets(k.Accounts))
	if err != nil {
		return err
	}
	return PlaceKeyFiles(dir, keep.Files{rollKeyFile: file, consoleKeyFile: s})
}

// ReadKeyFiles reads every key file that there is, for an export.
func ReadKeyFiles(dir string) (keep.Files, error) {
	if _, err := ReadKit(dir); err != nil {
		return nil, err
	}
	files := keep.Files{}
	for _, name := range []string{rollKeyFile, consoleKeyFile, journalKeyFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		files[name] = b
	}
	return files, nil
}

// PlaceKeyFiles puts key files into a data folder. All are looked at before the
// first is written, and none is written over another.
func PlaceKeyFiles(dir string, files keep.Files) error {
	if files[rollKeyFile] == nil || files[consoleKeyFile] == nil {
		return fmt.Errorf("place keys: want %s and %s at least", rollKeyFile, consoleKeyFile)
	}
	if _, err := parseSecrets(files[consoleKeyFile]); err != nil {
		return fmt.Errorf("place keys: %s: %w", consoleKeyFile, err)
	}
	if _, err := roll.PackKeys(files[rollKeyFile]); err != nil {
		return fmt.Errorf("place keys: %s: %w", rollKeyFile, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("place keys: %w", err)
	}
	for _, name := range []string{rollKeyFile, consoleKeyFile, journalKeyFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) && files[name] != nil {
			return fmt.Errorf("place keys: %s is there already; move it away first if it is the wrong one", filepath.Join(dir, name))
		}
	}
	for _, name := range []string{consoleKeyFile, journalKeyFile} {
		if b := files[name]; b != nil {
			if err := createSecret(filepath.Join(dir, name), b); err != nil {
				return fmt.Errorf("place keys: %w", err)
			}
		}
	}
	return roll.PlaceKeys(filepath.Join(dir, rollKeyFile), files[rollKeyFile])
}
