package faulttest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Tool returns the path of the first of the programs that is installed. Where
// none is, the test is skipped and says what is not tested for want of it; in
// `make test`, which installs what the tests need, that is a failure: an install
// step is missing (MINGLUO_TOOLS=all).
func Tool(t testing.TB, untested string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("MINGLUO_TOOLS") == "all" {
		t.Fatalf("%s is not installed: TOOLS in the Makefile has to name it, or its installation failed", strings.Join(names, " or "))
	}
	Skip(t, "%s: %s is not installed", untested, strings.Join(names, " or "))
	return ""
}

// Skip skips a test aloud. `go test` swallows the reasons of packages that pass,
// so they are also written to the file named by MINGLUO_SKIPPED, which `make
// test` prints at its end.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	why := "NOT TESTED: " + fmt.Sprintf(format, args...)
	if path := os.Getenv("MINGLUO_SKIPPED"); path != "" {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = fmt.Fprintf(f, "%s: %s\n", t.Name(), why)
			err = firstOf(err, f.Close())
		}
		if err != nil {
			t.Fatalf("a reason for skipping could not be written down: %v", err)
		}
	}
	t.Skip(why)
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
