package cap

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

func beijing(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, alert.Beijing())
	if err != nil {
		panic(err)
	}
	return t
}

// An alert of any authority can be played: whatever it leaves out, the draft
// passes the desk's checks once an officer has chosen an area.
func TestCorpusDraftsPassTheDesk(t *testing.T) {
	dir, rows := readCorpus(t)
	g, now := alert.Foshan(), beijing("2026-11-24 05:20")
	drafts, refused := 0, 0
	for _, row := range rows {
		if !strings.HasPrefix(row.file, "positive/") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, row.file))
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := Parse(bytes.NewReader(raw), Older())
		if err != nil {
			continue
		}
		im, err := Draft(a, g, now, Shift(), Original(raw))
		if took := quickest(func() { Draft(a, g, now, Shift(), Original(raw)) }); took > slowest {
			t.Errorf("%s: drafted after %v", row.file, took)
		}
		if err != nil {
			refused++
			if a.MsgType == "Alert" || a.MsgType == "Update" {
				t.Errorf("%s: %v", row.file, err)
			}
			continue
		}
		drafts++
		c := im.Content
		if len(c.Areas) > 0 {
			t.Logf("%s: %q → %v", row.file, c.AreaDesc, im.AreasFound)
		}
		if len(c.Areas) == 0 {
			c.Areas = []string{"440604"} // the officer's choice
			if c.AreaDesc == "" {
				c.AreaDesc = g.Describe(c.Areas)
			}
		}
		if testing.Verbose() {
			t.Logf("%-55s %s %s %s/%s %s", row.file, im.Mode, im.Language, c.Hazard, c.Level, im.LevelFrom)
		}
		ps := c.Check(g, alert.Drill, now)
		if len(ps) > 0 && ps[0].Rule == "R10" {
			t.Logf("%s: a placeholder is left in the source's text, which no desk releases", row.file)
		} else if err := ps.Err(); err != nil {
			t.Errorf("%s: %v", row.file, err)
		}
	}
	t.Logf("%d drafts, %d refused with their reason", drafts, refused)
}
