package audit

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Entry is one act or try, or several that are alike.
type Entry struct {
	Seq     uint64     `json:"seq"` // in AUDIT; set when read
	At      time.Time  `json:"at"`  // the first
	Last    time.Time  `json:"last"`
	Count   int        `json:"count"`
	Officer string     `json:"officer,omitempty"` // the account's id; "" when it is none
	Proven  bool       `json:"proven"`            // by a session or a token, not only named
	Mode    alert.Mode `json:"mode,omitempty"`
	From    string     `json:"from"` // address; of several in a network the network; "many"
	Via     string     `json:"via"`  // page, api or machine
	Act     string     `json:"act"`  // notices.approve, signin, roll.import …
	Object  string     `json:"object,omitempty"`
	Outcome Outcome    `json:"outcome"`
	Rule    string     `json:"rule,omitempty"`
	ZH      string     `json:"zh,omitempty"` // what the officer was told
	EN      string     `json:"en,omitempty"`
}

// Outcome is what came of a try.
type Outcome string

const (
	Done        Outcome = "done"
	Forbidden   Outcome = "forbidden"    // the officer may not do it
	Conflict    Outcome = "conflict"     // somebody was quicker, or it was done already
	Invalid     Outcome = "invalid"      // something was missing or wrong
	Blocked     Outcome = "blocked"      // the state did not allow it
	NotFound    Outcome = "not-found"    //
	TooLarge    Outcome = "too-large"    //
	Failed      Outcome = "failed"       // the service could not do it
	WrongFactor Outcome = "wrong-factor" // second factor wrong, used before or missing
	WrongSignIn Outcome = "wrong-signin" // no such account, wrong password or token
	Throttled   Outcome = "throttled"    // too many tries
	OldForm     Outcome = "old-form"     // a form of another session or another mode
	SignedOut   Outcome = "signed-out"   // a session that has ended
	CrossOrigin Outcome = "cross-origin" // another site's page
)

// Outcomes lists them in the order in which they can be chosen.
func Outcomes() []Outcome {
	return []Outcome{Done, Forbidden, Conflict, Invalid, Blocked, NotFound, TooLarge, Failed, WrongFactor, WrongSignIn, Throttled, OldForm, SignedOut, CrossOrigin}
}

// ZH returns the outcome's name.
func (o Outcome) ZH() string {
	return map[Outcome]string{
		Done: "已完成", Forbidden: "不允许", Conflict: "冲突", Invalid: "内容有误", Blocked: "现在不行", NotFound: "找不到", TooLarge: "太大", Failed: "服务出错",
		WrongFactor: "验证码不对", WrongSignIn: "登录不对", Throttled: "试得太多", OldForm: "旧页面", SignedOut: "登录已结束", CrossOrigin: "来自别的网站",
	}[o]
}

const (
	maxText   = 300 // runes of a sentence
	maxObject = 80  // bytes
	// Many stands for the sources of what was too much to be told apart.
	Many = "many"
)

// bounded cuts what comes from outside.
func (e *Entry) bounded() {
	cut := func(s string, n int) string {
		r := []rune(strings.ToValidUTF8(s, "?"))
		return string(r[:min(n, len(r))])
	}
	e.Officer, e.Object, e.Act, e.From = cut(e.Officer, 32), cut(e.Object, maxObject), cut(e.Act, maxObject), cut(e.From, 64)
	e.ZH, e.EN = cut(e.ZH, maxText), cut(e.EN, maxText)
	e.At = e.At.UTC()
	e.Last = e.At
	e.Count = 1
}

// subject is audit.<act>.<outcome>; an act's own dots would be levels too, so
// that audit.notices.> are all acts on notices.
func (e *Entry) subject() string { return "audit." + token(e.Act) + "." + string(e.Outcome) }

// token keeps a subject's characters; others come from addresses that we do not
// serve.
func token(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, s)
	s = strings.Trim(strings.ReplaceAll(s, "..", "."), ".")
	if s == "" {
		return "other"
	}
	return s
}

func (e *Entry) put() (alert.Put, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return alert.Put{}, fmt.Errorf("write an audit record: %w", err)
	}
	return alert.Put{Subject: e.subject(), Data: b}, nil
}

func decode(r alert.Record) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(r.Data, &e); err != nil {
		return e, fmt.Errorf("read audit record %d: %w", r.Seq, err)
	}
	e.Seq = r.Seq
	return e, nil
}

// network is what an address is counted under: its /24, or its /64.
func network(from string) string {
	a, err := netip.ParseAddr(from)
	if err != nil {
		return from
	}
	a, bits := a.Unmap(), 64
	if a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return from
	}
	return p.String()
}
