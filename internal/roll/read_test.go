package roll_test

import (
	"fmt"
	"strings"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

func TestNDJSONSaysWhatAndWhere(t *testing.T) {
	lines := []string{
		`{"channel":"sms","address":"13800138000","areas":["禅城","440605011"],"min_level":"red","quiet":"22:00-07:00"}`,
		`{"channel":"sms","address":"13800138001","areas":["禅城"],"minlevel":"red"}`,
		`{"channel":"sms","address":13800138002,"areas":["禅城"]}`,
		`{"channel":"sms","address":"13800138003","areas":["禅城"]} {}`,
		`{"channel":"sms","address":"13800138004"`,
		`{"channel":"sms",,}`,
		`[1]`,
		`{"channel":"sms","address":"13800138005","areas":["禅城"],"joined":"yesterday","min_level":"mauve","quiet":"night"}`,
		``,
		`{"channel":"sms","address":"13800138006","areas":["` + strings.Repeat("x", 70<<10) + `"]}`,
		"{\"channel\":\"\xff\"}",
		`{"channel":"sms","address":"13800138007","areas":["高明区"]}`,
	}
	var good int
	wrong := map[int]string{}
	for row, err := range roll.ReadNDJSON(strings.NewReader(strings.Join(lines, "\n")), alert.Foshan()) {
		if err != nil {
			t.Fatal(err)
		}
		if len(row.Wrong) == 0 {
			good++
			continue
		}
		p := row.Wrong[0]
		wrong[row.Line] = fmt.Sprintf("%d %s %d", p.Column, p.Kind, len(row.Wrong))
		if strings.Contains(row.Wrong.Error(), "1380013800") {
			t.Errorf("line %d quotes the address: %v", row.Line, row.Wrong)
		}
	}
	want := map[int]string{2: "57 invalid 1", 3: "39 invalid 1", 4: "57 invalid 1", 5: "41 invalid 1", 6: "18 invalid 1", 7: "1 invalid 1",
		8: "78 invalid 3", 10: "0 too-large 1", 11: "0 invalid 1"}
	if good != 2 || fmt.Sprint(wrong) != fmt.Sprint(want) {
		t.Fatalf("%d good, wrong %v\nwant %v", good, wrong, want)
	}
}

func TestACSVHeadThatCannotBeUsedEndsTheImport(t *testing.T) {
	for head, column := range map[string]int{
		"channel,address\n":               0,
		"channel,address,areas,colour\n":  23,
		"channel,address,areas,address\n": 23,
		"channel,\"address\n":             9,
		"\xff\n":                          0,
	} {
		n := 0
		for _, err := range roll.ReadCSV(strings.NewReader(head+"sms,13800138000,禅城\n"), alert.Foshan()) {
			n++
			ps := alert.AsProblems(err)
			if len(ps) != 1 || ps[0].Line != 1 || ps[0].Column != column {
				t.Errorf("%q: %+v", head, ps)
			}
		}
		if n != 1 {
			t.Errorf("%q: %d rows", head, n)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add(people)
	f.Add("channel,address,areas\n\"a\"\"b\",\"c,d\",\n")
	f.Add("channel,address,areas\n\"")
	places := alert.Foshan()
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for row, err := range roll.ReadCSV(strings.NewReader(text), places) {
			if row.Line <= last {
				t.Fatalf("line %d after %d", row.Line, last)
			}
			last = row.Line
			if err == nil && len(row.Wrong) == 0 && len(row.Sub.Areas) > strings.Count(text, "")+1 {
				t.Fatal("more areas than text")
			}
		}
	})
}

func FuzzReadNDJSON(f *testing.F) {
	f.Add(`{"channel":"sms","address":"13800138000","areas":["禅城"]}`)
	f.Add(`{"channel":"sms"}{`)
	f.Add(`{"areas":{}}`)
	places := alert.Foshan()
	f.Fuzz(func(t *testing.T, text string) {
		for row, err := range roll.ReadNDJSON(strings.NewReader(text), places) {
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range row.Wrong {
				if p.Column < 0 || p.Column > len(text)+1 {
					t.Fatalf("column %d of %q", p.Column, text)
				}
			}
		}
	})
}

func BenchmarkImport(b *testing.B) {
	places := alert.Foshan()
	for b.Loop() {
		r, _ := town(b)
		if rep, err := r.Import(b.Context(), noon, roll.SampleRows(places, 10_000, 0), roll.ImportOptions{}); err != nil || rep.Joined != 10_000 {
			b.Fatal(rep, err)
		}
	}
	b.ReportMetric(float64(10_000*b.N)/b.Elapsed().Seconds(), "rows/s")
}
