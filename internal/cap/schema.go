package cap

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// element is one line of CAP's schema, in the schema's order.
type element struct {
	name     string
	required bool
	many     bool
	kids     []element // a container; otherwise text
	check    check     // of the text
	anyOrder bool      // kids after the first may stand in any order: read, with a warning
}

// check says what is wrong with an element's text: two halves of a sentence,
// or nothing.
type check func(text string, s *shape) (zh, en string)

// shape checks a tree against the schema: names, order, cardinality, form of
// the values. It stops at the first fault.
type shape struct {
	report  *report
	version string
}

func one(name string, c check) element { return element{name: name, required: true, check: c} }
func opt(name string, c check) element { return element{name: name, check: c} }
func some(name string, c check) element {
	return element{name: name, required: true, many: true, check: c}
}
func list(name string, c check) element { return element{name: name, many: true, check: c} }

func pair(name string) element {
	return element{name: name, many: true, kids: []element{one("valueName", short), one("value", long)}}
}

// alertSchema is CAP-v1.2.xsd, written down.
func alertSchema() element {
	return element{name: "alert", kids: []element{
		one("identifier", short),
		one("sender", short),
		one("sent", instant),
		one("status", among("Actual", "Exercise", "System", "Test", "Draft")),
		one("msgType", among("Alert", "Update", "Cancel", "Ack", "Error")),
		opt("source", text),
		one("scope", among("Public", "Restricted", "Private")),
		opt("restriction", text),
		opt("addresses", text),
		list("code", text),
		opt("note", text),
		opt("references", text),
		opt("incidents", text),
		infoSchema(),
	}}
}

func infoSchema() element {
	return element{name: "info", many: true, kids: []element{
		opt("language", language),
		some("category", among("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other")),
		one("event", short),
		list("responseType", among("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")),
		one("urgency", among("Immediate", "Expected", "Future", "Past", "Unknown")),
		one("severity", among("Extreme", "Severe", "Moderate", "Minor", "Unknown")),
		one("certainty", among("Observed", "Likely", "Possible", "Unlikely", "Unknown")),
		opt("audience", text),
		pair("eventCode"),
		opt("effective", instant),
		opt("onset", instant),
		opt("expires", instant),
		opt("senderName", text),
		opt("headline", text),
		opt("description", text),
		opt("instruction", text),
		opt("web", text),
		opt("contact", text),
		pair("parameter"),
		resourceSchema(),
		areaSchema(),
	}}
}

func resourceSchema() element {
	return element{name: "resource", many: true, kids: []element{
		one("resourceDesc", text),
		one("mimeType", short),
		opt("size", integer),
		opt("uri", text),
		opt("derefUri", long),
		opt("digest", short),
	}}
}

// The National Weather Service writes geocodes before polygons. Shapes and
// codes of an area add up whatever their order, so that is let through.
func areaSchema() element {
	return element{name: "area", many: true, anyOrder: true, kids: []element{
		one("areaDesc", text),
		list("polygon", long),
		list("circle", short),
		pair("geocode"),
		opt("altitude", decimal),
		opt("ceiling", decimal),
	}}
}

// conform checks a node and everything below it, and notes where each field
// stands.
func (s *shape) conform(n *node, e element, path string) error {
	s.report.places[path] = n.place
	if e.kids == nil {
		return s.leaf(n, e, path)
	}
	if err := s.stray(n, path); err != nil {
		return err
	}
	next, seen := 0, map[string]int{}
	for _, kid := range n.kids {
		i := slices.IndexFunc(e.kids, func(k element) bool { return k.name == kid.name })
		if i < 0 {
			return s.refuse(kid, path, fmt.Sprintf("CAP 1.2 的 %s 里没有元素 %s。", e.name, quote(kid.name)), fmt.Sprintf("CAP 1.2 has no element %s in %s.", quote(kid.name), e.name))
		}
		k := e.kids[i]
		if seen[k.name]++; seen[k.name] > 1 && !k.many {
			return s.refuse(kid, path, fmt.Sprintf("元素 %s 只能出现一次。", k.name), fmt.Sprintf("Element %s may stand only once.", k.name))
		}
		if err := s.count(kid, path, seen[k.name]); err != nil {
			return err
		}
		if i < next {
			if !e.anyOrder || i == 0 {
				return s.refuse(kid, path, fmt.Sprintf("元素 %s 的次序不对：应在 %s 之前。", k.name, e.kids[next].name), fmt.Sprintf("Element %s is out of order: it belongs before %s.", k.name, e.kids[next].name))
			}
			s.report.warnAt(kid.place, join(path, kid.name), "CAP 3.4", "元素 "+k.name+" 的次序不合 CAP 1.2，已照常读取。", "Element "+k.name+" is not in the order of CAP 1.2; it was read all the same.")
		}
		if missing := firstMissing(e.kids[:i], seen); missing != "" {
			return s.refuse(kid, path, fmt.Sprintf("%s 之前缺少必需的元素 %s（或次序不对）。", kid.name, missing), fmt.Sprintf("The required element %s is missing before %s, or out of order.", missing, kid.name))
		}
		next = max(next, i)
		if err := s.conform(kid, k, join(path, step(k, seen[k.name]))); err != nil {
			return err
		}
	}
	if missing := firstMissing(e.kids, seen); missing != "" {
		return s.refuse(n, path, fmt.Sprintf("%s 里缺少必需的元素 %s。", e.name, missing), fmt.Sprintf("The required element %s is missing in %s.", missing, e.name))
	}
	return nil
}

func firstMissing(kids []element, seen map[string]int) string {
	for _, k := range kids {
		if k.required && seen[k.name] == 0 {
			return k.name
		}
	}
	return ""
}

// step is an element's part of a path: numbered where there may be several.
func step(k element, n int) string {
	if k.many {
		return fmt.Sprintf("%s[%d]", k.name, n)
	}
	return k.name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

func (s *shape) refuse(n *node, path, zh, en string) error {
	field := join(path, n.name)
	if s.report.places[path] == n.place {
		field = path
	}
	return problem(n.place, field, "CAP 3.2", zh, en)
}

// count limits blocks: three thousand infos are an attack, not an alert.
func (s *shape) count(n *node, path string, nth int) error {
	most := map[string]int{"info": maxInfos, "area": maxAreas}[n.name]
	if most == 0 || nth <= most {
		return nil
	}
	return s.refuse(n, path, fmt.Sprintf("%s 太多（上限 %d），已拒绝。", n.name, most), fmt.Sprintf("There are too many %s blocks (at most %d); refused.", n.name, most))
}

// stray refuses words between elements, which some reader would lose. A lone
// sign is let through: Portugal's civil protection leaves a "+" there.
func (s *shape) stray(n *node, path string) error {
	rest := strings.TrimSpace(n.text)
	if rest == "" {
		return nil
	}
	if strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		return problem(n.place, path, "CAP 3.4", fmt.Sprintf("%s 的子元素之间有多余的文字 %s。", n.name, quote(rest)), fmt.Sprintf("There is text between the elements of %s: %s.", n.name, quote(rest)))
	}
	s.report.warnAt(n.place, path, "CAP 3.4", "元素之间有多余的符号 "+quote(rest)+"，已忽略。", "There are stray signs between the elements, "+quote(rest)+"; ignored.")
	return nil
}

func (s *shape) leaf(n *node, e element, path string) error {
	if len(n.kids) > 0 {
		return s.refuse(n.kids[0], path, fmt.Sprintf("元素 %s 只能包含文字，却有子元素 %s。", n.name, quote(n.kids[0].name)), fmt.Sprintf("Element %s may hold only text but holds the element %s.", n.name, quote(n.kids[0].name)))
	}
	if zh, en := e.check(n.text, s); en != "" {
		return problem(n.place, path, "CAP 3.2", n.name+" "+zh, n.name+" "+en)
	}
	if n.split && (e.name == "identifier" || e.name == "sender") {
		s.report.warnAt(n.place, path, "CAP 3.2.1", e.name+" 里夹有注释；已按去掉注释后的整体读取。", "There is a comment inside "+e.name+"; it was read as the whole text without the comment.")
	}
	return nil
}
