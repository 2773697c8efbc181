package bench_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mingluo/internal/app/bench"
)

// Every bench is run with next to nothing, to see that it still runs, that the
// fields are there that pages and scripts read, and that its counts add up.
// Whether it is fast is no matter for a test.
func TestEveryBenchRuns(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      bench.Options
		fields []string
		sums   func(t *testing.T, r bench.Result)
	}{
		{"import", bench.Options{N: 2500}, []string{"bare_per_second", "ratio", "disk_bytes"}, func(t *testing.T, r bench.Result) {
			want(t, r, "joined", 2500)
			want(t, r, "rejected", 0)
		}},
		{"start", bench.Options{N: 60, History: 120}, []string{"crashed_seconds", "rss_bytes", "index_bytes"}, func(t *testing.T, r bench.Result) {
			want(t, r, "people", 60)
		}},
		{"count", bench.Options{N: 300}, []string{"p50_ms", "city_p50_ms", "district_max_ms", "town_max_ms", "bytes_per_person"}, func(t *testing.T, r bench.Result) {
			want(t, r, "people", 300)
		}},
		{"append", bench.Options{N: 3, History: 120}, []string{"p50_ms", "p99_ms", "max_ms", "settled_p50_ms", "cpu_ms"}, func(t *testing.T, r bench.Result) {
			want(t, r, "history", 120)
		}},
		{"page", bench.Options{N: 2}, []string{"p50_ms", "p99_ms", "max_ms"}, nil},
		{"fanout", bench.Options{N: 150, Carrier: "instant"}, []string{"rss_bytes", "disk_bytes", "fanout_disk_bytes", "fill_seconds"}, func(t *testing.T, r bench.Result) {
			want(t, r, "accepted", 150)
			want(t, r, "handed_over", 150)
			want(t, r, "missed", 0)
		}},
		{"fanout", bench.Options{N: 30, Carrier: "smpp"}, []string{"sms_first_ms", "wechat_last_ms"}, func(t *testing.T, r bench.Result) {
			want(t, r, "planned", 30)
			want(t, r, "missed", 0)
		}},
		{"fold", bench.Options{N: 50}, []string{"book_seconds"}, func(t *testing.T, r bench.Result) {
			want(t, r, "events", 56) // whole lives
		}},
		{"slice", bench.Options{N: 500}, []string{"slices", "slice_us", "count_ms", "index_bytes"}, nil},
		{"smpp-encode", bench.Options{N: 100}, []string{"ns_per_message", "allocs"}, nil},
	} {
		t.Run(c.name+c.o.Carrier, func(t *testing.T) {
			c.o.Dir = t.TempDir()
			r, err := bench.Run(t.Context(), c.name, c.o)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range append(c.fields, "name", "n", "seconds", "per_second") {
				if r[f] == nil {
					t.Errorf("the result has no %s: %v", f, r)
				}
			}
			want(t, r, "n", c.o.N)
			if c.sums != nil {
				c.sums(t, r)
			}
		})
	}
}

// A growth of two sizes is written as a picture that a browser can read, with
// every point on it, and as the data beside it.
func TestGrowthIsDrawnAndKept(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "growth.svg")
	r, err := bench.Run(t.Context(), "growth", bench.Options{N: 300, From: 30, Out: svg, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	want(t, r, "runs", 10)
	var g bench.Growth
	data, err := os.ReadFile(filepath.Join(filepath.Dir(svg), "growth.json"))
	if err = errors.Join(err, json.Unmarshal(data, &g)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"import", "start", "count", "fanout", "fold"} {
		if len(g.Results[name]) != 2 {
			t.Errorf("%d results of %s, want 2", len(g.Results[name]), name)
		}
	}
	picture, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	const lines = 12
	if n := bytes.Count(picture, []byte(`class="point"`)); n != 2*lines+lines {
		t.Errorf("%d marks in the picture, want two on each of %d lines and one beside its name", n, lines)
	}
	for dec := xml.NewDecoder(bytes.NewReader(picture)); ; {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bench.Run(t.Context(), "growth", bench.Options{N: 300, From: 30, Out: "growth.png"}); err == nil {
		t.Error("a picture that cannot be drawn was taken")
	}
}

func want(t *testing.T, r bench.Result, field string, n int) {
	t.Helper()
	if r[field] != n {
		t.Errorf("%s is %v, want %d: %v", field, r[field], n, r)
	}
}

func TestAnUnknownBenchIsRefused(t *testing.T) {
	if _, err := bench.Run(t.Context(), "nothing", bench.Options{}); err == nil {
		t.Error("it ran")
	}
	if _, err := bench.Run(t.Context(), "fanout", bench.Options{N: 1, Carrier: "pigeon"}); err == nil {
		t.Error("a carrier that nobody knows was taken")
	}
}
