package cap

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"mingluo/internal/alert"
)

// endless gives a head and then the same piece for ever, and counts.
type endless struct {
	head, piece string
	given       int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.head)
	e.head = e.head[n:]
	for n < len(p) {
		n += copy(p[n:], e.piece)
	}
	e.given += n
	return n, nil
}

func TestEndlessInputIsReadToTheLimitOnly(t *testing.T) {
	in := &endless{head: sound[:strings.Index(sound, "暴雨")], piece: "A"}
	_, _, err := Parse(in)
	if ps := alert.AsProblems(err); len(ps) != 1 || ps[0].Kind != alert.TooLarge {
		t.Fatalf("got %v, want too large", err)
	}
	if in.given > MaxBytes+64<<10 {
		t.Errorf("read %d bytes, limit %d", in.given, MaxBytes)
	}
}

// quickest measures what the work takes when nothing else is in the way: the
// best of a few tries, since tests of other packages share the machine.
func quickest(work func()) time.Duration {
	if !timed {
		return 0
	}
	best := time.Duration(1<<63 - 1)
	for range 4 {
		began := time.Now()
		work()
		if best = min(best, time.Since(began)); best < slowest/4 {
			break
		}
	}
	return best
}

// fill stands for a piece that expand repeats until the document has nearly
// the greatest size, so that the table of documents stays small.
func fill(piece string) string { return "⟦" + piece + "⟧" }

func expand(doc string) string {
	before, rest, ok := strings.Cut(doc, "⟦")
	if !ok {
		return doc
	}
	piece, after, _ := strings.Cut(rest, "⟧")
	return before + strings.Repeat(piece, largest/len(piece)) + after
}

// Whatever the four MiB hold, the answer comes fast and in bounded memory.
func TestHostileInputIsRefusedFast(t *testing.T) {
	before, after, _ := strings.Cut(sound, "  <info>")
	after = "  <info>" + after
	root := `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">`
	infoBlock := after[:strings.Index(after, "</info>")+len("</info>")]
	for name, doc := range map[string]string{
		"document type":     "<!DOCTYPE alert>" + sound[39:],
		"entities":          `<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]>` + sound[39:],
		"lower case":        "<!doctype alert>" + sound[39:],
		"inside":            before + `<!ENTITY x "y">` + after,
		"depth":             before + fill("<x>"),
		"elements":          before + fill("<code/>"),
		"comments":          before + fill("<!---->"),
		"instructions":      before + fill("<?a?>"),
		"CDATA":             before + "<note>" + fill("<![CDATA[]]>") + "</note>" + after,
		"a long name":       "<" + fill("a") + "/>",
		"a long attribute":  `<alert x="` + fill("a") + `"/>`,
		"a long comment":    before + "<!--" + fill("a"),
		"attributes":        "<alert " + strings.Repeat(`a="1" `, 5000) + "/>",
		"infos":             before + strings.Repeat(infoBlock, 3000) + "</alert>",
		"a long identifier": strings.Replace(sound, "44060041600000", fill("4"), 1),
		"a long text":       strings.Replace(sound, "预计", fill("预计"), 1),
		"tags in a text":    strings.Replace(sound, "预计", fill("&lt;a"), 1),
		"open quotes":       strings.Replace(sound, "</scope>", "</scope><addresses>"+fill(`"a `)+`"</addresses>`, 1),
		"references":        strings.Replace(sound, "</scope>", "</scope><references>"+fill("a ")+"</references>", 1),
		"blanks":            fill(" "),
		"zeros":             fill("\x00"),
		"half a tag":        root + fill("<"),
		"a broken polygon":  strings.Replace(sound, "23.1,113.2", fill("22.9,113.0 ")+"x", 1),
		"a polygon blob":    strings.Replace(sound, "23.1,113.2", fill("1"), 1),
		"base64 that is no": strings.Replace(sound, "    <area>", "<resource><resourceDesc>x</resourceDesc><mimeType>image/png</mimeType><derefUri>"+fill("A")+"*</derefUri></resource><area>", 1),
		"gzip":              "\x1f\x8b\x08\x00" + fill("a"),
	} {
		t.Run(name, func(t *testing.T) {
			doc := expand(doc)
			var m0, m1 runtime.MemStats
			runtime.ReadMemStats(&m0)
			_, _, err := Parse(strings.NewReader(doc))
			runtime.ReadMemStats(&m1)
			if ps := alert.AsProblems(err); len(ps) != 1 {
				t.Fatalf("got %v, want a refusal", err)
			} else if len(ps[0].EN) > 600 {
				t.Errorf("the sentence has %d bytes", len(ps[0].EN))
			}
			took := quickest(func() { Parse(strings.NewReader(doc)) })
			if took > 3*slowest { // these are as large as can be
				t.Errorf("refused after %v", took)
			}
			if used := m1.TotalAlloc - m0.TotalAlloc; used > 80<<20 {
				t.Errorf("allocated %d MiB for %d bytes", used>>20, len(doc))
			}
			t.Logf("%v, %d KiB: %.120v", took.Round(time.Microsecond), (m1.TotalAlloc-m0.TotalAlloc)>>10, err)
		})
	}
}

// The largest things that are allowed are also bounded.
func TestLargestAlertsAreReadInTime(t *testing.T) {
	g := alert.Foshan()
	now := beijing("2026-11-24 05:20")
	ring := func(n int) string { return "22.9,113.0 " + strings.Repeat("22.9,113.2 23.1,113.2 ", n) + "22.9,113.0" }
	area := func(n int) string {
		return strings.Repeat("<area><areaDesc>x</areaDesc><polygon>"+ring(2)+"</polygon></area>", n)
	}
	for name, doc := range map[string]string{
		"a polygon of 180,000 points": strings.Replace(sound, "23.1,113.2", ring(90_000/scale), 1),
		"4,000 areas":                 strings.Replace(sound, "    <area>", area(4000/scale)+"    <area>", 1),
		"a hundred thousand words":    strings.Replace(sound, "禅城区", strings.Repeat("佛山市禅城区祖庙街道", 8_000/scale), 1),
	} {
		a, _, err := Parse(strings.NewReader(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := Draft(a, g, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		read := quickest(func() { Parse(strings.NewReader(doc)) })
		drafted := quickest(func() { Draft(a, g, now) })
		if t.Logf("%s: %v to read, %v to draft", name, read, drafted); read+drafted > 5*slowest {
			t.Errorf("%s takes too long", name)
		}
	}
}

func TestEncodings(t *testing.T) {
	latin := strings.Replace(sound, "UTF-8", "ISO-8859-1", 1)
	latin = strings.Map(func(r rune) rune {
		if r > 0xFF {
			return 'é'
		}
		return r
	}, latin)
	var latinBytes []byte
	for _, r := range latin {
		latinBytes = append(latinBytes, byte(r))
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(sound)
	if err != nil {
		t.Fatal(err)
	}
	wide := func(s string) []byte {
		out := []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(s)) {
			out = append(out, byte(u), byte(u>>8))
		}
		return out
	}
	for _, c := range []struct {
		name  string
		doc   []byte
		event string // "" for a refusal
	}{
		{"Latin 1", latinBytes, "éé"},
		{"GB18030, declared", []byte(strings.Replace(gb, "UTF-8", "GB18030", 1)), "暴雨"},
		{"GB2312, declared", []byte(strings.Replace(gb, "UTF-8", "gb2312", 1)), "暴雨"},
		{"UTF-16", wide(strings.Replace(sound, "UTF-8", "UTF-16", 1)), "暴雨"},
		{"GB18030 that says UTF-8", []byte(gb), ""},
		{"UTF-8 that says UTF-16", []byte(strings.Replace(sound, "UTF-8", "UTF-16", 1)), ""},
		{"UTF-16 that says UTF-8", wide(sound), ""},
		{"UTF-8 with a mark that says GB18030", []byte("\ufeff" + strings.Replace(sound, "UTF-8", "GB18030", 1)), ""},
		{"half a UTF-16 character", wide(strings.Replace(sound, "UTF-8", "UTF-16", 1))[:201], ""},
		{"UTF-7", []byte(strings.Replace(sound, "UTF-8", "UTF-7", 1)), ""},
		{"a broken character", []byte(strings.Replace(sound, "暴", "\xe6\x9a", 1)), ""},
		{"a control character", []byte(strings.Replace(sound, "暴", "\x01", 1)), ""},
		{"a control character by number", []byte(strings.Replace(sound, "暴", "&#1;", 1)), ""},
	} {
		a, _, err := Parse(bytes.NewReader(c.doc))
		switch {
		case c.event == "" && len(alert.AsProblems(err)) != 1:
			t.Errorf("%s: got %v, want a refusal", c.name, err)
		case c.event != "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.event != "" && a.Info[0].Event != c.event:
			t.Errorf("%s: event %q", c.name, a.Info[0].Event)
		}
	}
}

func TestReaderErrorsStayErrors(t *testing.T) {
	_, _, err := Parse(io.MultiReader(strings.NewReader(sound[:100]), brokenReader{}))
	if err == nil || alert.AsProblems(err) != nil {
		t.Errorf("got %v, want the reader's own error", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
