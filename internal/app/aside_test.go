package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mingluo/internal/console"
)

// What a start set aside stands on the board, with what to do, until somebody
// has put it away.
func TestWhatWasSetAsideIsShown(t *testing.T) {
	t.Parallel()
	a := &App{cfg: Config{Data: t.TempDir()}}
	if got := a.asideParts(); got != nil {
		t.Errorf("nothing was set aside: %+v", got)
	}
	folder := filepath.Join(a.cfg.Data, "aside", "ROLL-20261124T030000.000")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	got := a.asideParts()
	if len(got) != 1 || got[0].Lamp != console.Red || !strings.Contains(got[0].StateZH, folder) || !strings.Contains(got[0].StateZH, "mingluo roll count") || !strings.Contains(got[0].State, "mingluo journal verify") {
		t.Errorf("%+v", got)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if got := a.asideParts(); got != nil {
		t.Errorf("it was put away: %+v", got)
	}
}
