package app

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// secrets are the console's own keys, made at the first start and kept apart
// from the record they protect.
type secrets struct {
	Accounts []byte `json:"accounts"` // 32 bytes: seals accounts in the record
	Marks    []byte `json:"marks"`    // 32 bytes: device marks
}

// openSecrets reads the file, or makes it when it is not there.
func openSecrets(path string) (secrets, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecrets(path)
	}
	var s secrets
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err == nil && (len(s.Accounts) != 32 || len(s.Marks) != 32) {
		err = errors.New("want two keys of 32 bytes")
	}
	if err != nil {
		return secrets{}, fmt.Errorf("read the console's keys in %s: %w", path, err)
	}
	return s, nil
}

func makeSecrets(path string) (secrets, error) {
	s := secrets{Accounts: make([]byte, 32), Marks: make([]byte, 32)}
	rand.Read(s.Accounts)
	rand.Read(s.Marks)
	b, err := json.Marshal(s)
	if err != nil {
		return secrets{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return secrets{}, fmt.Errorf("keep the console's keys: %w", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return secrets{}, fmt.Errorf("keep the console's keys: %w", err)
	}
	return s, nil
}
