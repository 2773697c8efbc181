package gsm

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAlphabetHasItsPlaces(t *testing.T) {
	if n := utf8.RuneCountInString(alphabet); n != 128 {
		t.Fatalf("%d places, want 128", n)
	}
	for text, want := range map[string]string{
		"@£$":         "000102",
		"Az09":        "417a3039",
		"¡¿":          "4060",
		"ÄÖÑÜ§äöñüà":  "5b5c5d5e5f7b7c7d7e7f",
		"ΔΦΓΛΩΠΨΣΘΞ_": "10121314151617181 91a11",
		"[€]":         "1b3c1b651b3e",
		"\n\r":        "0a0d",
		"Ææ":          "1c1d",
	} {
		e := Encode(text)
		if got := hex.EncodeToString(e.Parts[0]); e.Alphabet != Seven || got != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"ê", "台", "\x1b", "`", "“", "\u200b", "😀", "\t"} {
		if e := Encode(text); e.Alphabet != UCS2 {
			t.Errorf("%q was put in seven bits", text)
		}
	}
}

// The numbers of a carrier's bill: units fitting in one message, then messages.
func TestW13PartsAreCountedAsBilled(t *testing.T) {
	for _, c := range []struct {
		name  string
		text  string
		units int
		parts int
	}{
		{"nothing", "", 0, 1},
		{"70 characters", strings.Repeat("台", 70), 70, 1},
		{"71 characters", strings.Repeat("台", 71), 71, 2},
		{"134 characters", strings.Repeat("台", 134), 134, 2},
		{"135 characters", strings.Repeat("台", 135), 135, 3},
		{"35 emoji are 70 units", strings.Repeat("🌀", 35), 70, 1},
		{"36 emoji", strings.Repeat("🌀", 36), 72, 2},
		{"67 emoji lose a unit a message to whole pairs", strings.Repeat("🌀", 67), 134, 3},
		{"160 letters", strings.Repeat("a", 160), 160, 1},
		{"161 letters", strings.Repeat("a", 161), 161, 2},
		{"306 letters", strings.Repeat("a", 306), 306, 2},
		{"307 letters", strings.Repeat("a", 307), 307, 3},
		{"80 brackets take two septets each", strings.Repeat("[", 80), 160, 1},
		{"81 brackets", strings.Repeat("[", 81), 162, 2},
		{"an escape is not cut from its bracket", strings.Repeat("[", 153), 306, 3},
		{"one Chinese character makes all UCS-2", strings.Repeat("a", 70) + "台", 71, 2},
	} {
		e := Encode(c.text)
		if e.Units != c.units || len(e.Parts) != c.parts {
			t.Errorf("%s: %d units in %d parts, want %d in %d", c.name, e.Units, len(e.Parts), c.units, c.parts)
		}
		if got := join(e); got != c.text {
			t.Errorf("%s: comes back as %q", c.name, got)
		}
	}
}

func join(e Encoded) string {
	var s strings.Builder
	for _, p := range e.Parts {
		s.WriteString(Decode(e.Alphabet, p))
	}
	return s.String()
}

func TestHeadersAreReadBack(t *testing.T) {
	b := append(AppendHeader(nil, 0xA7, 3, 2), "rest"...)
	if !bytes.Equal(b[:6], []byte{5, 0, 3, 0xA7, 3, 2}) {
		t.Fatalf("%x", b)
	}
	p, joined, body, ok := CutHeader(b)
	if !ok || !joined || p != (Place{0xA7, 3, 2}) || string(body) != "rest" {
		t.Fatalf("%+v %v %q %v", p, joined, body, ok)
	}
	p, joined, _, ok = CutHeader([]byte{6, 8, 4, 0x12, 0x34, 2, 1})
	if !ok || !joined || p != (Place{0x1234, 2, 1}) {
		t.Fatalf("16-bit reference: %+v", p)
	}
	if _, joined, _, ok = CutHeader([]byte{5, 0, 3, 1, 2, 3}); !ok || joined {
		t.Fatal("part 3 of 2 was taken")
	}
	for _, bad := range [][]byte{nil, {5, 0, 3}, {2, 0, 9, 1}, {1, 0}} {
		if _, _, _, ok := CutHeader(bad); ok {
			t.Errorf("%x was read", bad)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("【佛山应急】台风黄色预警")
	f.Add(strings.Repeat("[€", 90))
	f.Add(strings.Repeat("a🌀", 60))
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		e := Encode(text)
		if got := join(e); got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
		limit := map[Alphabet][2]int{Seven: {160, 153}, UCS2: {140, 134}}[e.Alphabet]
		for _, p := range e.Parts {
			if len(p) > limit[min(len(e.Parts)-1, 1)] {
				t.Fatalf("a part of %d bytes", len(p))
			}
		}
	})
}

func FuzzCutHeader(f *testing.F) {
	f.Add([]byte{5, 0, 3, 1, 2, 1, 'x'})
	f.Add([]byte{6, 8, 4, 1, 2, 2, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, joined, body, ok := CutHeader(b)
		if ok && len(body) >= len(b) || joined && (p.Seq == 0 || p.Seq > p.Total) {
			t.Fatalf("%x: %+v", b, p)
		}
		Decode(Seven, b)
		Decode(UCS2, b)
	})
}
