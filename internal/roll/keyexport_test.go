package roll

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Packed and unpacked, a key file says what it said before, and is the same keys
// in its new place.
func TestKeysArePackedAndPlaced(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenKeys(filepath.Join(dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := checkedKeyFile(data)
	if err != nil {
		t.Fatal(err)
	}
	f.Seal[9], f.Current = randomKey(), 9
	want := f.fingerprint()

	packed, err := PackKeys(encoded(t, f))
	if err != nil || len(packed) != 2+32+2*33 {
		t.Fatalf("packed: %d bytes, %v", len(packed), err)
	}
	back, err := UnpackKeys(packed)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := checkedKeyFile(back); err != nil || !reflect.DeepEqual(got, f) {
		t.Fatalf("unpacked: %+v, %v; packed was %+v. A new field of the key file has to be packed too", got, err, f)
	}
	path := filepath.Join(dir, "again.json")
	if err := PlaceKeys(path, back); err != nil {
		t.Fatal(err)
	}
	if k, err := LoadKeys(path); err != nil || k.Fingerprint() != want {
		t.Errorf("placed: %v", err)
	}
	if err := PlaceKeys(path, back); err == nil {
		t.Error("keys were placed over others")
	}
	for n := range packed {
		if _, err := UnpackKeys(packed[:n]); err == nil && n != 2+32+33 {
			t.Errorf("%d bytes of %d were taken", n, len(packed))
		}
	}
}

func encoded(t *testing.T, f keyFile) []byte {
	t.Helper()
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("give %s a value here, and pack it", v.Type().Field(i).Name)
		}
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
