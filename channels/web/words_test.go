package web

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// Every word that a template or the code asks for is in the catalogue, in both
// languages, with the same blanks to fill in; none is there for nothing.
func TestCatalogueIsWhole(t *testing.T) {
	all, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	templates, err := templateFiles.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`[{( ]t "([^"]+)"`)
	for _, f := range templates {
		b, err := templateFiles.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
			if _, ok := all["zh"].said[m[1]]; !ok {
				t.Errorf("%s asks for %q, which words.toml lacks", f.Name(), m[1])
			}
		}
	}
	blanks := regexp.MustCompile(`%[sd]`)
	for key, zh := range all["zh"].said {
		en := all["en"].said[key]
		if a, b := blanks.FindAllString(zh, -1), blanks.FindAllString(en, -1); strings.Join(a, "") != strings.Join(b, "") {
			t.Errorf("%s: blanks %v and %v", key, a, b)
		}
	}
	for _, st := range []alert.NoticeState{alert.StateReleased, alert.StateUpdated, alert.StateRetracted, alert.StateLifted, alert.StateEnded} {
		used["state."+string(st)] = true
	}
	for _, k := range alert.NoticeKinds {
		used["kind."+string(k)] = true
	}
	for _, v := range []alert.Verb{alert.Issue, alert.Update, alert.Correct, alert.Lift, alert.Retract} {
		used["verb."+string(v)] = true
	}
	for l := alert.White; l <= alert.Red; l++ {
		used["level."+l.String()] = true
	}
	for key := range used {
		if _, ok := all["en"].said[key]; !ok {
			t.Errorf("words.toml lacks %q", key)
		}
	}
}

// The words on a level's colour, and the body text, pass WCAG AA (4.5 to 1).
func TestColoursPassAA(t *testing.T) {
	css, err := assetFiles.ReadFile("assets/site.css")
	if err != nil {
		t.Fatal(err)
	}
	pair := func(where, ink, ground string) {
		t.Helper()
		if c := contrast(ink, ground); c < 4.5 {
			t.Errorf("%s: %s on %s has %.1f to 1", where, ink, ground, c)
		}
	}
	light, dark, _ := strings.Cut(string(css), "prefers-color-scheme: dark")
	levels := regexp.MustCompile(`\.lv-(\w+) \{ --lv: (#\w+); --on: (#\w+); --tint: (#\w+)`).FindAllStringSubmatch(light, -1)
	if len(levels) != 5 {
		t.Fatalf("%d levels in the style sheet, want 5", len(levels))
	}
	value := func(text, name string) string {
		t.Helper()
		m := regexp.MustCompile(`--` + name + `: (#\w+)`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no --%s", name)
		}
		return m[1]
	}
	for _, l := range levels {
		pair(l[1], l[3], l[2])
		pair(l[1]+" tint", value(light, "ink"), l[4])
	}
	for name, scheme := range map[string]string{"light": light, "dark": dark} {
		for _, ground := range []string{"paper", "ground"} {
			for _, ink := range []string{"ink", "soft", "link"} {
				pair(name+" "+ink+" on "+ground, value(scheme, ink), value(scheme, ground))
			}
		}
	}
	for _, m := range regexp.MustCompile(`\.lv-(\w+) \{ --tint: (#\w+)`).FindAllStringSubmatch(dark, -1) {
		pair("dark "+m[1], value(dark, "ink"), m[2])
	}
	pair("band", "#ffffff", "#5b1f99")
	pair("calling", "#ffffff", "#a3121c")
}

// contrast is WCAG's ratio of two colours.
func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + .05) / (math.Min(x, y) + .05)
}

func luminance(hex string) float64 {
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			return math.NaN()
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
