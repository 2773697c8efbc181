package cap

import (
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// sound is an alert without a fault, to be spoilt one place at a time.
const sound = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>44060041600000_20261124052000</identifier>
  <sender>station@weather.example</sender>
  <sent>2026-11-24T05:20:00+08:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>zh-CN</language>
    <category>Met</category>
    <event>暴雨</event>
    <urgency>Expected</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <effective>2026-11-24T05:20:00+08:00</effective>
    <expires>2026-11-24T11:20:00+08:00</expires>
    <senderName>佛山市气象台</senderName>
    <headline>佛山市气象台发布暴雨橙色预警信号</headline>
    <description>预计未来3小时降雨量将达50毫米以上。</description>
    <instruction>暂停户外作业。</instruction>
    <area>
      <areaDesc>禅城区</areaDesc>
      <polygon>22.9,113.0 22.9,113.2 23.1,113.2 22.9,113.0</polygon>
    </area>
  </info>
</alert>
`

// spoil replaces the first old by new; it fails the test when there is none.
func spoil(t *testing.T, pairs ...string) string {
	t.Helper()
	s := sound
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("the sample has no %q", pairs[i])
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return s
}

func TestSoundAlertIsReadWithoutAWord(t *testing.T) {
	a, warnings, err := Parse(strings.NewReader(sound))
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, warnings %v", err, warnings)
	}
	i := a.Info[0]
	if a.Identifier != "44060041600000_20261124052000" || a.Status != "Actual" || i.Event != "暴雨" ||
		i.Area[0].Polygon[0][1] != (alert.Point{Lat: 22.9, Lon: 113.2}) || formatTime(i.Expires) != "2026-11-24T11:20:00+08:00" {
		t.Fatalf("read as %+v", a)
	}
}

// What is dangerous, or cannot be understood, is refused with its place.
func TestRefusals(t *testing.T) {
	const update = "<msgType>Update</msgType>"
	refs := func(s string) []string {
		return []string{"<msgType>Alert</msgType>", update, "</scope>", "</scope><references>" + s + "</references>"}
	}
	polygon := func(s string) []string {
		return []string{"22.9,113.0 22.9,113.2 23.1,113.2 22.9,113.0", s}
	}
	for _, c := range []struct {
		name  string
		spoil []string
		field string
		line  int
	}{
		{"R15 status in lower case", []string{">Actual<", ">actual<"}, "status", 6},
		{"R15 status with blanks", []string{">Actual<", "> Actual <"}, "status", 6},
		{"R15 unknown status", []string{">Actual<", ">Live<"}, "status", 6},
		{"R15 unknown msgType", []string{">Alert<", ">Warning<"}, "msgType", 7},
		{"unknown scope", []string{">Public<", ">Everyone<"}, "scope", 8},
		{"time with Z", []string{"05:20:00+08:00</sent>", "05:20:00Z</sent>"}, "sent", 5},
		{"time with a fraction", []string{"05:20:00+08:00</sent>", "05:20:00.5+08:00</sent>"}, "sent", 5},
		{"time without a zone", []string{"05:20:00+08:00</sent>", "05:20:00</sent>"}, "sent", 5},
		{"29 February of a common year", []string{"2026-11-24T05:20:00+08:00</sent>", "2026-02-29T05:20:00+08:00</sent>"}, "sent", 5},
		{"order", []string{"<severity>Severe</severity>\n    <certainty>Likely</certainty>", "<certainty>Likely</certainty>\n    <severity>Severe</severity>"}, "info[1]/certainty", 14},
		{"missing", []string{"    <urgency>Expected</urgency>\n", ""}, "info[1]/severity", 13},
		{"twice", []string{"</headline>", "</headline><headline>x</headline>"}, "info[1]/headline", 19},
		{"unknown element", []string{"<area>", "<region/><area>"}, "info[1]/region", 22},
		{"foreign element", []string{"<area>", `<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><area>`}, "include", 22},
		{"attribute", []string{"<headline>", `<headline kind="x">`}, "headline", 19},
		{"text between elements", []string{"<area>", "see map <area>"}, "info[1]", 9},
		{"element inside text", []string{"暂停户外作业", "<b>暂停</b>户外作业"}, "info[1]/instruction/b", 21},
		{"valueName without value", []string{"<area>", "<parameter><valueName>x</valueName></parameter><area>"}, "info[1]/parameter[1]", 22},
		{"empty event", []string{"暴雨</event>", "</event>"}, "info[1]/event", 12},
		{"identifier with a blank", []string{"44060041600000_20261124052000", "44060041600000 20261124052000"}, "identifier", 3},
		{"sender with a comma", []string{"station@", "station,"}, "sender", 4},
		{"sender with a hidden mark", []string{"station@", "station\u202e@"}, "sender", 4},
		{"end before start", []string{"T11:20:00+08:00</expires>", "T04:20:00+08:00</expires>"}, "info[1]/expires", 17},
		{"update without references", []string{"<msgType>Alert</msgType>", update}, "references", 2},
		{"references of one part", refs("earlier"), "references", 8},
		{"references split by semicolons", refs("a,b,2026-11-24T05:00:00+08:00;a,c,2026-11-24T05:00:00+08:00"), "references", 8},
		{"references from the future", refs("a,b,2026-11-24T06:00:00+08:00"), "references", 8},
		{"restriction without scope", []string{"</scope>", "</scope><restriction>staff</restriction>"}, "restriction", 8},
		{"private without addresses", []string{">Public<", ">Private<"}, "addresses", 2},
		{"open polygon", polygon("22.9,113.0 22.9,113.2 23.1,113.2 22.9,113.1"), "info[1]/area[1]/polygon[1]", 24},
		{"longitude first", polygon("113.0,22.9 113.2,22.9 113.2,23.1 113.0,22.9"), "info[1]/area[1]/polygon[1]", 24},
		{"three points", polygon("22.9,113.0 22.9,113.2 22.9,113.0"), "info[1]/area[1]/polygon[1]", 24},
		{"not a number", polygon("NaN,113.0 22.9,113.2 23.1,113.2 NaN,113.0"), "info[1]/area[1]/polygon[1]", 24},
		{"hexadecimal", polygon("0x16,113.0 22.9,113.2 23.1,113.2 0x16,113.0"), "info[1]/area[1]/polygon[1]", 24},
		{"ceiling alone", []string{"</polygon>", "</polygon><ceiling>100</ceiling>"}, "info[1]/area[1]/ceiling", 24},
		{"web without a host", []string{"<area>", "<web>/here</web><area>"}, "info[1]/web", 22},
		{"mimeType of one word", []string{"<area>", "<resource><resourceDesc>m</resourceDesc><mimeType>picture</mimeType></resource><area>"}, "info[1]/resource[1]/mimeType", 22},
		{"relative uri, nothing attached", []string{"<area>", "<resource><resourceDesc>m</resourceDesc><mimeType>image/png</mimeType><uri>a.png</uri></resource><area>"}, "info[1]/resource[1]/uri", 22},
		{"language with an underscore", []string{"zh-CN", "zh_CN"}, "info[1]/language", 10},
		{"namespace with a slash", []string{"cap:1.2", "cap:1.2/"}, "alert", 2},
		{"a feed", []string{`<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">`, `<feed xmlns="http://www.w3.org/2005/Atom">`, "</alert>", "</feed>"}, "feed", 2},
		{"two alerts in one file", []string{"</alert>", `</alert><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>`}, "alert", 27},
		{"words after the end", []string{"</alert>", "</alert>more"}, "", 27},
		{"cut off", []string{"</info>\n</alert>", ""}, "", 27},
		{"undefined entity", []string{"暴雨", "&rain;"}, "", 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Parse(strings.NewReader(spoil(t, c.spoil...)))
			ps := alert.AsProblems(err)
			if len(ps) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			if p := ps[0]; p.Field != c.field || p.Line != c.line || p.Column < 1 || p.ZH == "" || p.EN == "" {
				t.Errorf("problem at %q line %d column %d: %s %s; want %q line %d", p.Field, p.Line, p.Column, p.ZH, p.EN, c.field, c.line)
			}
		})
	}
}

// What other authorities do and what does no harm is read, with a word.
func TestLeniency(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil []string
		field string // of the warning; "-" for none
	}{
		{"byte order mark", []string{"<?xml", "\ufeff<?xml"}, "-"},
		{"no declaration", []string{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""}, "-"},
		{"schema hint", []string{"<alert ", `<alert xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" `}, "-"},
		{"comments and instructions", []string{"<info>", "<!-- c --><?x y?><info>"}, "-"},
		{"a stylesheet, never fetched", []string{"<alert ", `<?xml-stylesheet href="http://127.0.0.1:9/x" type="text/xsl"?><alert `}, "-"},
		{"CDATA", []string{"暴雨</event>", "<![CDATA[暴雨]]></event>"}, "-"},
		{"empty optional texts", []string{"</scope>", "</scope><restriction/><addresses/><note></note><incidents/>"}, "-"},
		{"UTC as -00:00", []string{"+08:00</sent>", "-00:00</sent>"}, "info[1]/expires"},
		{"midnight as 24:00", []string{"T11:20:00+08:00</expires>", "T24:00:00+08:00</expires>"}, "-"},
		{"blanks around a time", []string{"<sent>2026", "<sent>\n 2026"}, "-"},
		{"language in capitals", []string{"zh-CN", "ZH-cn"}, "-"},
		{"circle without a radius", []string{"</polygon>", "</polygon><circle>23,113 0</circle>"}, "-"},
		{"exponent near Greenwich", []string{"113.0 22.9,113.2 23.1,113.2 22.9,113.0", "9.5E-5 22.9,113.2 23.1,113.2 22.9,9.5E-5"}, "-"},
		{"an enveloped signature", []string{"</info>\n</alert>", `</info><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo Id="x"><a>b</a></SignedInfo></Signature></alert>`}, "-"},
		{"a signature that stands first", []string{"<identifier>", `<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/><identifier>`}, "-"},
		{"references on several lines", []string{">Alert<", ">Update<", "</scope>", "</scope><references>a,b,2026-11-24T05:00:00+08:00\n\t a,c,2026-11-24T05:10:00+08:00</references>"}, "-"},
		{"a reference to itself", []string{">Alert<", ">Update<", "</scope>", "</scope><references>station@weather.example,44060041600000_20261124052000,2026-11-24T05:20:00+08:00</references>"}, "references"},
		{"a reference a minute late", []string{">Alert<", ">Update<", "</scope>", "</scope><references>a,b,2026-11-24T05:21:00+08:00</references>"}, "references"},
		{"empty references of an alert", []string{"</scope>", "</scope><references/>"}, "references"},
		{"a comment inside the identifier", []string{"44060041600000_", "44060041600000_<!-- -->"}, "identifier"},
		{"blanks around the identifier", []string{">44060041600000_20261124052000<", ">\n44060041600000_20261124052000\n<"}, "identifier"},
		{"a test", []string{">Actual<", ">Test<"}, "status"},
		{"an exercise without a note", []string{">Actual<", ">Exercise<"}, "note"},
		{"no end", []string{"    <expires>2026-11-24T11:20:00+08:00</expires>\n", ""}, "info[1]"},
		{"HTML", []string{"暂停户外作业", "暂停&lt;br/&gt;户外作业"}, "info[1]/instruction"},
		{"double escapes", []string{"暂停户外作业", "暂停&amp;quot;户外作业"}, "info[1]/instruction"},
		{"writing turned around", []string{"暂停户外作业", "暂停\u202e户外作业"}, "info[1]/instruction"},
		{"a host without http", []string{"<area>", "<web>www.weather.example</web><area>"}, "info[1]/web"},
		{"a script for an address", []string{"<area>", "<web>javascript:alert(1)</web><area>"}, "info[1]/web"},
		{"codes before polygons", []string{"<polygon>", "<geocode><valueName>UGC</valueName><value>VAZ048</value></geocode><polygon>"}, "info[1]/area[1]/polygon"},
		{"a lone sign", []string{"</polygon>", "</polygon>+"}, "info[1]/area[1]"},
		{"a broken polygon beside a code", []string{"22.9,113.0 22.9,113.2", "113.0,22.9 22.9,113.2", "</polygon>", "</polygon><geocode><valueName>x</valueName><value>1</value></geocode>"}, "info[1]/area[1]/polygon[1]"},
		{"edges that cross", []string{"22.9,113.0 22.9,113.2 23.1,113.2 22.9,113.0", "22.9,113.0 23.1,113.2 23.1,113.0 22.9,113.2 22.9,113.0"}, "info[1]/area[1]/polygon[1]"},
		{"over the date line", []string{"22.9,113.0 22.9,113.2 23.1,113.2 22.9,113.0", "22.9,179.0 22.9,181.2 23.1,181.2 22.9,179.0"}, "info[1]/area[1]/polygon[1]"},
		{"xml:lang", []string{"<headline>", `<headline xml:lang="zh">`}, "headline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, warnings, err := Parse(strings.NewReader(spoil(t, c.spoil...)))
			if err != nil {
				t.Fatal(err)
			}
			found := c.field == "-" && len(warnings) == 0
			for _, w := range warnings {
				found = found || w.Field == c.field && w.Line > 0 && w.ZH != "" && w.EN != ""
			}
			if !found {
				t.Errorf("warnings %+v, want one about %q", warnings, c.field)
			}
			again(t, c.name, a)
		})
	}
}

func TestCommentCannotHideHalfOfAnIdentifier(t *testing.T) {
	a, _, err := Parse(strings.NewReader(spoil(t, "44060041600000_", "44060041600000<!-- x -->_")))
	if err != nil || a.Identifier != "44060041600000_20261124052000" {
		t.Fatalf("identifier %q, %v", a.Identifier, err)
	}
}

func TestOlderVersions(t *testing.T) {
	old := spoil(t, "cap:1.2", "cap:1.1", "05:20:00+08:00</sent>", "05:20:00.250</sent>")
	_, _, err := Parse(strings.NewReader(old))
	if err == nil || !strings.Contains(err.Error(), "CAP 1.1") {
		t.Errorf("without Older: %v, want a refusal that names the version", err)
	}
	a, warnings, err := Parse(strings.NewReader(old), Older())
	if err != nil || a.Version != "1.1" || len(warnings) == 0 {
		t.Errorf("with Older: %v, warnings %v", err, warnings)
	}
	_, _, err = Parse(strings.NewReader(spoil(t, "urn:oasis:names:tc:emergency:cap:1.2", "http://www.incident.com/cap/1.0")), Older())
	if err == nil || !strings.Contains(err.Error(), "CAP 1.0") {
		t.Errorf("version 1.0: %v, want a refusal that names it", err)
	}
}
