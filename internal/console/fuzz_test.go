package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// Whatever a form holds, reading it ends, keeps to the city's rules of areas,
// and reading what was read gives the same again.
func FuzzContentForm(f *testing.F) {
	f.Add("kind=caution&hazard=XCHEM&level=orange&areas=440604&areas=440604010&effective=2026-11-24T15:00&expires=2026-11-24T21:00&channels=sms")
	f.Add("kind=relay&hazard=11B01&level=yellow&areas=440600&suspend.440604=yes&suspend_text.440604=x&suspend.440605=no&source_name=a&source_sent=b")
	f.Add("effective=9999-99-99T99:99&level=purple&areas=&areas=%00&openness=closed")
	c := &Console{Config: Config{Gazetteer: alert.Foshan()}}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil || len(query) > maxForm {
			return
		}
		values.Del("template") // needs a desk
		n, ps := c.contentFromForm(&seat{}, values, alert.Content{})
		for _, p := range ps {
			if p.Field == "" || p.ZH == "" || p.EN == "" {
				t.Errorf("a problem without a word: %+v", p)
			}
		}
		for i, a := range n.Areas {
			for _, b := range n.Areas[i+1:] {
				if a == b {
					t.Errorf("area %q stands twice", a)
				}
			}
		}
		for _, s := range n.Suspend {
			if !alert.SuspendsClasses(n.Hazard, n.Level) || s.Confirmed && values.Get("suspend."+s.District) != "yes" {
				t.Errorf("a suspension nobody asked for: %+v", s)
			}
		}
		if again, _ := c.contentFromForm(&seat{}, values, n); again.Hash("n", 1, alert.Issue, alert.Drill) != n.Hash("n", 1, alert.Issue, alert.Drill) && len(ps) == 0 && utf8.ValidString(query) {
			t.Errorf("read twice: %+v and %+v", n, again)
		}
	})
}

// A JSON body becomes a content or a problem with words, never anything else.
func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{`{"level":"red"}`, `{"levels":1}`, `{"effective":"x"}`, `{"areas":1}`, `[`, ``, `{} {}`, `{"source":{"sent":"2026-01-01T00:00:00Z"}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var n alert.Content
		err := readJSON(strings.NewReader(body), &n)
		if err == nil {
			return
		}
		ps := alert.AsProblems(err)
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); len(ps) == 0 && !tooLarge {
			t.Fatalf("an error without words for %q: %v", body, err)
		}
		if fail := explain(err); fail.Status < 400 || fail.Status >= 500 {
			t.Errorf("status %d for %q", fail.Status, body)
		}
	})
}

// A stored hash, a device mark and a sign-in's next page come from outside too.
func FuzzSecrets(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c2FsdA$a2V5", "x.y", "/desk/chen/../li/")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$", "", "//evil.example/")
	f.Fuzz(func(t *testing.T, phc, mark, next string) {
		if len(phc) < 40 && verify(phc, "secret") {
			t.Error("a hash of nothing fits")
		}
		if device([]byte("key"), "chen", mark) != "" {
			t.Error("a forged mark fits")
		}
		if to := nextPage("chen", next); !strings.HasPrefix(to, "/desk/chen/") || strings.Contains(to, "..") {
			t.Errorf("leads to %q", to)
		}
	})
}
