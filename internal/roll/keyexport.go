package roll

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// PackKeys takes a key file's content and returns what it holds in as few bytes
// as it can, for a sheet that a person types back:
//
//	version 1 | current 1 | HMAC key 32 | for each sealing key: id 1, key 32
//
// Whoever sees it has the keys.
func PackKeys(data []byte) ([]byte, error) {
	f, err := checkedKeyFile(data)
	if err != nil {
		return nil, err
	}
	out := append([]byte{byte(f.V), f.Current}, f.HMAC...)
	ids := make([]uint8, 0, len(f.Seal))
	for id := range f.Seal {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		out = append(append(out, id), f.Seal[id]...)
	}
	return out, nil
}

// UnpackKeys gives a key file's content back.
func UnpackKeys(packed []byte) ([]byte, error) {
	const head, each = 2 + keyBytes, 1 + keyBytes
	if len(packed) < head+each || (len(packed)-head)%each != 0 {
		return nil, fmt.Errorf("keys of %d bytes cannot be", len(packed))
	}
	f := keyFile{V: int(packed[0]), Current: packed[1], HMAC: packed[2:head], Seal: map[uint8][]byte{}}
	for rest := packed[head:]; len(rest) > 0; rest = rest[each:] {
		if f.Seal[rest[0]] != nil {
			return nil, fmt.Errorf("sealing key %d stands there twice", rest[0])
		}
		f.Seal[rest[0]] = rest[1:each]
	}
	if _, err := f.keys(); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(f, "", "  ")
	return append(data, '\n'), err
}

// PlaceKeys puts a key file's content in its place, whole or not at all, and
// never over another file.
func PlaceKeys(path string, data []byte) error {
	f, err := checkedKeyFile(data)
	if err != nil {
		return fmt.Errorf("place keys: %w", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("place keys: %s is there already; move it away first if it is the wrong one", path)
	}
	if err := createKeyFile(path, f); err != nil {
		return fmt.Errorf("place keys: %w", err)
	}
	return nil
}

func checkedKeyFile(data []byte) (keyFile, error) {
	var f keyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return f, errors.New("not a key file") // the decoder's error could quote a key
	}
	_, err := f.keys()
	return f, err
}
