package cap

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Encode writes the alert as CAP 1.2 in UTF-8, in the schema's order, indented
// by two blanks. It refuses what [Parse] would refuse, so that nothing leaves
// that we would not take back; the error is an [*alert.Problem].
func (a *Alert) Encode() ([]byte, error) {
	w := writer{}
	w.buf.WriteString(xml.Header)
	w.buf.WriteString(`<alert xmlns="` + Namespace + `">` + "\n")
	w.depth = 1
	w.need("identifier", a.Identifier)
	w.need("sender", a.Sender)
	w.time("sent", a.Sent)
	w.need("status", a.Status)
	w.need("msgType", a.MsgType)
	w.some("source", a.Source)
	w.need("scope", a.Scope)
	w.some("restriction", a.Restriction)
	w.some("addresses", a.Addresses)
	w.each("code", a.Code)
	w.some("note", a.Note)
	w.some("references", formatReferences(a.References))
	w.some("incidents", a.Incidents)
	for i := range a.Info {
		w.block("info", func() { w.info(&a.Info[i]) })
	}
	w.buf.WriteString("</alert>\n")
	if _, _, err := Parse(bytes.NewReader(w.buf.Bytes())); err != nil {
		return nil, fmt.Errorf("encode cap alert %s: %w", a.Identifier, err)
	}
	return w.buf.Bytes(), nil
}

func formatReferences(refs []Reference) string {
	var out []string
	for _, r := range refs {
		out = append(out, r.Sender+","+r.Identifier+","+formatTime(r.Sent))
	}
	return strings.Join(out, " ")
}

func (w *writer) info(i *Info) {
	w.some("language", i.Language)
	w.each("category", i.Category)
	w.need("event", i.Event)
	w.each("responseType", i.ResponseType)
	w.need("urgency", i.Urgency)
	w.need("severity", i.Severity)
	w.need("certainty", i.Certainty)
	w.some("audience", i.Audience)
	w.pairs("eventCode", i.EventCode)
	w.time("effective", i.Effective)
	w.time("onset", i.Onset)
	w.time("expires", i.Expires)
	w.some("senderName", i.SenderName)
	w.some("headline", i.Headline)
	w.some("description", i.Description)
	w.some("instruction", i.Instruction)
	w.some("web", i.Web)
	w.some("contact", i.Contact)
	w.pairs("parameter", i.Parameter)
	for k := range i.Resource {
		w.block("resource", func() { w.resource(&i.Resource[k]) })
	}
	for k := range i.Area {
		w.block("area", func() { w.area(&i.Area[k]) })
	}
}

func (w *writer) resource(r *Resource) {
	w.need("resourceDesc", r.ResourceDesc)
	w.need("mimeType", r.MimeType)
	if r.Size != 0 {
		w.need("size", strconv.FormatInt(r.Size, 10))
	}
	w.some("uri", r.URI)
	w.some("derefUri", r.DerefURI)
	w.some("digest", r.Digest)
}

func (w *writer) area(a *Area) {
	w.need("areaDesc", a.AreaDesc)
	for _, r := range a.Polygon {
		w.need("polygon", formatRing(r))
	}
	for _, c := range a.Circle {
		w.need("circle", formatPoint(c.Center)+" "+formatNumber(c.RadiusKM))
	}
	w.pairs("geocode", a.Geocode)
	w.some("altitude", a.Altitude)
	w.some("ceiling", a.Ceiling)
}

func formatRing(r alert.Ring) string {
	var b strings.Builder
	for i, p := range r {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(formatPoint(p))
	}
	return b.String()
}

// writer writes elements one a line.
type writer struct {
	buf   bytes.Buffer
	depth int
}

func (w *writer) indent() {
	for range w.depth {
		w.buf.WriteString("  ")
	}
}

// need writes the element whatever it holds.
func (w *writer) need(name, value string) {
	w.indent()
	w.buf.WriteString("<" + name + ">")
	writeText(&w.buf, value)
	w.buf.WriteString("</" + name + ">\n")
}

// some writes the element if it holds something.
func (w *writer) some(name, value string) {
	if value != "" {
		w.need(name, value)
	}
}

func (w *writer) each(name string, values []string) {
	for _, v := range values {
		w.need(name, v)
	}
}

func (w *writer) time(name string, t time.Time) {
	if !t.IsZero() {
		w.need(name, formatTime(t))
	}
}

func (w *writer) pairs(name string, values []NamedValue) {
	for _, v := range values {
		w.block(name, func() {
			w.need("valueName", v.ValueName)
			w.need("value", v.Value)
		})
	}
}

func (w *writer) block(name string, inside func()) {
	w.indent()
	w.buf.WriteString("<" + name + ">\n")
	w.depth++
	inside()
	w.depth--
	w.indent()
	w.buf.WriteString("</" + name + ">\n")
}

// writeText escapes what XML needs escaped and drops what XML forbids. Quotes
// and line ends stay as they are, so that the source can be read by people.
func writeText(buf *bytes.Buffer, s string) {
	for _, r := range s {
		switch {
		case r == '&':
			buf.WriteString("&amp;")
		case r == '<':
			buf.WriteString("&lt;")
		case r == '>':
			buf.WriteString("&gt;")
		case r == '\r':
			buf.WriteString("&#13;")
		case r < 0x20 && r != '\n' && r != '\t', r == 0xFFFE, r == 0xFFFF:
		default:
			buf.WriteRune(r)
		}
	}
}
