package templates

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

func shipped(t testing.TB) []alert.TemplateVersion {
	t.Helper()
	set, err := Foshan()
	if err != nil {
		t.Fatal(err)
	}
	var out []alert.TemplateVersion
	for _, x := range set {
		out = append(out, alert.TemplateVersion{Template: x, Hash: x.Hash()})
	}
	return out
}

// TestEveryShippedTemplateCanGoOut fills each with samples and checks the
// notice as a release would, in both modes.
func TestEveryShippedTemplateCanGoOut(t *testing.T) {
	g, now := alert.Foshan(), time.Now().UTC().Truncate(time.Minute)
	seen, quick := map[string]bool{}, map[int]string{}
	for _, x := range shipped(t) {
		if seen[x.ID] {
			t.Errorf("%s stands twice", x.ID)
		}
		seen[x.ID] = true
		if x.Quick > 0 {
			if quick[x.Quick] != "" {
				t.Errorf("%s and %s are both button %d", x.ID, quick[x.Quick], x.Quick)
			}
			quick[x.Quick] = x.ID
		}
		if x.HeadlineEN == "" || x.TextEN == "" {
			t.Errorf("%s has no English", x.ID)
		}
		if x.Daytime && (x.Occasion == "" || len(x.Groups) == 0) {
			t.Errorf("%s is a daytime notice without an occasion or groups", x.ID)
		}
		c := alert.Content{
			Areas: []string{"440604"}, AreaDesc: "禅城区", SenderName: "佛山市应急管理局", Contact: "12345", Effective: now, Expires: now.Add(time.Duration(x.Hours) * time.Hour),
			Authority: alert.Authority{Basis: "own"}, Scope: x.Scope, Openness: alert.Openness{Attribute: "active"},
		}
		if x.Kind == alert.KindRelay {
			c.Source = &alert.Source{Sender: "s", Identifier: "i", Sent: now, Name: "佛山市气象台"}
		}
		values := map[string]string{}
		for _, f := range x.Fields {
			values[f.Name] = f.Sample(now)
		}
		c, ps := x.Template.Fill(c, values)
		if ps != nil {
			t.Errorf("%s: %v", x.ID, ps)
			continue
		}
		for _, mode := range []alert.Mode{alert.Live, alert.Drill} {
			if ps := c.Check(g, mode, now); ps != nil {
				t.Errorf("%s, %s: %v", x.ID, mode, ps)
			}
		}
		// R13: place and time stand in the text itself.
		text := c.Headline + c.Description
		if !strings.Contains(text, "禅城区") {
			t.Errorf("%s does not say where: %s", x.ID, text)
		}
	}
	for n := 1; n <= 9; n++ {
		if quick[n] == "" {
			t.Errorf("the big button %d has no template", n)
		}
	}
}

func TestPeopleFindATemplateTheWayTheyType(t *testing.T) {
	f := NewFinder(shipped(t))
	for query, want := range map[string]string{
		"tf": "typhoon-red", "台风": "typhoon-red", "taifeng": "typhoon-red", "tfhuang": "", "台风黄": "typhoon-yellow", "tfhs": "typhoon-red",
		"by": "rain-red", "baoyu": "rain-red", "暴雨红色": "rain-red", "BYHS": "rain-red", "bao yu": "rain-red",
		"xl": "chem-leak", "液氨": "chem-leak", "mq": "gas-leak", "煤气": "gas-leak", "节后": "after-holiday", "jhfg": "after-holiday", "typhoon yellow": "typhoon-yellow",
		"今冬": "winter-spring", "火灾": "fire", "hz": "fire",
	} {
		got := f.Find(query)
		switch {
		case want == "" && len(got) > 0:
			t.Errorf("%q found %s", query, got[0].ID)
		case want != "" && (len(got) == 0 || !slices.ContainsFunc(got[:min(3, len(got))], func(x alert.TemplateVersion) bool { return x.ID == want })):
			ids := []string{}
			for _, x := range got {
				ids = append(ids, x.ID)
			}
			t.Errorf("%q: want %s among the first three of %v", query, want, ids)
		}
	}
	if all := f.Find(" "); len(all) != len(shipped(t)) || all[0].Quick != 1 || all[8].Quick != 9 {
		t.Errorf("an empty query: %d found, first %d", len(all), all[0].Quick)
	}
}

func FuzzFind(f *testing.F) {
	finder := NewFinder(shipped(f))
	f.Add("tf")
	f.Add("台\x00风\u202e")
	f.Fuzz(func(t *testing.T, q string) {
		finder.Find(q)
	})
}

func BenchmarkFind(b *testing.B) {
	f := NewFinder(shipped(b))
	for b.Loop() {
		f.Find("tfh")
	}
}
