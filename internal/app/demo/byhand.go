package demo

import (
	"bytes"
	"io"
	"strings"

	"mingluo/internal/alert"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// byHand does what an officer would do to a draft before submitting it: choose
// an area where none was found, confirm what is proposed, fill what is empty,
// shorten what no channel can carry. Everything is written down.
func (s *story) byHand(c *alert.Content) {
	did := func(what string) { s.report.CAP.ByHand = append(s.report.CAP.ByHand, what) }
	if len(c.Areas) == 0 {
		c.Areas = []string{"440604"}
		did("区域：人工选择禅城区 / area chosen by hand: 禅城区")
	}
	if strings.TrimSpace(c.AreaDesc) == "" {
		c.AreaDesc = s.Places.Describe(c.Areas)
		did("地点文字 / place in words")
	}
	fill := func(v *string, text, what string) {
		if strings.TrimSpace(*v) == "" {
			*v = text
			did(what)
		}
	}
	fill(&c.Event, "其他事件", "事件 / event")
	fill(&c.Headline, c.Event+"预警信息", "标题 / headline")
	fill(&c.Description, c.Headline+"。", "内容 / description")
	fill(&c.Instruction, "请留意最新信息，做好防范准备，听从现场人员指挥。", "应对措施 / what to do")
	fill(&c.SenderName, "佛山市应急管理局", "发布单位 / issuer")
	if c.Level == alert.NoLevel {
		c.Level = alert.Yellow
		did("级别：人工选择黄色 / level chosen by hand: yellow")
	}
	if c.Scope == alert.ScopeSector && len(c.Groups) == 0 {
		c.Groups = []string{"应急责任人"}
		did("人群：人工选择应急责任人 / group chosen by hand: people responsible")
	}
	c.Suspend = alert.ProposeSuspension(s.Places, c.Hazard, c.Level, c.Areas)
	for i := range c.Suspend {
		c.Suspend[i].Confirmed = true
		did("停课已确认：" + s.Places.Name(c.Suspend[i].District) + " / class suspension confirmed")
	}
	s.shorten(c, did)
}

// shorten cuts the long texts until every channel takes them, as an officer
// would; the cut is marked, and the page carries the source's file.
func (s *story) shorten(c *alert.Content, did func(string)) {
	for range 40 {
		p, err := s.Desk.Preview(s.ctx, alert.Drill, *c)
		if err != nil {
			return
		}
		cut := false
		for _, problem := range p.Problems {
			switch problem.Field {
			case "description":
				cut = halve(&c.Description) || cut
			case "instruction":
				cut = halve(&c.Instruction) || cut
			case "headline":
				cut = halve(&c.Headline) || cut
			case "area_desc":
				cut = halve(&c.AreaDesc) || cut
			case "event":
				cut = halve(&c.Event) || cut
			case "sender_name":
				cut = halve(&c.SenderName) || cut
			case "text_en", "headline_en":
				c.TextEN, c.HeadlineEN, cut = "", "", true
			}
			if cut {
				did("缩短 / shortened: " + problem.Field)
				break
			}
		}
		if !cut {
			return
		}
	}
}

// halve takes a quarter off a text, at least ten characters; false when little
// is left.
func halve(s *string) bool {
	r := []rune(strings.TrimSuffix(*s, "…"))
	if len(r) < 20 {
		return false
	}
	*s = string(r[:max(10, min(len(r)*3/4, len(r)-10))]) + "…"
	return true
}
