package cap

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// The corpus is a folder outside of the repository with alerts of many
// authorities and hostile cases: index.tsv names each file and what is
// expected of it. Nothing of it is copied here.
const corpusVariable = "MINGLUO_CAP_CORPUS"

type corpusRow struct{ file, kind, version, signed, verdict string }

func readCorpus(t *testing.T) (string, []corpusRow) {
	t.Helper()
	dir := os.Getenv(corpusVariable)
	if dir == "" {
		faulttest.Skip(t, "alerts of real authorities: set %s to a folder with index.tsv, positive/ and negative/", corpusVariable)
	}
	f, err := os.Open(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = '\t', true, -1
	all, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []corpusRow
	for _, r := range all[1:] {
		rows = append(rows, corpusRow{file: r[0], kind: r[5], version: r[6], signed: r[8], verdict: r[9]})
	}
	return dir, rows
}

// want says what the index asks for: accept, warn, refuse, or nothing ("").
// Refusing what the schema refuses is always allowed.
func (r corpusRow) want() string {
	switch v := r.verdict; {
	case strings.Contains(v, "unsure"), strings.Contains(v, "import-lenient"), v == "reject-signature":
		return ""
	case strings.HasPrefix(v, "feed"), strings.HasPrefix(v, "reject"):
		return "refuse"
	case v == "warn", v == "accept-lenient":
		return "warn"
	}
	return "accept"
}

// slowest is how long a hostile file may keep us, with room for a busy machine.
const slowest = 100 * time.Millisecond

func TestCorpusVerdicts(t *testing.T) {
	dir, rows := readCorpus(t)
	table := map[string]int{}
	for _, row := range rows {
		raw, err := os.ReadFile(filepath.Join(dir, row.file))
		if err != nil {
			t.Fatal(err)
		}
		a, warnings, err := Parse(bytes.NewReader(raw), Older())
		got := "accept"
		if err != nil {
			got = "refuse"
		} else if len(warnings) > 0 {
			got = "warn"
		}
		table[fmt.Sprintf("%-40.40s → %s", row.verdict, got)]++
		switch want := row.want(); {
		case row.version == "1.0": // never read
		case want == "accept" && got == "refuse", want == "warn" && got != "warn", want == "refuse" && got != "refuse":
			t.Errorf("%s: want %s (%s), got %s: %v", row.file, want, row.verdict, got, err)
		case want == "" || row.verdict == "accept-lenient":
			t.Logf("%s (%s): %s: %v %v", row.file, row.verdict, got, err, warnings)
		}
		if err != nil {
			if p := alert.AsProblems(err); len(p) != 1 || p[0].ZH == "" || p[0].EN == "" {
				t.Errorf("%s: the refusal is not a problem for people: %#v", row.file, err)
			}
			if took := quickest(func() { Parse(bytes.NewReader(raw), Older()) }); took > slowest {
				t.Errorf("%s: refused after %v", row.file, took)
			}
			if testing.Verbose() && strings.HasPrefix(row.file, "negative") {
				p := alert.AsProblems(err)[0]
				t.Logf("%s: line %d column %d: %v", row.file, p.Line, p.Column, err)
			}
			continue
		}
		again(t, row.file, a)
	}
	var lines []string
	for k, n := range table {
		lines = append(lines, fmt.Sprintf("%4d  %s", n, k))
	}
	sort.Strings(lines)
	t.Logf("verdict of the index → ours\n%s", strings.Join(lines, "\n"))
}

// again writes an alert and reads it back: nothing may be lost.
func again(t *testing.T, name string, a *Alert) {
	t.Helper()
	wire, err := a.Encode()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	back, _, err := Parse(bytes.NewReader(wire))
	if err != nil {
		t.Errorf("%s: read back: %v", name, err)
		return
	}
	want := *a
	want.Signed, want.Version = false, "1.2"
	if diff := differ(&want, back); diff != "" {
		t.Errorf("%s: read back: %s", name, diff)
	}
}

// differ names the first difference of two alerts, "" when there is none.
func differ(a, b *Alert) string {
	x, _ := json.MarshalIndent(a, "", " ")
	y, _ := json.MarshalIndent(b, "", " ")
	if bytes.Equal(x, y) {
		return ""
	}
	p, q := strings.Split(string(x), "\n"), strings.Split(string(y), "\n")
	for i := range min(len(p), len(q)) {
		if p[i] != q[i] {
			return fmt.Sprintf("%.200s became %.200s", p[i], q[i])
		}
	}
	return fmt.Sprintf("%d lines became %d", len(p), len(q))
}

// Without Older, alerts of CAP 1.0 and 1.1 are refused with a sentence that
// names the version, and 1.2 is judged as before.
func TestCorpusVersions(t *testing.T) {
	dir, rows := readCorpus(t)
	for _, row := range rows {
		if row.version != "1.0" && row.version != "1.1" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, row.file))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Parse(bytes.NewReader(raw)); err == nil || !strings.Contains(err.Error(), "CAP "+row.version) {
			t.Errorf("%s: %v, want a refusal that names CAP %s", row.file, err, row.version)
		}
	}
}

// What we write is valid against the OASIS schema, which xmllint knows better.
func TestCorpusWrittenAgainIsSchemaValid(t *testing.T) {
	dir, rows := readCorpus(t)
	xsd := filepath.Join(dir, "xsd", "CAP-v1.2.xsd")
	out := t.TempDir()
	var files []string
	for n, row := range rows {
		raw, err := os.ReadFile(filepath.Join(dir, row.file))
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := Parse(bytes.NewReader(raw), Older())
		if err != nil {
			continue
		}
		wire, err := a.Encode()
		if err != nil {
			t.Errorf("%s: %v", row.file, err)
			continue
		}
		name := filepath.Join(out, fmt.Sprintf("%03d.xml", n))
		if err := os.WriteFile(name, wire, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	validate(t, xsd, files...)
}

// validate runs xmllint with the schema over the files.
func validate(t *testing.T, xsd string, files ...string) {
	t.Helper()
	lint := faulttest.Tool(t, "our CAP against the schema", "xmllint")
	cmd := exec.CommandContext(t.Context(), lint, append([]string{"--nonet", "--huge", "--noout", "--schema", xsd}, files...)...)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%.2000s", err, said)
	} else {
		t.Logf("%d files valid", len(files))
	}
}
