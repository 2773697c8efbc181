package alert

import (
	"slices"
	"testing"
)

func TestFoshanHasFiveDistrictsAndTheirTowns(t *testing.T) {
	g := Foshan()
	if n := len(g.Districts()); n != 5 {
		t.Errorf("%d districts", n)
	}
	towns := 0
	for _, d := range g.Districts() {
		towns += len(g.Children(d))
		if div, _ := g.Lookup(d); len(div.Outlines) == 0 || div.Label == (Point{}) {
			t.Errorf("%s has no outline or label", div.Name)
		}
	}
	if towns != 32 {
		t.Errorf("%d towns", towns)
	}
}

// Each district's own outline touches that district alone, though neighbours
// share their borders: a polygon must not spill over.
func TestAnOutlineTouchesOnlyItsOwnDistrict(t *testing.T) {
	g := Foshan()
	for _, d := range g.Districts() {
		div, _ := g.Lookup(d)
		for _, o := range div.Outlines {
			if got := g.Touching(o); !slices.Equal(got, []string{d}) {
				t.Errorf("outline of %s touches %v", div.Name, got)
			}
		}
		if got := g.At(div.Label); got != d {
			t.Errorf("label of %s lies in %q", div.Name, got)
		}
	}
}

func TestPlacesInWords(t *testing.T) {
	g := Foshan()
	for text, want := range map[string][]string{
		"禅城区、南海区大部":    {"440604", "440605"},
		"禅城区祖庙街道":      {"440604012"},
		"南海区桂城、顺德":     {"440605011", "440606"},
		"广州市天河区":       nil,
		"三水区云东海街道、乐平镇": {"440607004", "440607103"},
	} {
		got := g.InText(text)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if got := g.Describe([]string{"440604", "440605011"}); got != "禅城区、南海区桂城街道" {
		t.Error(got)
	}
	if got := g.Describe(g.Districts()); got != "佛山市" {
		t.Error(got)
	}
}

func TestCoversBothWays(t *testing.T) {
	g := Foshan()
	for _, c := range []struct {
		area, place string
		want        bool
	}{{"440604", "440604012", true}, {"440604012", "440604", true}, {"440600", "440604012", true}, {"440604", "440605", false}, {"440604012", "440604011", false}, {"999999", "440604", false}} {
		if got := g.Covers(c.area, c.place); got != c.want {
			t.Errorf("%s covers %s: %v", c.area, c.place, got)
		}
	}
}

func TestCircleTouches(t *testing.T) {
	g := Foshan()
	zumiao := Point{23.0292, 113.1130}
	if got := g.TouchingCircle(zumiao, 0.5); !slices.Equal(got, []string{"440604"}) {
		t.Errorf("half a kilometre around 祖庙: %v", got)
	}
	if got := g.TouchingCircle(zumiao, 200); len(got) != 5 {
		t.Errorf("200 km: %v", got)
	}
	if got := g.TouchingCircle(Point{39.9, 116.4}, 5); got != nil {
		t.Errorf("Beijing: %v", got)
	}
}
