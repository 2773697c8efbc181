package apptest

import (
	"net/http"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// Officer acts through the JSON API. Every verb ends the test when it is
// refused; [Officer.Try] is for acts that should be.
type Officer struct {
	office *Office
	t      testing.TB
	ID     string
}

// Draft is a text being written.
type Draft struct {
	ID       string        `json:"draft"`
	Seq      uint64        `json:"seq"`
	Updates  string        `json:"updates"`
	Content  alert.Content `json:"content"`
	Touched  []string      `json:"touched"`
	Warnings []string      `json:"warnings"`
}

// Notice is a submitted or released revision, as an act has to name it.
type Notice struct {
	ID   string `json:"notice"`
	Rev  int    `json:"rev"`
	Hash string `json:"hash"`
}

// Draft opens a draft from JSON, a content or a CAP file.
func (f *Officer) Draft(content any) Draft {
	f.t.Helper()
	var d Draft
	f.Call(http.MethodPost, "/notices", content).OK().JSON(&d)
	return d
}

// Reopen reads a draft again.
func (f *Officer) Reopen(id string) Draft {
	f.t.Helper()
	var d Draft
	f.Call(http.MethodGet, "/drafts/"+id, nil).OK().JSON(&d)
	return d
}

// Save keeps the draft's content.
func (f *Officer) Save(d Draft) Draft {
	f.t.Helper()
	var out Draft
	f.TrySave(d).OK().JSON(&out)
	return out
}

// TrySave is Save for a save that may be refused.
func (f *Officer) TrySave(d Draft) *Answer {
	f.t.Helper()
	return f.Call(http.MethodPut, "/drafts/"+d.ID, map[string]any{"seq": d.Seq, "content": d.Content})
}

// Confirm confirms the class suspensions that are proposed (R26).
func (f *Officer) Confirm(d Draft) Draft {
	f.t.Helper()
	for i := range d.Content.Suspend {
		d.Content.Suspend[i].Confirmed = true
	}
	return f.Save(d)
}

// Submit puts a draft before the reviewers.
func (f *Officer) Submit(d Draft) Notice {
	f.t.Helper()
	var n Notice
	f.TrySubmit(d).OK().JSON(&n)
	return f.office.Look(n.ID)
}

// TrySubmit is Submit for a text that may be refused.
func (f *Officer) TrySubmit(d Draft) *Answer {
	f.t.Helper()
	return f.Call(http.MethodPost, "/drafts/"+d.ID+"/submit", map[string]any{"seq": d.Seq})
}

// Look returns the newest revision of a notice.
func (o *Office) Look(id string) Notice {
	o.t.Helper()
	var n Notice
	o.As("li").Call(http.MethodGet, "/notices/"+id, nil).OK().JSON(&n)
	return n
}

// Try carries out an act (review, approve, release, return, update, lift,
// retract, correct, pause, resume, confirm) and returns what was said.
func (f *Officer) Try(act string, n Notice, reason string) *Answer {
	f.t.Helper()
	return f.office.ask(f.act(act, n, reason))
}

// DareCall is Call where the service may die before it answers; nil when it did.
func (f *Officer) DareCall(method, path string, body any) *Answer {
	f.t.Helper()
	a, err := f.office.send(f.request(method, path, body))
	if err != nil {
		return nil
	}
	return a
}

// Dare is Try where the service may die before it answers; nil when it did.
func (f *Officer) Dare(act string, n Notice) *Answer {
	f.t.Helper()
	a, err := f.office.send(f.act(act, n, ""))
	if err != nil {
		return nil
	}
	return a
}

func (f *Officer) act(act string, n Notice, reason string) *http.Request {
	f.t.Helper()
	body := map[string]any{"rev": n.Rev, "hash": n.Hash, "reason": reason}
	if act == "review" {
		body["checklist"] = alert.Checked()
	}
	return f.request(http.MethodPost, "/notices/"+n.ID+"/"+act, body)
}

func (f *Officer) do(act string, n Notice, reason string) Notice {
	f.t.Helper()
	f.Try(act, n, reason).OK()
	return f.office.Look(n.ID)
}

// Review records the confidentiality review.
func (f *Officer) Review(n Notice) { f.t.Helper(); f.do("review", n, "") }

// Approve signs the revision.
func (f *Officer) Approve(n Notice) { f.t.Helper(); f.do("approve", n, "") }

// Release makes it public.
func (f *Officer) Release(n Notice) { f.t.Helper(); f.do("release", n, "") }

// Pause stops the fan-out.
func (f *Officer) Pause(n Notice, reason string) { f.t.Helper(); f.do("pause", n, reason) }

// Stop ends the fan-out for good.
func (f *Officer) Stop(n Notice, reason string) { f.t.Helper(); f.do("stop", n, reason) }

// Resume lets it go on.
func (f *Officer) Resume(n Notice) { f.t.Helper(); f.do("resume", n, "") }

// Retract takes the notice back from everybody who was sent it.
func (f *Officer) Retract(n Notice, reason string) Notice {
	f.t.Helper()
	return f.do("retract", n, reason)
}

// Lift says to everybody who was sent it that the danger is over.
func (f *Officer) Lift(n Notice, reason string) Notice { f.t.Helper(); return f.do("lift", n, reason) }

// Update opens a draft that is filled from the revision in force.
func (f *Officer) Update(n Notice) Draft {
	f.t.Helper()
	var out struct{ Draft string }
	f.Try("update", n, "").OK().JSON(&out)
	return f.Reopen(out.Draft)
}

// Issue takes a content through both officers to its release.
func (o *Office) Issue(content any) Notice {
	o.t.Helper()
	chen := o.As("chen")
	return o.Sign(chen.Submit(chen.Draft(content)))
}

// Sign reviews, approves and releases as li.
func (o *Office) Sign(n Notice) Notice {
	o.t.Helper()
	li := o.As("li")
	li.Review(n)
	li.Approve(n)
	li.Release(n)
	return n
}

// Typhoon is a relayed orange signal for the whole city: every subscriber of a
// town is to be told.
func Typhoon() alert.Content {
	now := time.Now().UTC().Truncate(time.Second)
	return alert.Content{
		Kind: alert.KindRelay, Category: "Met", Event: "台风", Hazard: "11B01", Level: alert.Orange,
		Urgency: "Expected", Severity: alert.Orange.Severity(), Certainty: "Likely",
		Headline: "台风橙色预警信号", Description: "预计12小时内我市平均风力可达10级以上。", Instruction: "请留在室内，远离门窗和工地围挡。",
		SenderName: "佛山市应急管理局", Contact: "12345", Effective: now, Expires: now.Add(6 * time.Hour),
		Areas: []string{"440604", "440605", "440606", "440607", "440608"}, AreaDesc: "佛山全市", Channels: []string{"sms", "wechat"},
		Authority: alert.Authority{Basis: "own"}, Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
		Source: &alert.Source{Sender: "44060041600000", Identifier: "44060041600000_" + now.Format("20060102150405"), Sent: now.Add(-5 * time.Minute), Name: "佛山市气象台"},
	}
}
