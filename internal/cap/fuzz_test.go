package cap

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// Whatever comes in, there is an alert or an error that people can read, the
// alert can be drafted, written and read back, and nothing panics.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sound))
	f.Add(SampleTyphoon(beijing("2026-11-24 05:20")))
	for _, s := range []string{"", "<", "<alert/>", "<!DOCTYPE a>", "\xff\xfe<\x00", "<?xml version='1.0' encoding='gbk'?><a/>", "<a:b:c xmlns:a='x'/>",
		strings.Replace(sound, "</polygon>", "</polygon><circle>23,113 1e2</circle><geocode><valueName>x</valueName><value>440604 440000</value></geocode>", 1),
		strings.Replace(sound, ">Alert<", ">Cancel<", 1), strings.ReplaceAll(sound, "cap:1.2", "cap:1.1")} {
		f.Add([]byte(s))
	}
	g, now := alert.Foshan(), beijing("2026-11-24 05:20")
	f.Fuzz(func(t *testing.T, in []byte) {
		a, warnings, err := Parse(bytes.NewReader(in), Older())
		if len(warnings) > maxWarnings+1 {
			t.Fatalf("%d warnings", len(warnings))
		}
		for _, w := range warnings {
			if w.EN == "" || w.ZH == "" || !utf8.ValidString(w.EN+w.ZH+w.Field) {
				t.Fatalf("warning %+v", w)
			}
		}
		if err != nil {
			ps := alert.AsProblems(err)
			if len(ps) != 1 || ps[0].ZH == "" || ps[0].EN == "" || !utf8.ValidString(ps[0].EN+ps[0].ZH+ps[0].Field) {
				t.Fatalf("not a problem for people: %v", err)
			}
			return
		}
		again(t, "fuzzed", a)
		im, err := Draft(a, g, now, Shift())
		if err != nil {
			if len(alert.AsProblems(err)) != 1 {
				t.Fatal(err)
			}
			return
		}
		if im.Mode == alert.Live && a.Status != "Actual" {
			t.Fatalf("status %s became live", a.Status)
		}
		for _, area := range im.Content.Areas {
			if !g.Known(area) || area == g.City() {
				t.Fatalf("area %q", area)
			}
		}
		if !im.Content.Expires.After(im.Content.Effective) || im.Content.Expires.Sub(now) > alert.MaxAhead && im.Shifted {
			t.Fatalf("from %v to %v", im.Content.Effective, im.Content.Expires)
		}
	})
}

// Every time we write can be read, and means the same instant.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"2026-11-24T05:20:00+08:00", "2026-02-29T24:00:00-00:00", "0000-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseTime(s)
		if !ok {
			return
		}
		if want, err := time.Parse("2006-01-02T15:04:05-07:00", strings.Trim(s, " \t\r\n")); err == nil && !want.Equal(got) {
			t.Fatalf("%q read as %v, want %v", s, got, want)
		}
		if back, ok := parseTime(formatTime(got)); !ok && got.Year() < 10000 || ok && !back.Equal(got) {
			t.Fatalf("%q written as %q", s, formatTime(got))
		}
	})
}
