package cap

import (
	"bytes"
	"fmt"
)

// The limits on a document's form. Real alerts of 60 authorities have at most
// 220 elements, 8 levels outside of signatures, 10 attributes and 26 areas;
// feeds that pack many languages have more, so there is room for a hundred
// times as much.
const (
	maxDepth      = 32
	maxMarkup     = 60_000    // tags, comments, instructions: two tags make an element
	maxTagBytes   = 64 << 10  // one tag with its attributes
	maxComment    = 256 << 10 // one comment or instruction
	maxAttributes = 64        // of one element
	maxInfos      = 200
	maxAreas      = 5_000
)

// guard scans the markup before the XML parser sees it: a few milliseconds for
// 4 MiB whatever they hold. It refuses document types, and everything that is
// too deep, too many or too long. It need not be exact about well-formedness,
// which the parser is, but it must not be less strict about what it limits.
func guard(text []byte) error {
	g := guardian{text: text}
	for g.pos < len(text) {
		open := bytes.IndexByte(text[g.pos:], '<')
		if open < 0 {
			return nil
		}
		if open > maxText && !g.roomy() {
			return g.refuse("一段文字太长", "A text is too long", maxText)
		}
		g.pos += open
		if g.count++; g.count > maxMarkup {
			return g.refuse("元素太多", "There are too many elements", maxMarkup/2)
		}
		if err := g.markup(); err != nil {
			return err
		}
	}
	return nil
}

type guardian struct {
	text         []byte
	pos          int
	count, depth int
	name         []byte // of the last start tag
}

// roomy reports whether the element that was opened last may hold long text.
// The schema holds the exact limits; this saves the parser from reading what
// they refuse.
func (g *guardian) roomy() bool {
	name := g.name
	if i := bytes.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	switch string(name) {
	case "polygon", "derefUri", "value", "": // "" before the first: blanks
		return true
	}
	return false
}

// markup moves behind the markup that starts at pos.
func (g *guardian) markup() error {
	rest := g.text[g.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return g.skip(4, "-->")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return g.skip(9, "]]>")
	case bytes.HasPrefix(rest, []byte("<?")):
		return g.skip(2, "?>")
	case len(rest) > 14 && bytes.EqualFold(rest[:14], []byte("<!doctype html")):
		return problem(g.place(), "", "",
			"这是网页（也许是出错页面），不是 CAP 预警。请重新下载 CAP 的 XML 文件。",
			"This is a web page, perhaps an error page, not a CAP alert. Fetch the CAP XML file again.")
	case bytes.HasPrefix(rest, []byte("<!")):
		return problem(g.place(), "", "",
			"文件含有文档类型或实体声明（DOCTYPE、ENTITY）。CAP 不使用它们，而且有安全风险，已拒绝。",
			"The file holds a document type or entity declaration (DOCTYPE, ENTITY). CAP does not use them and they are dangerous, so the file is refused.")
	case bytes.HasPrefix(rest, []byte("</")):
		g.depth--
		return g.skip(2, ">")
	}
	return g.startTag()
}

// skip moves behind the end mark. Where there is none, the parser will say so.
func (g *guardian) skip(head int, end string) error {
	i := bytes.Index(g.text[g.pos+head:], []byte(end))
	if i > maxComment && end != "]]>" || i < 0 && len(g.text)-g.pos > maxComment {
		return g.refuse("一段注释太长，或没有结束", "A comment is too long, or does not end", maxComment)
	}
	if i < 0 {
		g.pos = len(g.text)
		return nil
	}
	g.pos += head + i + len(end)
	return nil
}

func (g *guardian) startTag() error {
	if g.depth++; g.depth > maxDepth {
		return g.refuse("元素嵌套太深", "The elements are nested too deeply", maxDepth)
	}
	end := bytes.IndexAny(g.text[g.pos+1:min(len(g.text), g.pos+100)], " \t\r\n/>")
	g.name = g.text[g.pos+1 : g.pos+1+max(end, 0)]
	quote, equals := byte(0), 0
	limit := min(len(g.text), g.pos+maxTagBytes)
	for i := g.pos + 1; i < limit; i++ {
		switch c := g.text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '=':
			if equals++; equals > maxAttributes {
				return g.refuse("一个元素的属性太多", "An element has too many attributes", maxAttributes)
			}
		case c == '>':
			if g.text[i-1] == '/' {
				g.depth--
			}
			g.pos = i + 1
			return nil
		}
	}
	if limit == len(g.text) {
		g.pos = limit // cut off: the parser will say so
		return nil
	}
	return g.refuse("一个标签太长", "A tag is too long", maxTagBytes)
}

func (g *guardian) refuse(zh, en string, most int) error {
	return problem(g.place(), "", "",
		fmt.Sprintf("%s（上限 %d），已拒绝。这不像一条真实的预警。", zh, most),
		fmt.Sprintf("%s (at most %d); refused. This does not look like a real alert.", en, most))
}

func (g *guardian) place() place { return placeOf(g.text, g.pos) }

// placeOf turns an offset into line and column.
func placeOf(text []byte, pos int) place {
	before := text[:min(pos, len(text))]
	return place{bytes.Count(before, []byte{'\n'}) + 1, len(before) - bytes.LastIndexByte(before, '\n')}
}
