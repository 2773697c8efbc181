package cap

import (
	"strings"
	"testing"
)

func BenchmarkParseSample(b *testing.B) {
	b.SetBytes(int64(len(sound)))
	for b.Loop() {
		if _, _, err := Parse(strings.NewReader(sound)); err != nil {
			b.Fatal(err)
		}
	}
}

// A country's border in full: 0.9 MB in one polygon, as Burkina Faso sends it.
func BenchmarkParseLongPolygon(b *testing.B) {
	doc := strings.Replace(sound, "23.1,113.2", strings.Repeat("22.123456789,113.123456789 ", 33_000), 1)
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, _, err := Parse(strings.NewReader(doc)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	a, _, err := Parse(strings.NewReader(sound))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := a.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
