package web

import (
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// noticeBody is a notice's page, in the order in which a person in a hurry
// reads: what, where, until when, what to do, whom to call; then the rest.
type noticeBody struct {
	card
	ID, URL    string
	StateKey   string
	Ended      string // the sentence about its end; "" while in force
	Begins     time.Time
	Onset      time.Time
	Paragraph  []string // what is happening
	Original   []string // what the notice said, once it was lifted or retracted
	OldTodo    string
	English    bool // the reader wants English and the text is Chinese
	Contact    string
	More       string // a link of the issuer's
	Kind       string
	Source     *alert.Source
	Suspend    []SuspendOut
	Explained  []string // the interpretation of a policy document
	InEnglish  bool     // it is in English
	Map        template.HTML
	Districts  []districtOut
	Code       string
	Texts      []exact
	Trail      []step
	CAP, JSON  string
	FirstIssue time.Time
}

type districtOut struct {
	Name  string
	Whole bool
	Towns []string
}

// exact is a text as one channel sent it.
type exact struct{ Channel, Text string }

// step is one entry of the trail.
type step struct {
	At       time.Time
	Verb     string
	Headline string
	Text     []string
	Todo     string
	Exact    []exact
	Code     string
	CAP      string
	Current  bool
	Done     bool // the end of its time: no revision
}

func (p *pages) notice(lang string, en *entry) ([]byte, error) {
	return p.render("notice", p.noticeFrame(lang, en))
}

func (p *pages) staleNotice(lang string, en *entry, sn *snapshot) ([]byte, error) {
	f := p.noticeFrame(lang, en)
	p.staleness(&f, sn)
	return p.render("notice", f)
}

func (p *pages) noticeFrame(lang string, en *entry) frame {
	b := p.noticeBody(lang, en)
	f := p.frame(lang, en.path(), en.cur().Content.Headline)
	if en.drill() {
		p.markDrill(&f, "drill.notice")
		f.Band = p.words[lang].say("drill.notice")
	}
	f.Live, f.Seq, f.Notice, f.Modes, f.Body = true, en.seq, en.notice.ID, string(en.notice.Mode), b
	return f
}

func (p *pages) noticeBody(lang string, en *entry) noticeBody {
	w, g := p.words[lang], p.cfg.Gazetteer
	cur, body := en.cur(), en.body()
	c := &body.Content
	released := en.notice.Released()
	b := noticeBody{
		card: p.card(lang, en), ID: en.notice.ID, URL: p.cfg.BaseURL + en.path(), StateKey: string(en.state),
		Begins: released[0].Content.Effective, Onset: c.Onset, FirstIssue: en.issued(),
		Contact: cur.Content.Contact, More: cur.Content.Web, Kind: w.orKey("kind."+string(c.Kind), c.Kind.ZH()), Source: c.Source,
		Code: cur.Code(), Texts: p.exact(w, en, cur), CAP: en.path() + ".xml", JSON: en.path() + ".json",
		Map: p.city.svg(g, c.Areas, w.say("map.alt", g.Describe(c.Areas))),
	}
	b.Todo = markIf(en, "zh", cur.Content.Instruction)
	b.Paragraph, b.English = p.text(lang, en, cur)
	if !en.inForce() {
		b.Ended = w.say("ended."+string(en.state), w.full(en.ended))
	}
	if cur != body {
		b.Original, _ = p.text("zh", en, body)
		b.OldTodo = markIf(en, "zh", c.Instruction)
	}
	if cur == body { // who takes a document back takes its interpretation back
		said := "zh"
		if b.InEnglish = lang == "en" && c.Interpretation != nil && c.Interpretation.TextEN != ""; b.InEnglish {
			said = "en"
		}
		b.Explained = lines(markIf(en, said, c.Explained(said)))
	}
	for _, s := range c.Suspend {
		b.Suspend = append(b.Suspend, SuspendOut{Area{s.District, g.Name(s.District)}, markIf(en, "zh", s.Text)})
	}
	for _, d := range g.Districts() {
		if cov, towns := covers(g, c.Areas, d); cov != untouched {
			b.Districts = append(b.Districts, districtOut{g.Name(d), cov == wholly, towns})
		}
	}
	b.Trail = p.trail(w, en)
	return b
}

// text returns the description in the reader's language where there is one, by
// lines, with the marks at its ends; and whether the reader asked for another.
func (p *pages) text(lang string, en *entry, r *alert.Revision) ([]string, bool) {
	if lang == "en" && r.Content.TextEN != "" {
		return lines(markIf(en, "en", r.Content.TextEN)), false
	}
	return lines(markIf(en, "zh", r.Content.Description)), lang == "en"
}

func markIf(en *entry, lang, text string) string {
	if text == "" {
		return ""
	}
	return mark(en.notice.Mode, lang, text)
}

func lines(text string) []string {
	var out []string
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, visible(l))
		}
	}
	return out
}

// visible shows characters that could make a text look other than it is. The
// desk refuses them; this is for what came before that rule.
func visible(text string) string {
	if _, unsafe := alert.UnsafeRune(text); !unsafe {
		return text
	}
	return strings.Map(func(r rune) rune {
		if _, unsafe := alert.UnsafeRune(string(r)); unsafe {
			return '\uFFFD'
		}
		return r
	}, text)
}

// exact returns the texts as sent, SMS and WeChat first.
func (p *pages) exact(w *words, en *entry, r *alert.Revision) []exact {
	texts := p.cfg.Text(en.notice, r)
	names := slices.Sorted(maps.Keys(texts))
	var out []exact
	for _, n := range names {
		out = append(out, exact{w.orKey("channel."+n, n), texts[n]})
	}
	return out
}

// trail is what happened to the notice, newest first.
func (p *pages) trail(w *words, en *entry) []step {
	var out []step
	for _, r := range en.notice.Released() {
		text, _ := p.text("zh", en, r)
		out = append(out, step{
			At: r.Released.At, Verb: w.orKey("verb."+string(r.Verb), r.Verb.ZH()), Headline: mark(en.notice.Mode, "zh", r.Content.Headline),
			Text: text, Todo: markIf(en, "zh", r.Content.Instruction), Exact: p.exact(w, en, r), Code: r.Code(),
			CAP: capPath(en.notice.ID, r.No), Current: r == en.cur(),
		})
	}
	if en.state == alert.StateEnded {
		out = append(out, step{At: en.ended, Verb: w.say("trail.ended"), Done: true})
	}
	slices.Reverse(out)
	return out
}

// verifyBody is the page of a verification code; when none was asked, the form
// alone.
type verifyBody struct {
	Asked bool
	Code  string // "" when what was asked can be no code
	Hits  []hit
}

type hit struct {
	card
	Sent     time.Time
	SentText string
	Old      bool // a later revision stands
	Texts    []exact
	Title    string // the headline of the revision that carries the code
	Text     []string
	Todo     string
}

func (p *pages) verify(lang string, asked bool, code string, found []found) ([]byte, error) {
	path := "/v"
	if code != "" {
		path += "/" + code
	}
	w := p.words[lang]
	f := p.frame(lang, path, w.say("verify.title"))
	f.Nav = "verify"
	b := verifyBody{Asked: asked, Code: code}
	for _, x := range found {
		if x.entry.drill() {
			p.markDrill(&f, "drill.notice")
		}
		text, _ := p.text("zh", x.entry, x.rev)
		b.Hits = append(b.Hits, hit{
			card: p.card(lang, x.entry), Sent: x.rev.Released.At, SentText: w.full(x.rev.Released.At), Old: x.rev != x.entry.cur(),
			Texts: p.exact(w, x.entry, x.rev), Title: mark(x.entry.notice.Mode, "zh", x.rev.Content.Headline),
			Text: text, Todo: markIf(x.entry, "zh", x.rev.Content.Instruction),
		})
	}
	f.Body = b
	return p.render("verify", f)
}

func (p *pages) missing(lang string) ([]byte, error) {
	return p.render("missing", p.frame(lang, "/", p.words[lang].say("missing.title")))
}
