package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// officersBody is the administrators' page of accounts.
type officersBody struct {
	Officers []officerLine
	Alarms   []envelopeLine
	Roles    []alert.Role
	New      *alert.Officer // what was typed into the form of a new account
	Few      bool           // only one administrator can sign in

	AskFactor bool // an act takes a code now
}

// officerLine is one account without its secrets.
type officerLine struct {
	Account
	App       bool `json:"app"`       // an authenticator is in force
	Envelopes int  `json:"envelopes"` // unused codes of the sealed envelope
}

// envelopeLine is one alarm about a sealed envelope.
type envelopeLine struct {
	ID, Name string
	Used     []alert.Decision
	Left     int
}

// officerBody is one account; Secret is what is shown once.
type officerBody struct {
	officerLine
	Own      bool // nobody changes the own rights
	AllRoles []alert.Role
	Word     string // Chinese, a key of the catalogue: what Secret is
	Secret   string
	Acts     []officerStep

	AskFactor bool // an act takes a code now
}

// officerStep is what an administrator did with the account.
type officerStep struct {
	At   time.Time
	What string // Chinese, a key of the catalogue
	By   string
}

func allRoles() []alert.Role {
	return []alert.Role{alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover, alert.RoleAdmin, alert.RoleAuditor}
}

func (c *Console) officers(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showOfficers(w, r, s, nil, http.StatusOK)
}

func (c *Console) showOfficers(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	if !s.Manages() {
		return errAdminOnly
	}
	lines, err := c.Accounts.lines(r.Context())
	if err != nil {
		return err
	}
	b := &officersBody{Officers: lines, Roles: allRoles(), New: &alert.Officer{}, Alarms: c.envelopeAlarms(lines)}
	if b.AskFactor, err = c.asksFactor(r.Context(), s); err != nil {
		return err
	}
	admins := 0
	for _, l := range lines {
		if l.Has(alert.RoleAdmin) && !l.Disabled {
			admins++
		}
	}
	b.Few = admins < 2
	if status != http.StatusOK {
		*b.New = officerFromForm(r)
	}
	return c.show(w, r, status, "officers", &view{seat: s, Title: "人员", Nav: "people", Problems: ps, Body: b})
}

func (c *Console) envelopeAlarms(lines []officerLine) (out []envelopeLine) {
	c.Desk.Read(func(st *alert.State) {
		for _, l := range lines {
			if a := st.Envelopes[l.ID]; a != nil {
				out = append(out, envelopeLine{l.ID, l.Name, slices.Clone(a.Used), a.Left})
			}
		}
	})
	return out
}

func officerFromForm(r *http.Request) alert.Officer {
	f := &reader{Values: r.PostForm}
	o := alert.Officer{ID: f.text("id"), Name: f.text("name"), Phone: f.text("phone"), WeChat: f.text("wechat")}
	for _, x := range f.list("roles") {
		o.Roles = append(o.Roles, alert.Role(x))
	}
	return o
}

// lines lists the accounts with how each proves itself.
func (a *Accounts) lines(ctx context.Context) ([]officerLine, error) {
	list, err := a.List(ctx)
	var out []officerLine
	for _, acc := range list {
		if err == nil {
			var l officerLine
			l, err = a.line(ctx, acc.ID)
			out = append(out, l)
		}
	}
	return out, err
}

func (a *Accounts) line(ctx context.Context, id string) (l officerLine, err error) {
	if l.Account, err = a.Get(ctx, id); err == nil {
		l.App, l.Envelopes, err = a.HasFactor(ctx, id)
	}
	return l, err
}

func (c *Console) officer(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showOfficer(w, r, s, nil, http.StatusOK)
}

func (c *Console) showOfficer(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	return c.showOfficerWith(w, r, s, ps, status, r.PathValue("who"), "", "")
}

// showOfficerWith shows an account, and once a secret that was made for it.
func (c *Console) showOfficerWith(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int, id, word, secret string) error {
	if !s.Manages() {
		return errAdminOnly
	}
	l, err := c.Accounts.line(r.Context(), id)
	if errors.Is(err, alert.ErrNotFound) {
		return errNoOfficer
	}
	if err != nil {
		return err
	}
	if ps != nil { // what was typed is not lost over a wrong code
		typed := officerFromForm(r)
		if r.PostForm.Has("phone") {
			l.Phone, l.WeChat = typed.Phone, typed.WeChat
		}
		if r.PostForm.Has("roles") {
			l.Roles = typed.Roles
		}
	}
	b := &officerBody{officerLine: l, Own: id == s.ID, AllRoles: allRoles(), Word: word, Secret: secret}
	if b.AskFactor, err = c.asksFactor(r.Context(), s); err != nil {
		return err
	}
	if b.Acts, err = c.officerSteps(r.Context(), id); err != nil {
		return err
	}
	return c.show(w, r, status, "officer", &view{seat: s, Title: "人员", Nav: "people", Problems: ps, Body: b})
}

var errNoOfficer = &alert.Problem{Kind: alert.NotFound, Field: "officer", ZH: "没有这个账号。", EN: "There is no such account."}

// officerSteps reads what the journal holds about an account, the newest first.
func (c *Console) officerSteps(ctx context.Context, id string) (out []officerStep, err error) {
	names := map[string]string{}
	_, err = c.Store.Scan(ctx, alert.StreamJournal, "journal.officer."+id, 1, func(r alert.Record) error {
		e, err := alert.DecodeEvent(r.Data)
		if err != nil {
			return err
		}
		f, err := e.Fact()
		if err != nil {
			return err
		}
		out = append(out, officerStep{At: e.At, What: officerWord(f), By: c.nameOf(ctx, e.By, names)})
		return nil
	})
	slices.Reverse(out)
	return out[:min(len(out), 50)], err
}

func officerWord(f alert.Fact) string {
	switch f := f.(type) {
	case alert.OfficerChanged:
		return f.What.ZH()
	case alert.EnvelopeUsed:
		return "使用了密封信封里的一次性码"
	case alert.EnvelopeSeen:
		return "核实了密封信封的使用"
	}
	return "记录"
}

// inviteOfficer makes an account and shows its first password once.
func (c *Console) inviteOfficer(w http.ResponseWriter, r *http.Request, s *seat) error {
	o := officerFromForm(r)
	var d officerDone
	err := c.freshToManage(r.Context(), s.Actor, s.sess, r.PostForm.Get("factor"))
	if err == nil {
		d, err = c.manage(r.Context(), s.Actor, "invite", o.ID, officerAct{Officer: o})
	}
	if ps := alert.AsProblems(err); ps != nil {
		f := explain(err)
		c.note(r, f, err)
		return c.showOfficers(w, r, s, ps, f.Status)
	}
	if err != nil {
		return err
	}
	return c.showOfficerWith(w, r, s, nil, http.StatusOK, o.ID, "第一次登录的密码", d.Password)
}

// officerPageAct carries out what a button asked for.
func (c *Console) officerPageAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	id, act := r.PathValue("who"), r.PathValue("act")
	in := officerAct{Officer: officerFromForm(r)}
	f := &reader{Values: r.PostForm}
	in.Count = f.count("count")
	err := f.problems.Err()
	if err == nil {
		err = c.freshToManage(r.Context(), s.Actor, s.sess, r.PostForm.Get("factor"))
	}
	var d officerDone
	if err == nil {
		d, err = c.manage(r.Context(), s.Actor, act, id, in)
	}
	if ps := alert.AsProblems(err); ps != nil && ps[0].Kind != alert.NotFound {
		f := explain(err)
		c.note(r, f, err)
		return c.showOfficer(w, r, s, ps, f.Status)
	}
	switch {
	case err != nil:
		return err
	case len(d.Codes) > 0:
		return c.showEnvelope(w, r, s, id, d.Codes)
	case d.Password != "":
		return c.showOfficerWith(w, r, s, nil, http.StatusOK, id, "下一次登录的密码", d.Password)
	case act == "seen":
		return seeOther(w, r, s.Base+"/officers")
	}
	return seeOther(w, r, s.Base+"/officers/"+id)
}
