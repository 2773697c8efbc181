package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/apptest"
)

// act is what an officer does: the words are the officer, the verb and what
// it needs.
func (p *play) act(w []string) *apptest.Answer {
	p.t.Helper()
	who, verb, rest := p.service.As(w[0]), w[1], w[2:]
	first := ""
	if len(rest) > 0 {
		first = rest[0]
	}
	switch verb {
	case "writes": // FILE of JSON: opens a draft
		return who.Call(http.MethodPost, "/notices", p.file(first))
	case "uploads": // FILE of CAP: opens a draft
		return who.Call(http.MethodPost, "/notices", apptest.CAP(p.file(first)))
	case "sets": // FIELD VALUE of the draft
		return who.TrySave(p.changed(first, rest[1]))
	case "confirms": // the class suspensions proposed in the draft
		d := p.draft
		d.Content.Suspend = slices.Clone(d.Content.Suspend)
		for i := range d.Content.Suspend {
			d.Content.Suspend[i].Confirmed = true
		}
		return who.TrySave(d)
	case "submits":
		return who.TrySubmit(p.draft)
	case "reviews", "approves", "releases", "returns", "updates", "lifts", "retracts", "corrects", "pauses", "resumes", "stops", "confirms-plan":
		act := map[string]string{"reviews": "review", "approves": "approve", "releases": "release", "returns": "return", "updates": "update",
			"lifts": "lift", "retracts": "retract", "corrects": "correct", "pauses": "pause", "resumes": "resume", "stops": "stop", "confirms-plan": "confirm"}[verb]
		return who.Try(act, p.notice, first)
	}
	return p.incidentAct(who, verb, rest)
}

func (p *play) incidentAct(who *apptest.Officer, verb string, rest []string) *apptest.Answer {
	p.t.Helper()
	on := func(act string, body any) *apptest.Answer {
		return who.Call(http.MethodPost, "/incidents/"+p.incident+"/"+act, body)
	}
	switch verb {
	case "records": // FILE: opens an incident
		return who.Call(http.MethodPost, "/incidents", p.file(rest[0]))
	case "restates": // FILE REASON: what is known now
		return on("record", map[string]any{"facts": json.RawMessage(p.file(rest[0])), "reason": rest[1]})
	case "answers": // opens a draft that is about the incident
		return on("answer", map[string]any{})
	case "acknowledges": // MILESTONE, such as info5h-half
		return on("acknowledge", map[string]any{"milestone": p.incident + "-" + rest[0]})
	case "holds": // a press conference at a PLACE
		return on("conference", map[string]any{"at": time.Now().UTC(), "place": rest[0]})
	case "closes": // REASON
		return on("close", map[string]any{"reason": rest[0]})
	}
	p.failf("nobody can do %q", verb)
	return nil
}

// changed returns the draft with one field set. A value that begins like a list
// or an object of JSON is one, so is true; anything else is a text.
func (p *play) changed(field, value string) apptest.Draft {
	p.t.Helper()
	var fields map[string]json.RawMessage
	b, err := json.Marshal(p.draft.Content)
	if err == nil {
		err = json.Unmarshal(b, &fields)
	}
	if err != nil {
		p.failf("%v", err)
	}
	raw := json.RawMessage(value)
	if !strings.HasPrefix(value, "[") && value != "true" && !strings.HasPrefix(value, "{\"") {
		raw, _ = json.Marshal(value)
	}
	fields[field] = raw
	d := p.draft
	d.Content = alert.Content{}
	if b, err = json.Marshal(fields); err == nil {
		err = json.Unmarshal(b, &d.Content)
	}
	if err != nil {
		p.failf("%s: %v", field, err)
	}
	return d
}

// sight is what can be seen: by officers, by the public, on phones.
func (p *play) sight(w []string) {
	p.t.Helper()
	switch w[0] {
	case "notice": // STATE
		var n struct{ State string }
		p.service.As("li").Call(http.MethodGet, "/notices/"+p.notice.ID, nil).OK().JSON(&n)
		if n.State != w[1] {
			p.failf("the notice is %s", n.State)
		}
	case "everybody": // is settled: every recipient of the newest revision, and nobody was left out
		p.everybodySettled()
	case "those": // who were told are told: the follow-up is with exactly those who hold the notice
		p.sameRecipients()
	case "sms", "wechat": // says WORDS: every message in Chinese of the newest revision
		p.phones(w[0], "【演练】", w[2:])
	case "sms-en", "wechat-en": // says WORDS: every message in English
		p.phones(strings.TrimSuffix(w[0], "-en"), "[DRILL]", w[2:])
	case "page": // PATH says|lacks WORDS
		p.page(w[1], w[2], w[3:])
	case "stream": // brings EVENT: the page that stood open all the time
		p.stream.Wait(w[2], p.notice)
	case "clock": // DUTY STATE
		p.clock(w[1], w[2])
	case "milestone": // DUTY-WHAT, recorded once
		p.milestone(w[1])
	case "draft": // warns WORDS
		for _, words := range w[2:] {
			if !strings.Contains(strings.Join(p.draft.Warnings, "\n"), words) {
				p.failf("the draft warns of %q", p.draft.Warnings)
			}
		}
	case "nothing": // was stored by the act before
		if !maps.Equal(p.before, p.now) {
			p.failf("something was stored: %v before, %v now", p.before, p.now)
		}
	case "journal": // is unchanged by the act before
		if p.before[alert.StreamJournal] != p.now[alert.StreamJournal] {
			p.failf("the journal has %d new events", p.now[alert.StreamJournal]-p.before[alert.StreamJournal])
		}
	case "restart": // the service, on the same folder
		p.stream.Close()
		p.service.Stop()
		p.open()
	default:
		p.failf("nobody can see %q", w[0])
	}
}

func (p *play) verb() alert.Verb {
	p.t.Helper()
	var n struct {
		Revisions []struct {
			Rev  int
			Verb alert.Verb
		}
	}
	p.service.As("li").Call(http.MethodGet, "/notices/"+p.notice.ID, nil).OK().JSON(&n)
	return n.Revisions[p.notice.Rev-1].Verb
}

func (p *play) everybodySettled() {
	p.t.Helper()
	verb := p.verb()
	for _, c := range p.service.WaitSettled(p.notice).Channels {
		held := p.town.Carriers.Held(c.Channel, p.notice.ID, verb)
		if c.Planned == 0 || len(held) != c.Planned {
			p.failf("%s: %d were to be told, %d hold it", c.Channel, c.Planned, len(held))
		}
		for address, n := range held {
			if n != 1 {
				p.failf("%s: %s holds %d copies", c.Channel, address, n)
			}
		}
	}
}

func (p *play) sameRecipients() {
	p.t.Helper()
	verb := p.verb()
	for _, channel := range []string{"sms", "wechat"} {
		was, is := p.town.Carriers.Held(channel, p.notice.ID, alert.Issue), p.town.Carriers.Held(channel, p.notice.ID, verb)
		if !maps.Equal(was, is) {
			p.failf("%s: the notice is with %d people, the %s with %d", channel, len(was), verb, len(is))
		}
	}
}

// phones looks at the messages that begin with the mark of a language. The mark
// of a drill stands first and last (R6).
func (p *play) phones(channel, mark string, says []string) {
	p.t.Helper()
	texts := p.town.Carriers.Texts(channel, p.notice.ID, p.verb())
	texts = slices.DeleteFunc(texts, func(text string) bool { return !strings.HasPrefix(text, mark) })
	if len(texts) == 0 {
		p.failf("nobody got it")
	}
	for _, text := range texts {
		if !strings.HasSuffix(strings.TrimSpace(text), mark) {
			p.failf("a phone shows %q without the mark at its end", text)
		}
		for _, words := range says {
			if !strings.Contains(text, words) {
				p.failf("a phone shows %q", text)
			}
		}
	}
}

func (p *play) page(path, how string, says []string) {
	p.t.Helper()
	a := p.service.Page(path)
	if a.Status != http.StatusOK {
		p.failf("the page answers %d", a.Status)
	}
	for _, words := range says {
		if strings.Contains(string(a.Body), words) != (how == "says") {
			p.failf("the page reads:\n%s", a.Text())
		}
	}
}

func (p *play) clock(duty, state string) {
	p.t.Helper()
	type clock struct{ Incident, Duty, State string }
	var out struct{ Duties []clock }
	p.service.Until(p.where, func() bool {
		p.service.As("li").Call(http.MethodGet, "/duties", nil).OK().JSON(&out)
		return slices.Contains(out.Duties, clock{p.incident, duty, state})
	})
}

func (p *play) milestone(what string) {
	p.t.Helper()
	p.service.Until(p.where, func() (there bool) {
		p.service.Desk.Read(func(st *alert.State) { _, there = st.Milestones[p.incident+"-"+what] })
		return there
	})
}
