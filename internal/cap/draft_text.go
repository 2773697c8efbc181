package cap

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// The bounds of short texts, as Content.Check has them.
const (
	maxName    = 60
	maxContact = 60
)

// texts fills the words, cleaned and cut to what a notice can hold.
func (d *drafter) texts() {
	c, i := &d.out.Content, d.info
	c.Event = d.oneLine("event", i.Event, maxName)
	c.SenderName = d.oneLine("sender_name", c.Source.Name, maxName)
	c.Contact = d.oneLine("contact", i.Contact, 10*maxContact)
	if utf8.RuneCountInString(c.Contact) > maxContact {
		c.Contact = ""
		d.warn("contact", "", "来源的联系方式太长，已略去。", "The source's contact is too long and was left out.")
	}
	headline := firstOf(i.Headline, i.Event)
	if i.Headline == "" {
		d.warn("headline", "R8", "来源没有标题，暂用事件名称。", "The source has no headline; the event's name is used.")
	}
	c.Headline = d.oneLine("headline", headline, alert.MaxHeadline)
	description := i.Description
	if strings.TrimSpace(description) == "" {
		description = headline
		d.warn("description", "R8", "来源没有正文，暂用标题。", "The source has no description; the headline is used.")
	} else if utf8.RuneCountInString(line(headline)) > alert.MaxHeadline {
		description = headline + "\n" + description // the cut headline is not lost
	}
	c.Description = d.body("description", description, alert.MaxDescription)
	c.Instruction = d.body("instruction", i.Instruction, alert.MaxInstruction)
	if c.Instruction == "" {
		c.Instruction = "请留意最新预警信息，注意防范。"
		if languageRank(d.out.Language) == 1 {
			c.Instruction = "Watch for further information and take care."
		}
		d.warn("instruction", "R8", "来源没有写明该做什么，暂填一句通用的话，请补充。", "The source does not say what to do; a general sentence stands in its place. Complete it.")
	}
	for _, f := range [][2]string{{"headline", c.Headline}, {"description", c.Description}, {"instruction", c.Instruction}} {
		if p := alert.Placeholder(f[1]); p != "" {
			d.warn(f[0], "R10", "文字里像是有没填的占位符 "+quote(p)+"，改好之前不能提交。", "The text seems to hold a placeholder, "+quote(p)+"; it cannot be submitted until that is settled.")
		}
	}
}

// english fills the English fields from the first English info, which may be
// the one that was taken.
func (d *drafter) english() {
	c := &d.out.Content
	for n := range d.alert.Info {
		i := &d.alert.Info[n]
		if !isEnglish(i.Lang()) {
			continue
		}
		if isEnglish(d.out.Language) {
			i = d.info
		}
		c.HeadlineEN = d.oneLine("headline_en", firstOf(i.Headline, i.Event), 2*alert.MaxHeadline)
		c.TextEN = d.body("text_en", strings.TrimSpace(i.Description+"\n"+i.Instruction), 2*alert.MaxDescription)
		return
	}
}

// strip drops what may not stand in a notice and says so.
func (d *drafter) strip(field, s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	out := strings.Map(func(r rune) rune {
		if _, bad := alert.UnsafeRune(string(r)); bad || unsafe(r) {
			return -1
		}
		return r
	}, s)
	if out != s {
		d.warn(field, "", "去掉了文字里的控制字符或改变书写方向的字符。", "Control characters or marks that turn the writing around were dropped from the text.")
	}
	return strings.TrimSpace(out)
}

func (d *drafter) oneLine(field, s string, most int) string {
	return d.cut(field, strings.Join(strings.Fields(d.strip(field, s)), " "), most)
}

// body keeps paragraphs but no more than one empty line between them.
func (d *drafter) body(field, s string, most int) string {
	var lines []string
	blank := 0
	for l := range strings.Lines(d.strip(field, s)) {
		l = strings.TrimRight(l, " \t\n")
		if blank++; l != "" {
			blank = 0
		}
		if blank < 2 {
			lines = append(lines, l)
		}
	}
	return d.cut(field, strings.TrimSpace(strings.Join(lines, "\n")), most)
}

// cut shortens a text that is too long; the original stays with the source.
func (d *drafter) cut(field, s string, most int) string {
	n := utf8.RuneCountInString(s)
	if n <= most {
		return s
	}
	d.warn(field, "", fmt.Sprintf("来源的文字有 %d 字，已截到 %d 字，请改写；原文已保存。", n, most), fmt.Sprintf("The source's text has %d characters and was cut to %d. Rewrite it; the original is kept.", n, most))
	return string([]rune(s)[:most-1]) + "…"
}
