package app

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every setting is filled with something of its own. What a backup keeps of the
// configuration can be read back, and holds no setting that sounds like a secret.
func TestABackupsConfigurationHoldsNoSecret(t *testing.T) {
	c := Defaults()
	fill(reflect.ValueOf(&c).Elem(), "")
	c.NATS.URL = "nats://me:hush-nats@n1:4222,tls://n2:4222"
	c.Redis.URLs = []string{"rediss://user:hush-redis@r1:6379/0", "redis://r2:6379"}
	b, err := publicConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if strings.Contains(text, "hush") || !strings.Contains(text, "nats://n1:4222,tls://n2:4222") || !strings.Contains(text, "rediss://r1:6379/0") {
		t.Errorf("addresses are kept without their passwords only:\n%s", text)
	}
	secret := regexp.MustCompile(`(?i)^\s*\S*(password|secret|token|aes_key)\S*\s*=\s*['"](.+)['"]`)
	for line := range strings.Lines(text) {
		if m := secret.FindStringSubmatch(line); m != nil && !strings.Contains(m[0], "_file") {
			t.Errorf("a secret is kept: %s", line)
		}
	}
	if !strings.Contains(text, "filled-sms-addr") {
		t.Error("nothing is kept")
	}
}

func fill(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), name+"-"+v.Type().Field(i).Tag.Get("toml"))
		}
	case reflect.String:
		v.SetString("filled" + name)
	}
}

// The oldest backups go, and only ours; a write that fails leaves no file.
func TestOldBackupsGoAndHalfOnesAreNotKept(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 6, 1, 3, 0, 0, 0, time.UTC)
	for i := range 5 {
		touch(t, filepath.Join(dir, backupName(now.Add(time.Duration(i)*time.Hour))))
	}
	touch(t, filepath.Join(dir, "mingluo-backup-by-hand.tar"))
	half := filepath.Join(dir, ".mingluo-backup-1.part")
	touch(t, half)
	if err := os.Chtimes(half, now, now); err != nil {
		t.Fatal(err)
	}
	if err := dropOld(dir, 2); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), "[mingluo-backup-20260601-060000Z.tar mingluo-backup-20260601-070000Z.tar mingluo-backup-by-hand.tar]"; got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
	_, err := SaveBackup(dir, now, func(w io.Writer) error { _, err := w.Write(bytes.Repeat([]byte("x"), 5000)); return err })
	if err == nil || !strings.Contains(err.Error(), "does not come back") {
		t.Errorf("a file that is no backup was saved: %v", err)
	}
	if got := names(t, dir); strings.Contains(got, "part") || strings.Contains(got, "030000") {
		t.Errorf("left are %s", got)
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return fmt.Sprint(out)
}
