package roll_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// The files under testdata/import are what offices send; the golden files beside
// them say what becomes of every row. MINGLUO_GOLDEN=1 writes them anew.
func TestFilesAsOfficesSendThem(t *testing.T) {
	files, err := filepath.Glob("testdata/import/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, ".golden") {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".golden", becomes(t, data))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if os.Getenv("MINGLUO_GOLDEN") == "1" {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

// becomes imports a file and says what became of every row, in the file's order.
func becomes(t *testing.T, data []byte) string {
	t.Helper()
	r, _ := town(t)
	rows, err := roll.File{Body: bytes.NewReader(data)}.Rows(alert.Foshan())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	rep, err := r.Import(t.Context(), noon, rows, roll.ImportOptions{Rejected: func(x roll.Rejection) error {
		for _, p := range x.Problems {
			fmt.Fprintf(&b, "%d:%d %s: %s\n", p.Line, p.Column, p.Field, p.ZH)
			if strings.Contains(p.ZH+p.EN, "154000000") {
				t.Errorf("line %d repeats a number: %s %s", p.Line, p.ZH, p.EN)
			}
		}
		return nil
	}})
	for _, p := range alert.AsProblems(err) {
		fmt.Fprintf(&b, "%d:%d %s: %s\n", p.Line, p.Column, p.Field, p.ZH)
	}
	if _, err := r.Export(t.Context(), roll.Selection{}, func(s roll.Subscription) error {
		_, err := fmt.Fprintf(&b, "%s %s %v %v %s %v %s %s %s\n", s.Channel, s.Address, s.Areas, s.Groups, s.MinLevel, s.Hazards, s.Lang, s.Quiet, alert.ShowTime(s.Joined))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%+v\n", rep)
	return b.String()
}

// The same file in the encodings that spreadsheets write comes to the same, the
// lines and columns of what is wrong included.
func TestTheSameFileInOtherEncodings(t *testing.T) {
	plain, err := os.ReadFile("testdata/import/excel.csv")
	if err != nil {
		t.Fatal(err)
	}
	plain = bytes.TrimPrefix(plain, []byte("\xef\xbb\xbf"))
	want := becomes(t, plain)
	for name, e := range map[string]encoding.Encoding{
		"GB18030":   simplifiedchinese.GB18030,
		"UTF-16 LE": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16 BE": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	} {
		data, err := e.NewEncoder().Bytes(plain)
		if err != nil {
			t.Fatal(name, err)
		}
		if got := becomes(t, data); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	tabs := strings.NewReplacer(`"a,b"`, `"a,b"`, ",", "\t").Replace(string(plain))
	if got := becomes(t, []byte(tabs)); !strings.Contains(got, "Joined:10") {
		t.Errorf("with tabs:\n%s", got)
	}
}

// Behind two megabytes of ASCII the first Chinese group still says that the file
// is GBK; one bad byte in a UTF-8 file costs its row and no more.
func TestAnEncodingIsToldFromTheFirstCharacterBeyondASCII(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("channel,address,areas,groups\n")
	for i := range 40_000 {
		fmt.Fprintf(&b, "sms,154%08d,440604,\n", i)
	}
	group, err := simplifiedchinese.GBK.NewEncoder().String("sms,15499999999,禅城,市民学校\n")
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString(group)
	r, _ := town(t)
	rep, no := importCSV(t, r, b.String())
	if rep.Joined != 40_001 {
		t.Fatalf("%+v, %v", rep, no)
	}
	if s := find(t, r, "15499999999"); fmt.Sprint(s.Groups) != "[市民学校]" {
		t.Errorf("the group reads %q", s.Groups)
	}
	rep, no = importCSV(t, r, "渠道,手机号,区域,分组\nsms,15400000001,禅城,市\xb2民\nsms,15400000002,禅城,市民\n")
	if rep.Rejected != 1 || rep.Unchanged+rep.Changed != 1 || no[0].Line != 2 {
		t.Fatalf("%+v, %v", rep, no)
	}
}

// A line of a million columns, a line of twenty megabytes and a quote that is
// never closed cost one row each, not the file and not the memory.
func TestMonstrousRowsCostOneRowEach(t *testing.T) {
	good := "sms,15400000001,禅城\n"
	for name, monster := range map[string]string{
		"columns":  strings.Repeat(",", 1_000_000) + "\n",
		"long":     "sms," + strings.Repeat("1", 20<<20) + ",禅城\n",
		"quote":    "sms,15400000002,\"禅城\n",
		"quotes":   "sms,15400000002," + strings.Repeat(`""`, 30_000) + `"` + "\n",
		"newlines": "sms,15400000002,\"" + strings.Repeat("\n", 100_000) + "x\"\n",
	} {
		r, _ := town(t)
		rep, no := importCSV(t, r, "channel,address,areas\n"+monster+good)
		if rep.Joined != 1 || rep.Rejected == 0 || no[0].Line != 2 {
			t.Errorf("%s: %+v, first %+v", name, rep, no[0])
		}
	}
	r, _ := town(t)
	_, err := r.Import(t.Context(), noon, roll.ReadCSV(strings.NewReader(strings.Repeat("x,", 20_000)), alert.Foshan()), roll.ImportOptions{})
	if ps := alert.AsProblems(err); len(ps) != 1 || ps[0].Line != 1 || ps[0].Column != 1 {
		t.Errorf("a head of 20,000 columns: %v", err)
	}
}
