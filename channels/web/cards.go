package web

import (
	"net/url"
	"strconv"
	"time"

	"mingluo/internal/alert"
)

// card is a notice in a list.
type card struct {
	Path     string
	Lang     string // of the notice's own text
	Class    string // of the level, for the colour
	Sign     sign
	Drill    bool
	InForce  bool
	State    string
	Headline string // with the drill's marks
	Where    string
	Until    time.Time
	Stopped  time.Time
	Todo     string
	Issuer   string
	Issued   time.Time
}

// sign is the coloured plate: what, and how grave, in words. The colour never
// stands alone.
type sign struct{ What, Level string }

func (p *pages) card(lang string, en *entry) card {
	cur, body := &en.cur().Content, &en.body().Content
	headline, textLang := cur.Headline, "zh"
	if lang == "en" && cur.HeadlineEN != "" && !en.cur().Verb.Ends() {
		headline, textLang = cur.HeadlineEN, "en"
	}
	return card{
		Path: en.path(), Lang: textLang, Class: className(en.level()), Sign: p.sign(lang, body), Drill: en.drill(),
		InForce: en.inForce(), State: p.words[lang].say("state." + string(en.state)),
		Headline: mark(en.notice.Mode, textLang, headline), Where: body.AreaDesc, Until: body.Expires, Stopped: en.ended,
		Todo: cur.Instruction, Issuer: cur.SenderName, Issued: en.cur().Released.At,
	}
}

func className(l alert.Level) string {
	if l == alert.NoLevel {
		return "lv-none"
	}
	return "lv-" + l.String()
}

func (p *pages) sign(lang string, c *alert.Content) sign {
	w := p.words[lang]
	out := sign{What: c.Event}
	if i := c.Hazard.Info(); c.Hazard != "" && i.ZH != string(c.Hazard) {
		out.What = i.ZH
		if lang == "en" {
			out.What = i.EN
		}
	}
	if c.Level == alert.NoLevel {
		out.Level = w.orKey("kind."+string(c.Kind), c.Kind.ZH())
	} else {
		out.Level = w.say("level." + c.Level.String())
	}
	return out
}

func (p *pages) cards(lang string, list []*entry) []card {
	out := make([]card, 0, len(list))
	for _, en := range list {
		out = append(out, p.card(lang, en))
	}
	return out
}

// block is one section of a list page: in force, or nothing in force.
type block struct {
	Drill bool
	Cards []card
}

// frontBody is the front page, or the drills' own page.
type frontBody struct {
	Blocks    []block
	Past      []card
	PastURL   string
	Drill     bool
	Try       []plainLink
	Elsewhere int // drills in force, on their own page
	AsOf      time.Time
}

func (p *pages) front(lang string, sn *snapshot) ([]byte, error) {
	f := p.frame(lang, "/", p.words[lang].say("inforce.title"))
	f.Nav, f.Live, f.Seq, f.Modes = "front", true, sn.seq, "live"
	p.staleness(&f, sn)
	b := frontBody{AsOf: sn.asOf, Try: inWords(p.cfg.Try, lang)}
	if p.cfg.DrillBanner {
		f.Modes = "live,drill"
		// Something live on a drill system would be a mistake; it would be a
		// worse one to hide it, or to let it pass for a drill.
		if len(sn.live.inForce) > 0 {
			b.Blocks = append(b.Blocks, block{Cards: p.cards(lang, sn.live.inForce)})
		}
		b.fill(p, lang, &sn.drill, true)
	} else {
		b.fill(p, lang, &sn.live, false)
		b.Elsewhere = len(sn.drill.inForce)
	}
	f.Body = b
	return p.render("front", f)
}

func (p *pages) drills(lang string, sn *snapshot) ([]byte, error) {
	f := p.frame(lang, "/drills", p.words[lang].say("nav.drills"))
	f.Nav, f.Live, f.Seq, f.Modes = "drills", true, sn.seq, "drill"
	p.markDrill(&f, "drill.list")
	p.staleness(&f, sn)
	b := frontBody{AsOf: sn.asOf}
	b.fill(p, lang, &sn.drill, true)
	f.Body = b
	return p.render("front", f)
}

func (b *frontBody) fill(p *pages, lang string, x *section, drill bool) {
	b.Blocks = append(b.Blocks, block{Drill: drill, Cards: p.cards(lang, x.inForce)})
	b.Past = p.cards(lang, x.past.newest(0, frontPast))
	b.Drill = drill
	b.PastURL = "/past"
	if drill && !p.cfg.DrillBanner {
		b.PastURL = "/past?mode=drill"
	}
}

type pastBody struct {
	Drill        bool
	Cards        []card
	Page, Pages  int
	Newer, Older string // addresses, "" when there is none
}

func (p *pages) past(lang string, sn *snapshot, mode alert.Mode, list []*entry, page, pages int) ([]byte, error) {
	address := func(n int) string {
		q := url.Values{}
		if mode == alert.Drill && !p.cfg.DrillBanner {
			q.Set("mode", "drill")
		}
		if n > 1 {
			q.Set("page", strconv.Itoa(n))
		}
		if len(q) == 0 {
			return "/past"
		}
		return "/past?" + q.Encode()
	}
	f := p.frame(lang, address(page), p.words[lang].say("past.title"))
	f.Nav = "past"
	b := pastBody{Drill: mode == alert.Drill, Cards: p.cards(lang, list), Page: page, Pages: pages}
	if b.Drill {
		p.markDrill(&f, "drill.list")
	}
	p.staleness(&f, sn)
	if page > 1 {
		b.Newer = address(page - 1)
	}
	if page < pages {
		b.Older = address(page + 1)
	}
	f.Body = b
	return p.render("past", f)
}
