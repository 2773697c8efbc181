package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An installation's life, by its commands alone: it is made once and never over
// another; the sheet comes back by typing; a backup and the exported keys make it
// again in an empty folder.
func TestAnInstallationIsMadeLostAndMadeAgain(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	conf := at("mingluo.toml")
	init := []string{"init", "-config", conf, "-yes", "-mode", "drill", "-user", "", "-data", at("data"), "-backup", at("backups"), "-admin-id", "boss"}
	out := works(t, init...)
	if !regexp.MustCompile(`password +\S{4}-\S{4}-\S{4}-\S{4}\n`).MatchString(out) || !strings.Contains(out, "1/6  ") {
		t.Fatalf("init says:\n%s", out)
	}
	sheet := sheetLines(out)
	if said, status := mingluo(t, init...); status == 0 {
		t.Errorf("an installation was made over another:\n%s", said)
	}
	if list := works(t, "officer", "list", "-config", conf); !strings.Contains(list, "boss") {
		t.Errorf("the officers are\n%s", list)
	}
	works(t, "backup", "-config", conf, "-o", at("b.tar"))
	works(t, "backup", "verify", at("b.tar"))
	write(t, at("passphrase"), "fifteen letters and more")
	works(t, "keys", "export", "-config", conf, "-o", at("keys.sealed"), "-passphrase-file", at("passphrase"))

	lost := func() {
		t.Helper()
		if err := os.RemoveAll(at("data")); err != nil {
			t.Fatal(err)
		}
	}
	lost()
	if said, status := mingluo(t, "restore", "-config", conf, "-from", at("b.tar")); status == 0 || !strings.Contains(said, "keys") {
		t.Errorf("restored without keys: %d\n%s", status, said)
	}
	works(t, "keys", "import", "-config", conf, "-from", at("keys.sealed"), "-passphrase-file", at("passphrase"))
	works(t, "restore", "-config", conf, "-from", at("b.tar"))
	lost()
	write(t, at("sheet"), sheet)
	works(t, "keys", "restore", "-config", conf, "-from", at("sheet"))
	works(t, "restore", "-config", conf, "-from", at("b.tar"))
	if list := works(t, "officer", "list", "-config", conf); !strings.Contains(list, "boss") {
		t.Errorf("after the restore the officers are\n%s", list)
	}
}

// A wrong answer is refused with a sentence, and nothing was made.
func TestInitRefusesWrongAnswersAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	conf, data := filepath.Join(dir, "m.toml"), filepath.Join(dir, "data")
	for key, value := range map[string]string{"mode": "test", "code": "4406", "public-url": "example", "admin-id": "Big Boss", "backup": data + "/inside", "console-listen": "127.0.0.1:8080", "data": "relative"} {
		args := []string{"init", "-config", conf, "-yes", "-mode", "drill", "-user", "", "-data", data, "-" + key, value}
		if said, status := mingluo(t, args...); status != 2 {
			t.Errorf("%s=%s: status %d\n%s", key, value, status, said)
		}
		for _, path := range []string{conf, data} {
			if _, err := os.Lstat(path); err == nil {
				t.Fatalf("%s=%s left %s", key, value, path)
			}
		}
	}
	write(t, filepath.Join(dir, "answers"), "colour = \"red\"\n")
	if said, status := mingluo(t, "init", "-config", conf, "-answers", filepath.Join(dir, "answers")); status != 2 || !strings.Contains(said, "colour") {
		t.Errorf("an answer that nobody asks for: %d\n%s", status, said)
	}
}

func works(t *testing.T, args ...string) string {
	t.Helper()
	out, status := mingluo(t, args...)
	if status != 0 {
		t.Fatalf("mingluo %s: status %d\n%s", strings.Join(args, " "), status, out)
	}
	return out
}

func sheetLines(out string) string {
	return strings.Join(regexp.MustCompile(`(?m)^ *\d/\d  .*$`).FindAllString(out, -1), "\n")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
