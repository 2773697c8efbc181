package alert

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Interpretation (解读) explains a policy document to those whom it concerns. It
// is a part of the document's content: reviewed, approved, released and taken
// back in one act with it, as the rules on the openness of government
// information want. Other notices have none.
type Interpretation struct {
	Text   string `json:"text,omitempty"`
	TextEN string `json:"text_en,omitempty"`
	None   string `json:"none,omitempty"` // why the document has none
}

const (
	MaxInterpretation = 8000 // characters
	maxNoneReason     = 200
)

// Explained returns the interpretation in a language, Chinese where there is no
// English; "" when there is none.
func (c *Content) Explained(lang string) string {
	switch i := c.Interpretation; {
	case i == nil:
		return ""
	case lang == "en" && i.TextEN != "":
		return i.TextEN
	default:
		return i.Text
	}
}

// interpretation asks for the interpretation of a policy document, or why there is
// none; of a warning nobody is asked at night.
func (k *checker) interpretation() {
	i := k.c.Interpretation
	if k.c.Kind != KindPolicy {
		if i != nil {
			k.bad("", "interpretation", "只有政策文件才有解读。", "Only a policy document has an interpretation.")
		}
		return
	}
	if i == nil {
		i = &Interpretation{}
	}
	if i.Text == "" && utf8.RuneCountInString(i.None) < 4 {
		k.bad("R8", "interpretation", "政策文件要和解读一起发布：请写解读，或写明为什么没有（至少4个字）。", "A policy document goes out with its interpretation: write it, or say why there is none (at least 4 characters).")
	}
	for _, x := range []struct {
		field, text string
		most        int
	}{{"interpretation", i.Text, MaxInterpretation}, {"interpretation", i.TextEN, 2 * MaxInterpretation}, {"interpretation_none", i.None, maxNoneReason}} {
		if n := utf8.RuneCountInString(x.text); n > x.most {
			k.bad("", x.field, fmt.Sprintf("太长：%d 字，最多 %d 字。", n, x.most), fmt.Sprintf("Too long: %d characters, at most %d.", n, x.most))
		}
		if p := Placeholder(x.text); p != "" {
			k.bad("R10", x.field, "还有没填的占位符 "+p+"。", "A placeholder is left: "+p+".")
		}
		if r, bad := UnsafeRune(x.text); bad {
			k.bad("", x.field, fmt.Sprintf("含有不可见的控制字符 U+%04X，请删去。", r), fmt.Sprintf("Contains the invisible character U+%04X: remove it.", r))
		}
		if k.mode == Drill && saysNotADrill(x.text) {
			k.bad("R4", x.field, "演练中不能写“这不是演习”。", "A drill may not say that it is not a drill.")
		}
	}
}

// tidy returns the interpretation without the spaces that forms leave; nil when
// nothing is left, so that the content's hash does not depend on an empty one.
func (i *Interpretation) tidy() *Interpretation {
	if i == nil {
		return nil
	}
	line := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	t := Interpretation{Text: line(i.Text), TextEN: line(i.TextEN), None: line(i.None)}
	if t == (Interpretation{}) {
		return nil
	}
	return &t
}

// Tidy tidies the content's interpretation.
func (c *Content) Tidy() { c.Interpretation = c.Interpretation.tidy() }
