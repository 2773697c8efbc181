package web

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// entry is one public notice in one state, with its prepared answers. It never
// changes; a new revision or the end of its time makes another one.
type entry struct {
	notice *alert.Notice // a public copy
	state  alert.NoticeState
	seq    uint64 // the journal's event that the public last saw of it
	facts  facts
	ended  time.Time // when it ceased to be in force; zero while it is

	page map[string]*doc // by language
	json *doc
	revs map[int]*doc // CAP by revision
}

func (s *Site) newEntry(n *alert.Notice, seq uint64, now time.Time) *entry {
	en := &entry{notice: n, state: n.State(now), seq: seq, facts: factsOf(n), page: map[string]*doc{}, revs: map[int]*doc{}}
	en.ended = en.stopped()
	for _, lang := range languages {
		en.page[lang] = newDoc(htmlType, func() ([]byte, error) { return s.pages.notice(lang, en) })
	}
	en.json = newDoc("application/json", func() ([]byte, error) { return json.Marshal(s.detail(en)) })
	for _, r := range n.Released() {
		en.revs[r.No] = newDoc("application/cap+xml", func() ([]byte, error) { return s.cfg.CAP(n, r) })
	}
	return en
}

func (en *entry) cur() *alert.Revision  { return en.notice.Current() }
func (en *entry) body() *alert.Revision { return body(en.notice) }

func (en *entry) inForce() bool {
	return en.state == alert.StateReleased || en.state == alert.StateUpdated
}

func (en *entry) drill() bool { return en.notice.Mode == alert.Drill }

// issued is when the public first saw it.
func (en *entry) issued() time.Time { return en.notice.Released()[0].Released.At }

func (en *entry) stopped() time.Time {
	switch {
	case en.inForce():
		return time.Time{}
	case en.cur().Verb.Ends():
		return en.cur().Released.At
	}
	return en.cur().Content.Expires
}

// level is the colour that counts: of what the notice says, not of its lift.
func (en *entry) level() alert.Level { return en.body().Content.Level }

// mark puts the drill's mark first and last in a text (R6).
func mark(mode alert.Mode, lang, text string) string {
	m := channels.DrillMark(mode, lang)
	return m + text + m
}

// pushed is the data of one event on a stream.
type pushed struct {
	Seq      uint64            `json:"seq"` // of the journal; the stream's id
	ID       string            `json:"id"`
	Rev      int               `json:"rev"`
	Verb     alert.Verb        `json:"verb,omitempty"` // none when its time is over
	Mode     alert.Mode        `json:"mode"`
	State    alert.NoticeState `json:"state"`
	Level    alert.Level       `json:"level"`
	Hazard   alert.Hazard      `json:"hazard"`
	Event    string            `json:"event"`
	Headline string            `json:"headline"` // with the drill's marks
	Areas    []string          `json:"areas"`
	AreaDesc string            `json:"area_desc"`
	Issuer   string            `json:"issuer"`
	Sent     time.Time         `json:"sent"`
	Expires  time.Time         `json:"expires"`
	URL      string            `json:"url"`
}

func (s *Site) newLine(en *entry, name string, verb alert.Verb, seq uint64, now time.Time) *line {
	r := en.cur()
	c := &r.Content
	data, err := json.Marshal(pushed{
		Seq: seq, ID: en.notice.ID, Rev: r.No, Verb: verb, Mode: en.notice.Mode, State: en.state,
		Level: c.Level, Hazard: c.Hazard, Event: c.Event, Headline: mark(en.notice.Mode, "zh", c.Headline),
		Areas: c.Areas, AreaDesc: c.AreaDesc, Issuer: c.SenderName, Sent: r.Released.At, Expires: en.body().Content.Expires,
		URL: s.url(en),
	})
	if err != nil { // a year beyond 9999: say that there is something, and where
		data = fmt.Appendf(nil, `{"seq":%d,"id":%q,"mode":%q,"url":%q}`, seq, en.notice.ID, en.notice.Mode, s.url(en))
	}
	return &line{
		seq: seq, at: now, facts: en.facts, rank: rankOf(verb, en.level()),
		text: fmt.Appendf(nil, "event: %s\ndata: %s\n", name, data), // JSON has no line breaks
		id:   fmt.Appendf(nil, "id: %d\n\n", seq),
	}
}

// url is the notice's permanent address.
func (s *Site) url(en *entry) string { return s.cfg.BaseURL + en.path() }

func (en *entry) path() string { return "/n/" + en.notice.ID }

func capPath(id string, rev int) string { return "/n/" + id + "/" + strconv.Itoa(rev) + ".xml" }
