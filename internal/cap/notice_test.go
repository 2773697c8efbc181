package cap

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// A typhoon signal is relayed, updated, corrected and lifted; each step is
// valid CAP that names everything before it.
func TestLifeOfANoticeInCAP(t *testing.T) {
	for _, mode := range []alert.Mode{alert.Live, alert.Drill} {
		n := notice(t, mode, alert.Issue, alert.Update, alert.Correct, alert.Lift)
		g := alert.Foshan()
		by := Issuer{Code: "44060000000000", Page: func(id string) string { return "https://alerts.example/n/" + id }}
		var names []string
		var files []string
		for k, rev := range n.Revisions {
			a := FromNotice(n, rev, g, by)
			wire, err := a.Encode()
			if err != nil {
				t.Fatalf("%s %s: %v", mode, rev.Verb, err)
			}
			back, warnings, err := Parse(bytes.NewReader(wire))
			if err != nil {
				t.Fatal(err)
			}
			if mode == alert.Live && len(warnings) > 0 {
				t.Errorf("%s: our own reader warns: %+v", rev.Verb, warnings)
			}
			if diff := differ(a, back); diff != "" {
				t.Errorf("%s: read back: %s", rev.Verb, diff)
			}
			if !regexp.MustCompile(`^\d{14}_\d{14}_\d$`).MatchString(a.Identifier) || slices.Contains(names, a.Identifier) {
				t.Errorf("identifier %s", a.Identifier)
			}
			if want := []string{"Alert", "Update", "Update", "Cancel"}[k]; a.MsgType != want || len(a.References) != k {
				t.Errorf("%s: %s with %d references, want %s with %d", rev.Verb, a.MsgType, len(a.References), want, k)
			}
			for i, r := range a.References {
				if r.Identifier != names[i] {
					t.Errorf("%s refers to %s, want %s", rev.Verb, r.Identifier, names[i])
				}
			}
			names = append(names, a.Identifier)
			checkMarks(t, mode, a)
			file := filepath.Join(t.TempDir(), "a.xml")
			if err := os.WriteFile(file, wire, 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		if dir := os.Getenv(corpusVariable); dir != "" {
			validate(t, filepath.Join(dir, "xsd", "CAP-v1.2.xsd"), files...)
		}
	}
}

// checkMarks holds R4 and R6: a drill says so in status, note and, first and
// last, in every text; a live alert never does.
func checkMarks(t *testing.T, mode alert.Mode, a *Alert) {
	t.Helper()
	drill := mode == alert.Drill
	if drill != (a.Status == "Exercise") || drill != strings.Contains(a.Note, "演练") || !drill && a.Status != "Actual" {
		t.Errorf("%s: status %s, note %q", mode, a.Status, a.Note)
	}
	for _, i := range a.Info {
		mark := markZH
		if i.Language != "zh-CN" {
			mark = markEN
		}
		for _, text := range []string{i.Headline, i.Description} {
			if drill != (strings.HasPrefix(text, mark) && strings.HasSuffix(text, mark)) || !drill && strings.Contains(text, mark) {
				t.Errorf("R6: %s text %q", mode, text)
			}
		}
	}
}

// What we publish, another desk of the same kind can take in.
func TestOurAlertsCanBeRelayed(t *testing.T) {
	g := alert.Foshan()
	n := notice(t, alert.Live, alert.Issue)
	a := FromNotice(n, n.Latest(), g, Issuer{Code: "44060000000000"})
	im, err := Draft(a, g, dawn)
	if err != nil {
		t.Fatal(err)
	}
	was, got := n.Latest().Content, im.Content
	if got.Hazard != was.Hazard || got.Level != was.Level || !slices.Equal(got.Areas, was.Areas) || got.Headline != was.Headline || !got.Expires.Equal(was.Expires) {
		t.Errorf("taken in as %+v", got)
	}
}

func TestSectorNoticesAreRestricted(t *testing.T) {
	n := notice(t, alert.Live, alert.Issue)
	n.Latest().Content.Scope = alert.ScopeSector
	a := FromNotice(n, n.Latest(), alert.Foshan(), Issuer{Code: "44060000000000"})
	if a.Scope != "Restricted" || a.Restriction == "" {
		t.Errorf("scope %s restriction %q", a.Scope, a.Restriction)
	}
	if _, err := a.Encode(); err != nil {
		t.Error(err)
	}
}

func TestUnreleasedRevisionIsADraft(t *testing.T) {
	n := notice(t, alert.Live, alert.Issue)
	n.Latest().Released = nil
	a := FromNotice(n, n.Latest(), alert.Foshan(), Issuer{Code: "44060000000000", Sender: "yjgl@foshan.example"})
	if a.Status != "Draft" || a.Sender != "yjgl@foshan.example" {
		t.Errorf("status %s sender %s", a.Status, a.Sender)
	}
	if _, err := a.Encode(); err != nil {
		t.Error(err)
	}
}

// notice makes a notice out of the sample with one released revision per verb.
func notice(t *testing.T, mode alert.Mode, verbs ...alert.Verb) *alert.Notice {
	t.Helper()
	a, _, err := Parse(bytes.NewReader(SampleTyphoon(dawn)))
	if err != nil {
		t.Fatal(err)
	}
	im, err := Draft(a, alert.Foshan(), dawn)
	if err != nil {
		t.Fatal(err)
	}
	n := &alert.Notice{ID: "n1", Mode: mode}
	for k, v := range verbs {
		at := alert.Decision{By: "o1", At: dawn.Add(time.Duration(k) * time.Second), Seq: uint64(10 + k), Reason: "台风减弱"}
		c := im.Content
		c.Areas = []string{"440604", "440605011"}
		c.Suspend = alert.ProposeSuspension(alert.Foshan(), c.Hazard, c.Level, c.Areas)
		for i := range c.Suspend {
			c.Suspend[i].Confirmed = true
		}
		n.Revisions = append(n.Revisions, &alert.Revision{No: k + 1, Verb: v, Content: c, Hash: c.Hash(n.ID, k+1, v, mode), Submitted: at, Released: &at})
	}
	return n
}
