package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mingluo/internal/faulttest"
)

// systemd takes the unit file as it is, but for the program and the user, which
// this machine need not have.
func TestSystemdTakesTheUnit(t *testing.T) {
	tool := faulttest.Tool(t, "the systemd unit", "systemd-analyze")
	unit, err := os.ReadFile(filepath.Join(root, "deploy", "mingluo.service"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("/usr/local/bin/mingluo serve", "/bin/true serve", "User=mingluo", "User=root", "Group=mingluo", "Group=root").Replace(string(unit))
	path := filepath.Join(t.TempDir(), "mingluo.service")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), tool, "verify", path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
