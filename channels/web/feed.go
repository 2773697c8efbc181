package web

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// feedEntries is how many notices the feed holds.
const feedEntries = 50

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomAuthor  `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Author     atomAuthor     `xml:"author"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Content    atomText       `xml:"content"`
}

type atomCategory struct {
	Term  string `xml:"term,attr"`
	Label string `xml:"label,attr,omitempty"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// atom serves /feed.atom: one entry a notice, changed by each revision.
func (s *Site) atom(w http.ResponseWriter, r *http.Request) {
	f, p := s.parseFilter(r.URL.Query())
	if p != nil {
		s.problem(w, r, http.StatusBadRequest, p)
		return
	}
	sn := s.snap.Load()
	if sn == nil {
		s.problem(w, r, http.StatusServiceUnavailable, unready())
		return
	}
	s.serve(w, r, http.StatusOK, newDoc("application/atom+xml; charset=utf-8", func() ([]byte, error) {
		list, _, _ := sn.list(f, "", "", feedEntries)
		return s.feed(list, r.URL.RequestURI())
	}))
}

func (s *Site) feed(list []*entry, self string) ([]byte, error) {
	title := s.cfg.Owner.TitleZH
	if s.cfg.DrillBanner {
		title = mark(alert.Drill, "zh", title)
	}
	base := s.cfg.BaseURL
	out := atomFeed{
		Lang: "zh-CN", ID: base + "/feed.atom", Title: title, Updated: rfc3339(time.Unix(0, 0)),
		Author: atomAuthor{orTitle(s.cfg.Owner.NameZH, title)},
		Links:  []atomLink{{"self", "application/atom+xml", base + self}, {"alternate", "text/html", base + "/"}},
	}
	var newest time.Time
	for _, en := range list {
		e := s.atomEntry(en)
		if t := en.changed(); t.After(newest) {
			newest = t
			out.Updated = e.Updated
		}
		out.Entries = append(out.Entries, e)
	}
	b, err := xml.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode feed: %w", err)
	}
	return append([]byte(xml.Header), b...), nil
}

// changed is when the public last saw something new of it.
func (en *entry) changed() time.Time {
	if en.ended.After(en.cur().Released.At) {
		return en.ended
	}
	return en.cur().Released.At
}

func (s *Site) atomEntry(en *entry) atomEntry {
	cur := &en.cur().Content
	mode := en.notice.Mode
	state := s.pages.words["zh"].say("state." + string(en.state))
	text := strings.Join([]string{cur.AreaDesc, cur.Description, cur.Instruction}, "\n")
	e := atomEntry{
		ID: s.url(en), Title: mark(mode, "zh", state+"："+cur.Headline),
		Published: rfc3339(en.issued()), Updated: rfc3339(en.changed()), Author: atomAuthor{orTitle(cur.SenderName, s.cfg.Owner.TitleZH)},
		Links: []atomLink{
			{"alternate", "text/html", s.url(en)},
			{"enclosure", "application/cap+xml", s.url(en) + ".xml"},
			{"related", "application/json", s.url(en) + ".json"},
		},
		Content: atomText{"text", mark(mode, "zh", text)},
	}
	for _, t := range []struct{ term, label string }{{string(mode), ""}, {en.level().String(), en.level().ZH()}, {string(cur.Hazard), cur.Event}} {
		if t.term != "" {
			e.Categories = append(e.Categories, atomCategory{t.term, t.label})
		}
	}
	return e
}

func orTitle(name, title string) string {
	if name != "" {
		return name
	}
	return title
}

func rfc3339(t time.Time) string { return t.In(alert.Beijing()).Format(time.RFC3339) }
