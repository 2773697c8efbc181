package cap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"mingluo/internal/alert"
)

const (
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsInstance  = "http://www.w3.org/2001/XMLSchema-instance"
	nsXML       = "http://www.w3.org/XML/1998/namespace"
)

// node is one element. Comments and instructions are gone; the text around a
// comment is joined, as canonical XML without comments has it, so that a
// comment cannot hide half of an identifier.
type node struct {
	name  string
	place place
	text  string
	kids  []*node
	split bool // a comment or instruction stood inside the text
}

// tree is a document read into nodes.
type tree struct {
	root    *node
	version string
	signed  bool
}

// reader turns tokens into nodes and refuses what no CAP document holds.
type reader struct {
	text   []byte
	dec    *xml.Decoder
	report *report
	tree   tree
	older  bool
	stack  []*node
	parts  []*strings.Builder
	line   int // of pos, kept so that counting lines stays linear
	start  int
	pos    int
}

func readTree(text []byte, older bool, rep *report) (tree, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // load decoded it
	r := &reader{text: text, dec: d, report: rep, older: older, line: 1}
	for {
		at := int(d.InputOffset())
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.take(tok, at)
		}
		if err != nil {
			return tree{}, r.syntax(err)
		}
	}
	if r.tree.root == nil {
		return tree{}, problem(place{1, 1}, "", "", "文件里没有 XML 元素，不是 CAP 预警。", "There is no XML element in the file: this is not a CAP alert.")
	}
	return r.tree, nil
}

// syntax gives the parser's complaints a place and a sentence.
func (r *reader) syntax(err error) error {
	if alert.AsProblems(err) != nil {
		return err
	}
	p, msg := r.at(int(r.dec.InputOffset())), strings.TrimPrefix(err.Error(), "xml: ")
	if se, ok := errors.AsType[*xml.SyntaxError](err); ok {
		p.line, msg = se.Line, se.Msg
	}
	msg = strings.Trim(quote(msg), `"`)
	return problem(p, "", "",
		fmt.Sprintf("不是格式良好的 XML（%s）。文件可能被截断或不是 CAP；请重新下载原文。", msg),
		fmt.Sprintf("Not well-formed XML (%s). The file may be cut off or may not be CAP; fetch the original again.", msg))
}

// at returns line and column of an offset that never goes backwards.
func (r *reader) at(offset int) place {
	offset = min(offset, len(r.text))
	for r.pos < offset {
		i := bytes.IndexByte(r.text[r.pos:offset], '\n')
		if i < 0 {
			break
		}
		r.pos += i + 1
		r.line, r.start = r.line+1, r.pos
	}
	r.pos = max(r.pos, offset)
	return place{r.line, offset - r.start + 1}
}

func (r *reader) take(tok xml.Token, at int) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return r.open(t, at)
	case xml.EndElement:
		r.close()
	case xml.CharData:
		return r.chars(t, at)
	case xml.Comment:
		r.interrupt()
	case xml.ProcInst:
		if t.Target == "xml" && at > 0 {
			return problem(r.at(at), "", "", "XML 声明只能在文件最前面。文件可能是几份拼接的，请分开。", "An XML declaration may only stand first. The file may be several in one; take them apart.")
		}
		r.interrupt() // never followed: a stylesheet is not fetched
	case xml.Directive:
		return problem(r.at(at), "", "", "文件含有 DOCTYPE 一类的声明，已拒绝。", "The file holds a declaration such as DOCTYPE; refused.")
	}
	return nil
}

func (r *reader) top() *node {
	if len(r.stack) == 0 {
		return nil
	}
	return r.stack[len(r.stack)-1]
}

func (r *reader) open(t xml.StartElement, at int) error {
	p := r.at(at)
	parent := r.top()
	if parent == nil {
		if err := r.openRoot(t, p); err != nil {
			return err
		}
	} else if t.Name.Space == nsSignature && len(r.stack) == 1 {
		r.tree.signed = true
		return r.dec.Skip() // verified elsewhere, over the bytes as received
	} else if t.Name.Space != r.namespace() {
		return problem(p, t.Name.Local, "CAP 3.4",
			fmt.Sprintf("元素 %s 属于别的命名空间（%s），CAP 预警里不允许出现。", t.Name.Local, quote(t.Name.Space)),
			fmt.Sprintf("Element %s is of another namespace (%s), which a CAP alert may not hold.", t.Name.Local, quote(t.Name.Space)))
	}
	if err := r.attributes(t, p); err != nil {
		return err
	}
	n := &node{name: t.Name.Local, place: p}
	if parent == nil {
		r.tree.root = n
	} else {
		parent.kids = append(parent.kids, n)
	}
	if len(r.stack) >= maxDepth {
		return problem(p, "", "", "元素嵌套太深，已拒绝。", "The elements are nested too deeply; refused.")
	}
	r.stack = append(r.stack, n)
	r.parts = append(r.parts, new(strings.Builder))
	return nil
}

func (r *reader) namespace() string {
	switch r.tree.version {
	case "1.1":
		return namespace11
	case "1.0":
		return namespace10
	}
	return Namespace
}

func (r *reader) openRoot(t xml.StartElement, p place) error {
	if r.tree.root != nil {
		return problem(p, t.Name.Local, "", "文件里有不止一个根元素。请把每条预警存成单独的文件。", "There is more than one root element. Save every alert as a file of its own.")
	}
	switch t.Name.Space {
	case Namespace:
		r.tree.version = "1.2"
	case namespace11, namespace10:
		r.tree.version = strings.TrimPrefix(t.Name.Space[len(t.Name.Space)-3:], ":")
		if !r.older || r.tree.version != "1.1" {
			return problem(p, "alert", "CAP 3.4",
				fmt.Sprintf("这是 CAP %s 的消息，本系统读取 CAP 1.2。请向来源索取 1.2 版。", r.tree.version),
				fmt.Sprintf("This is a message of CAP %s; CAP 1.2 is read here. Ask the source for version 1.2.", r.tree.version))
		}
		r.report.warnAt(p, "alert", "CAP 3.4", "这是 CAP 1.1 的消息，已按 1.2 读取。", "This is a message of CAP 1.1; it was read as 1.2.")
	default:
		return notCAP(t, p)
	}
	if t.Name.Local != "alert" {
		return notCAP(t, p)
	}
	return nil
}

// notCAP says what the file seems to be instead.
func notCAP(t xml.StartElement, p place) error {
	zh, en := "请选择根元素为 alert 的 CAP 1.2 文件。", "Choose a CAP 1.2 file whose root element is alert."
	switch strings.ToLower(t.Name.Local) {
	case "feed", "rss", "edxldistribution", "alerts":
		zh, en = "这是一份预警列表，不是一条预警；请取其中一条的 CAP 文件。", "This is a feed of alerts, not one alert; take the CAP file of one of them."
	case "html":
		zh, en = "这是网页（也许是出错页面），请重新下载 CAP 文件。", "This is a web page, perhaps an error page; fetch the CAP file again."
	case "alert":
		zh, en = "命名空间必须正好是 "+Namespace+"。", "The namespace must be exactly "+Namespace+"."
	}
	return problem(p, t.Name.Local, "CAP 3.4",
		fmt.Sprintf("不是 CAP 1.2 预警：根元素是 %s，命名空间是 %s。%s", quote(t.Name.Local), quote(t.Name.Space), zh),
		fmt.Sprintf("Not a CAP 1.2 alert: the root element is %s in the namespace %s. %s", quote(t.Name.Local), quote(t.Name.Space), en))
}

// attributes lets through namespaces, schema hints and xml:lang and the like.
func (r *reader) attributes(t xml.StartElement, p place) error {
	for i, a := range t.Attr {
		for _, b := range t.Attr[:i] {
			if a.Name == b.Name {
				return problem(p, t.Name.Local, "", fmt.Sprintf("属性 %s 出现两次，不是格式良好的 XML。", quote(a.Name.Local)),
					fmt.Sprintf("Attribute %s stands twice: not well-formed XML.", quote(a.Name.Local)))
			}
		}
		switch space := a.Name.Space; {
		case space == "xmlns" || space == "" && a.Name.Local == "xmlns" || space == nsInstance:
		case space == "xml" || space == nsXML:
			r.report.warnAt(p, t.Name.Local, "CAP 3.4", "CAP 元素没有属性，已忽略 xml:"+a.Name.Local+"。", "CAP elements have no attributes; xml:"+a.Name.Local+" was ignored.")
		default:
			return problem(p, t.Name.Local, "CAP 3.4",
				fmt.Sprintf("元素 %s 带有属性 %s；CAP 元素没有属性。", t.Name.Local, quote(a.Name.Local)),
				fmt.Sprintf("Element %s has the attribute %s; CAP elements have none.", t.Name.Local, quote(a.Name.Local)))
		}
	}
	return nil
}

func (r *reader) close() {
	last := len(r.stack) - 1
	n := r.stack[last]
	n.text = r.parts[last].String()
	r.stack, r.parts = r.stack[:last], r.parts[:last]
}

// interrupt notes that the text of the present element has something inside it.
func (r *reader) interrupt() {
	if n := r.top(); n != nil {
		n.split = true
	}
}

func (r *reader) chars(t xml.CharData, at int) error {
	if len(r.stack) > 0 {
		r.parts[len(r.parts)-1].Write(t)
		return nil
	}
	if len(bytes.TrimFunc(t, unicode.IsSpace)) == 0 {
		return nil
	}
	return problem(r.at(at), "", "", "XML 元素之外还有文字："+quote(string(t))+"。不是 CAP 预警，或文件已损坏。",
		"There is text outside of the XML element: "+quote(string(t))+". This is not a CAP alert, or it is damaged.")
}
