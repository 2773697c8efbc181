package app

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secrets are the console's own keys, made at the first start and kept apart
// from the record they protect.
type secrets struct {
	Accounts []byte `json:"accounts"` // 32 bytes: seals accounts in the record
	Marks    []byte `json:"marks"`    // 32 bytes: device marks
}

// newSecrets makes keys around an accounts' key; nil makes a new one too.
func newSecrets(accounts []byte) secrets {
	s := secrets{Accounts: accounts, Marks: make([]byte, 32)}
	if s.Accounts == nil {
		s.Accounts = make([]byte, 32)
		rand.Read(s.Accounts)
	}
	rand.Read(s.Marks)
	return s
}

// openSecrets reads the file, or makes it when it is not there.
func openSecrets(path string) (secrets, error) {
	s, err := readSecrets(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s = newSecrets(nil)
	b, err := json.Marshal(s)
	if err == nil {
		err = createSecret(path, b)
	}
	if err != nil {
		return secrets{}, fmt.Errorf("keep the console's keys: %w", err)
	}
	return s, nil
}

func readSecrets(path string) (secrets, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return secrets{}, fmt.Errorf("read the console's keys: %w", err)
	}
	s, err := parseSecrets(b)
	if err != nil {
		return secrets{}, fmt.Errorf("read the console's keys in %s: %w", path, err)
	}
	return s, nil
}

func parseSecrets(b []byte) (secrets, error) {
	var s secrets
	if err := json.Unmarshal(b, &s); err != nil {
		return secrets{}, errors.New("not a key file") // the decoder's error could quote a key
	}
	if len(s.Accounts) != 32 || len(s.Marks) != 32 {
		return secrets{}, errors.New("want two keys of 32 bytes")
	}
	return s, nil
}

// createSecret writes a file that only its owner reads, and never over another.
func createSecret(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close(), syncPath(filepath.Dir(path)))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
