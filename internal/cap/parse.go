package cap

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"mingluo/internal/alert"
)

// Option changes what [Parse] lets through.
type Option func(*options)

type options struct{ older bool }

// Older also reads CAP 1.1, with a warning. Without it, 1.1 is refused with a
// sentence that says so. CAP 1.0 is never read: its codes and its "Very
// Likely" mean something else.
func Older() Option { return func(o *options) { o.older = true } }

// Parse reads one CAP 1.2 alert. It reads at most [MaxBytes] (one byte more to
// know that there is more), looks at nothing but r, and takes time and memory
// in proportion to what it read.
//
// The error is an [*alert.Problem] that says what is wrong, where, and what to
// do; other errors are r's own. Warnings come also beside an error, as far as
// the reading went.
func Parse(r io.Reader, opts ...Option) (*Alert, []Warning, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	text, err := load(r)
	if err != nil {
		return nil, nil, err
	}
	if err := guard(text); err != nil {
		return nil, nil, err
	}
	rep := &report{places: map[string]place{}}
	t, err := readTree(text, o.older, rep)
	if err != nil {
		return nil, rep.warnings, err
	}
	s := shape{report: rep, version: t.version}
	if err := s.conform(t.root, alertSchema(), ""); err != nil {
		return nil, rep.warnings, err
	}
	a, err := bind(t, rep)
	if err == nil {
		err = a.rules(rep)
	}
	if err != nil {
		return nil, rep.warnings, err
	}
	return a, rep.warnings, nil
}

// binder fills an Alert from a tree that conforms to the schema.
type binder struct {
	report  *report
	version string
}

func bind(t tree, rep *report) (*Alert, error) {
	b := binder{rep, t.version}
	a := &Alert{Signed: t.signed, Version: t.version}
	infos := 0
	for _, n := range t.root.kids {
		v := strings.TrimSpace(n.text)
		switch n.name {
		case "identifier":
			a.Identifier = b.trimmed(n, v)
		case "sender":
			a.Sender = b.trimmed(n, v)
		case "sent":
			a.Sent = readTime(v)
		case "status":
			a.Status = v
		case "msgType":
			a.MsgType = v
		case "source":
			a.Source = v
		case "scope":
			a.Scope = v
		case "restriction":
			a.Restriction = v
		case "addresses":
			a.Addresses = v
		case "code":
			a.Code = append(a.Code, v)
		case "note":
			a.Note = v
		case "references":
			refs, err := b.references(v)
			if err != nil {
				return nil, err
			}
			a.References = refs
		case "incidents":
			a.Incidents = v
		case "info":
			infos++
			info, err := b.info(n, fmt.Sprintf("info[%d]", infos))
			if err != nil {
				return nil, err
			}
			a.Info = append(a.Info, info)
		}
	}
	return a, nil
}

// trimmed warns when blanks stood around a value that other messages refer to.
func (b *binder) trimmed(n *node, v string) string {
	if v != n.text && v != "" {
		b.report.warnAt(n.place, n.name, "CAP 3.2.1", n.name+" 前后有空白，已去掉。", "There were blanks around "+n.name+"; they were dropped.")
	}
	return v
}

// references reads "sender,identifier,sent" triplets split by blanks.
func (b *binder) references(text string) ([]Reference, error) {
	if text == "" {
		b.report.warn("references", "CAP 3.2.1", "references 是空的。", "references is empty.")
		return nil, nil
	}
	var refs []Reference
	for triplet := range strings.FieldsSeq(text) {
		part := strings.Split(triplet, ",")
		ref, ok := Reference{}, len(part) == 3 && part[0] != "" && part[1] != ""
		if ok {
			ref = Reference{Sender: part[0], Identifier: part[1]}
			if ref.Sent, ok = parseTime(part[2]); !ok && b.version == "1.1" {
				ref.Sent, ok = parseOlderTime(part[2])
			}
		}
		if ok {
			refs = append(refs, ref)
			continue
		}
		zh := fmt.Sprintf("references 中的 %s 不是“sender,identifier,sent”三元组；多条之间用空格分开。", quote(triplet))
		en := fmt.Sprintf("%s in references is not a triplet sender,identifier,sent; several are split by blanks.", quote(triplet))
		if b.version == "1.2" {
			return nil, b.report.refuse("references", "CAP 3.2.1", zh, en)
		}
		b.report.warn("references", "CAP 3.2.1", zh, en)
	}
	return refs, nil
}

func (b *binder) info(n *node, path string) (Info, error) {
	var i Info
	resources, areas := 0, 0
	for _, k := range n.kids {
		v := strings.TrimSpace(k.text)
		switch k.name {
		case "language":
			i.Language = v
		case "category":
			i.Category = append(i.Category, v)
		case "event":
			i.Event = v
		case "responseType":
			i.ResponseType = append(i.ResponseType, v)
		case "urgency":
			i.Urgency = v
		case "severity":
			i.Severity = v
		case "certainty":
			i.Certainty = v
		case "audience":
			i.Audience = v
		case "eventCode":
			i.EventCode = append(i.EventCode, namedValue(k))
		case "effective":
			i.Effective = readTime(v)
		case "onset":
			i.Onset = readTime(v)
		case "expires":
			i.Expires = readTime(v)
		case "senderName":
			i.SenderName = v
		case "headline":
			i.Headline = v
		case "description":
			i.Description = v
		case "instruction":
			i.Instruction = v
		case "web":
			i.Web = v
		case "contact":
			i.Contact = v
		case "parameter":
			i.Parameter = append(i.Parameter, namedValue(k))
		case "resource":
			resources++
			i.Resource = append(i.Resource, resource(k))
		case "area":
			areas++
			area, err := b.area(k, fmt.Sprintf("%s/area[%d]", path, areas))
			if err != nil {
				return i, err
			}
			i.Area = append(i.Area, area)
		}
	}
	return i, nil
}

func namedValue(n *node) (v NamedValue) {
	for _, k := range n.kids {
		if k.name == "valueName" {
			v.ValueName = strings.TrimSpace(k.text)
		} else {
			v.Value = strings.TrimSpace(k.text)
		}
	}
	return v
}

func resource(n *node) (r Resource) {
	for _, k := range n.kids {
		v := strings.TrimSpace(k.text)
		switch k.name {
		case "resourceDesc":
			r.ResourceDesc = v
		case "mimeType":
			r.MimeType = v
		case "size":
			r.Size, _ = strconv.ParseInt(v, 10, 64)
		case "uri":
			r.URI = v
		case "derefUri":
			r.DerefURI = v
		case "digest":
			r.Digest = v
		}
	}
	return r
}

// area reads an area. A shape that cannot be read is left out, with a warning,
// where the area also has a geocode or another shape: real authorities write
// the axes in the wrong order or cut lists short, and what is left still says
// where. With nothing left the alert is refused (R11).
func (b *binder) area(n *node, path string) (Area, error) {
	var a Area
	var broken []*alert.Problem
	polygons, circles := 0, 0
	for _, k := range n.kids {
		v := strings.TrimSpace(k.text)
		switch k.name {
		case "areaDesc":
			a.AreaDesc = v
		case "polygon":
			polygons++
			ring, f := parseRing(v)
			field := fmt.Sprintf("%s/polygon[%d]", path, polygons)
			if f.en != "" {
				broken = append(broken, f.problem(k.place, field))
				continue
			}
			if f.note() {
				b.report.warnAt(k.place, field, "CAP 3.3.1", f.warnZH, f.warnEN)
			}
			a.Polygon = append(a.Polygon, ring)
		case "circle":
			circles++
			circle, f := parseCircle(v)
			if f.en != "" {
				broken = append(broken, f.problem(k.place, fmt.Sprintf("%s/circle[%d]", path, circles)))
				continue
			}
			a.Circle = append(a.Circle, circle)
		case "geocode":
			a.Geocode = append(a.Geocode, namedValue(k))
		case "altitude":
			a.Altitude = v
		case "ceiling":
			a.Ceiling = v
		}
	}
	if len(broken) == 0 {
		return a, nil
	}
	if len(a.Polygon)+len(a.Circle)+len(a.Geocode) == 0 {
		return a, broken[0]
	}
	for _, p := range broken {
		b.report.warnAt(place{p.Line, p.Column}, p.Field, p.Rule, p.ZH+"已略去这个图形，按该区域的其余图形或代码处理。", p.EN+" The shape was left out; the area's other shapes or codes count.")
	}
	return a, nil
}
