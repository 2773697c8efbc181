package web

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"mingluo/internal/alert"
)

// Summary is a notice in the public JSON lists. Instants are UTC.
type Summary struct {
	ID       string            `json:"id"`
	URL      string            `json:"url"`
	Mode     alert.Mode        `json:"mode"`  // live or drill
	State    alert.NoticeState `json:"state"` // released, updated, lifted, retracted, expired
	Kind     alert.NoticeKind  `json:"kind"`
	Event    string            `json:"event"`
	Hazard   alert.Hazard      `json:"hazard"`
	Level    alert.Level       `json:"level"`    // white to red, "" for none
	Headline string            `json:"headline"` // with the drill's marks
	Areas    []Area            `json:"areas"`
	AreaDesc string            `json:"area_desc"`
	Issuer   string            `json:"issuer"`
	Sent     time.Time         `json:"sent"` // of the current revision
	Starts   time.Time         `json:"starts"`
	Ends     time.Time         `json:"ends"`
	Stopped  time.Time         `json:"stopped,omitzero"`
	Rev      int               `json:"rev"`
	Seq      uint64            `json:"seq"` // the journal's event that last changed it
}

// Area is a division a notice is for.
type Area struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Detail is a notice with everything that is public about it.
type Detail struct {
	Summary
	HeadlineEN       string       `json:"headline_en,omitempty"`
	Description      string       `json:"description"`
	Instruction      string       `json:"instruction"`
	TextEN           string       `json:"text_en,omitempty"`
	Contact          string       `json:"contact,omitempty"`
	Web              string       `json:"web,omitempty"`
	Interpretation   string       `json:"interpretation,omitempty"` // of a policy document
	InterpretationEN string       `json:"interpretation_en,omitempty"`
	Source           *SourceOut   `json:"source,omitempty"` // of a relayed signal
	Suspension       []SuspendOut `json:"suspension,omitempty"`
	CAP              string       `json:"cap"`
	Revisions        []RevOut     `json:"revisions"` // oldest first
}

// SourceOut is who issued a relayed signal, when, under which id (R25).
type SourceOut struct {
	Issuer     string    `json:"issuer"`
	Sender     string    `json:"sender,omitempty"`
	Identifier string    `json:"identifier"`
	Sent       time.Time `json:"sent"`
}

// SuspendOut is the class suspension of one district.
type SuspendOut struct {
	Area
	Text string `json:"text"`
}

// RevOut is one public revision: its text, exactly as sent on each channel.
type RevOut struct {
	Rev         int               `json:"rev"`
	Verb        alert.Verb        `json:"verb"`
	Sent        time.Time         `json:"sent"`
	Headline    string            `json:"headline"`
	Description string            `json:"description"`
	Instruction string            `json:"instruction"`
	Expires     time.Time         `json:"expires"`
	Code        string            `json:"code"` // to verify it with
	VerifyURL   string            `json:"verify_url"`
	CAP         string            `json:"cap"`
	Texts       map[string]string `json:"texts,omitempty"`
}

func (s *Site) areas(codes []string) []Area {
	out := make([]Area, 0, len(codes))
	for _, c := range codes {
		out = append(out, Area{c, s.cfg.Gazetteer.FullName(c)})
	}
	return out
}

func (s *Site) summary(en *entry) Summary {
	cur, body := en.cur(), en.body()
	c := &body.Content
	return Summary{
		ID: en.notice.ID, URL: s.url(en), Mode: en.notice.Mode, State: en.state,
		Kind: c.Kind, Event: c.Event, Hazard: c.Hazard, Level: c.Level,
		Headline: mark(en.notice.Mode, "zh", cur.Content.Headline),
		Areas:    s.areas(c.Areas), AreaDesc: c.AreaDesc, Issuer: c.SenderName,
		Sent: cur.Released.At, Starts: en.notice.Released()[0].Content.Effective, Ends: c.Expires, Stopped: en.ended,
		Rev: cur.No, Seq: en.seq,
	}
}

func (s *Site) detail(en *entry) Detail {
	cur := &en.cur().Content
	mode := en.notice.Mode
	d := Detail{
		Summary: s.summary(en), HeadlineEN: cur.HeadlineEN, Description: mark(mode, "zh", cur.Description), Instruction: mark(mode, "zh", cur.Instruction),
		TextEN: cur.TextEN, Contact: cur.Contact, Web: cur.Web, CAP: s.cfg.BaseURL + en.path() + ".xml",
	}
	if src := en.body().Content.Source; src != nil {
		d.Source = &SourceOut{Issuer: src.Name, Sender: src.Sender, Identifier: src.Identifier, Sent: src.Sent}
	}
	if i := cur.Interpretation; i != nil && en.cur() == en.body() {
		d.Interpretation, d.InterpretationEN = markIf(en, "zh", i.Text), markIf(en, "en", i.TextEN)
	}
	for _, x := range en.body().Content.Suspend {
		d.Suspension = append(d.Suspension, SuspendOut{Area{x.District, s.cfg.Gazetteer.Name(x.District)}, x.Text})
	}
	for _, r := range en.notice.Released() {
		d.Revisions = append(d.Revisions, RevOut{
			Rev: r.No, Verb: r.Verb, Sent: r.Released.At, Headline: mark(mode, "zh", r.Content.Headline),
			Description: mark(mode, "zh", r.Content.Description), Instruction: mark(mode, "zh", r.Content.Instruction), Expires: r.Content.Expires,
			Code: r.Code(), VerifyURL: s.cfg.BaseURL + "/v/" + r.Code(), CAP: s.cfg.BaseURL + capPath(en.notice.ID, r.No),
			Texts: s.cfg.Text(en.notice, r),
		})
	}
	return d
}

// listing is the answer of /api/public/v1/notices.
type listing struct {
	Seq     uint64    `json:"seq"`             // resume /events with last-event-id=seq
	AsOf    time.Time `json:"as_of,omitzero"`  // set when the list may be out of date
	Notices []Summary `json:"notices"`         // drills only when asked for, or in a drill installation
	Next    string    `json:"next,omitempty"`  // address of the next page
	Stale   bool      `json:"stale,omitempty"` // the record cannot be read at the moment
}

const maxLimit = 500

// apiNotices lists in force first, then past, each newest first.
func (s *Site) apiNotices(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f, p := s.parseFilter(q, "state", "limit", "before")
	limit, state := 100, q.Get("state")
	if v := q.Get("limit"); v != "" && p == nil {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxLimit {
			p = badParam("limit", "须为1到500。", "Want 1 to 500.")
		}
		limit = n
	}
	if p == nil && !slices.Contains([]string{"", "in-force", "past"}, state) {
		p = badParam("state", "须为 in-force 或 past。", "Want in-force or past.")
	}
	if p != nil {
		s.problem(w, r, http.StatusBadRequest, p)
		return
	}
	sn := s.snap.Load()
	if sn == nil {
		s.problem(w, r, http.StatusServiceUnavailable, unready())
		return
	}
	list, more, ok := sn.list(f, state, q.Get("before"), limit)
	if !ok {
		s.problem(w, r, http.StatusBadRequest, badParam("before", "没有这条通知。", "No such notice in this list."))
		return
	}
	out := listing{Seq: sn.seq, Stale: sn.stale, Notices: []Summary{}}
	if sn.stale {
		out.AsOf = sn.asOf.UTC()
	}
	for _, en := range list {
		out.Notices = append(out.Notices, s.summary(en))
	}
	if more {
		next := url.Values{}
		for k, v := range q {
			next[k] = v
		}
		next.Set("before", list[len(list)-1].notice.ID)
		out.Next = s.cfg.BaseURL + r.URL.Path + "?" + next.Encode()
	}
	s.serve(w, r, http.StatusOK, newDoc("application/json", func() ([]byte, error) { return json.Marshal(out) }))
}

// list picks notices: what passes the filter, after the one named before.
func (sn *snapshot) list(f *filter, state, before string, limit int) (out []*entry, more, ok bool) {
	seen := before == ""
	for en := range sn.listed(state) {
		if !f.passes(&en.facts) {
			continue
		}
		if seen && len(out) == limit {
			return out, true, true
		}
		if seen {
			out = append(out, en)
		}
		seen = seen || en.notice.ID == before
	}
	return out, false, seen
}

// listed yields what is in force and then what is over; state "in-force" or
// "past" picks one of them.
func (sn *snapshot) listed(state string) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for _, x := range []*section{&sn.live, &sn.drill} {
			for _, en := range x.inForce {
				if state != "past" && !yield(en) {
					return
				}
			}
		}
		for _, x := range []*section{&sn.live, &sn.drill} {
			for en := range x.past.each() {
				if state == "in-force" || !yield(en) {
					return
				}
			}
		}
	}
}

// apiAreas lists the division codes that filters and notices use.
func (s *Site) apiAreas(w http.ResponseWriter, r *http.Request) {
	type row struct {
		Area
		Parent string `json:"parent,omitempty"`
	}
	s.serve(w, r, http.StatusOK, newDoc("application/json", func() ([]byte, error) {
		var rows []row
		for _, c := range s.cfg.Gazetteer.Codes() {
			rows = append(rows, row{Area{c, s.cfg.Gazetteer.Name(c)}, s.cfg.Gazetteer.Parent(c)})
		}
		b, err := json.Marshal(map[string]any{"areas": rows})
		if err != nil {
			return nil, fmt.Errorf("encode areas: %w", err)
		}
		return b, nil
	}))
}
