package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Before an installation there is only one thing to say. A fresh one of a drill is
// not stopped by what it lacks, and each of it is named; -live asks nobody but the
// running service.
func TestCheckNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "m.toml")
	write(t, conf, "mode = \"drill\"\ndata = \""+filepath.Join(dir, "none")+"\"\n")
	if out, status := mingluo(t, "check", "-config", conf); status != 1 || !strings.Contains(out, "mingluo init") {
		t.Errorf("nothing is installed: status %d\n%s", status, out)
	}
	made := filepath.Join(dir, "made.toml")
	works(t, "init", "-config", made, "-yes", "-mode", "drill", "-user", "", "-data", filepath.Join(dir, "data"), "-backup", filepath.Join(dir, "b"))
	out, status := mingluo(t, "check", "-config", made)
	for _, said := range []string{"恢复页还没有核对", "recovery sheet was not tested", "能签发的人", "one-time password", "no backup yet", "record's own disk"} {
		if !strings.Contains(out, said) {
			t.Errorf("%q is not named", said)
		}
	}
	if status != 0 {
		t.Errorf("a drill is stopped: status %d\n%s", status, out)
	}
	works(t, "backup", "-config", made, "-o", dir)
	if out := works(t, "check", "-config", made); strings.Contains(out, "no backup yet") {
		t.Errorf("the backup is not seen while the service is stopped:\n%s", out)
	}
	if out, status := mingluo(t, "check", "-config", made, "-live"); status != 1 || !strings.Contains(out, "no running process") {
		t.Errorf("-live without a service: status %d\n%s", status, out)
	}
}

// A Redis that does not let the service in and a record that does not answer are
// named beside everything else, and do not hide it.
func TestCheckNamesWhatDoesNotAnswer(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "m.toml")
	write(t, conf, "mode = \"drill\"\ndata = \""+filepath.Join(dir, "data")+"\"\n[nats]\nurl = \"nats://127.0.0.1:1\"\n[redis]\nurls = [\"redis://me:secret-word@127.0.0.1:1\"]\n")
	out, status := mingluo(t, "check", "-config", conf)
	for _, said := range []string{"记录打不开", "The record does not open", "Redis 用不上", "is of no use"} {
		if !strings.Contains(out, said) {
			t.Errorf("%q is not named", said)
		}
	}
	if status != 1 || strings.Contains(out, "secret-word") {
		t.Errorf("status %d\n%s", status, out)
	}
}
