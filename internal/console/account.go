package console

import (
	"errors"
	"net/http"
	"time"

	"mingluo/internal/alert"
)

// accountBody is an officer's own page: what he or she may do, and the second
// factor.
type accountBody struct {
	App       bool // an authenticator is in force
	Envelopes int  // unused codes of the sealed envelope
	Secret    string
	Needed    bool // signing takes it in this mode
	Grant     alert.Grant
	Granted   bool
	Table     bool // there is a table of authority
	OneTime   bool // the password has to be changed first
}

func (c *Console) account(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showAccount(w, r, s, nil, http.StatusOK)
}

func (c *Console) showAccount(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	b := &accountBody{OneTime: s.oneTime}
	var err error
	if b.App, b.Envelopes, err = c.Accounts.HasFactor(r.Context(), s.ID); err != nil {
		return err
	}
	secret, _, err := c.Accounts.FactorPicture(r.Context(), s.ID)
	if err != nil && !errors.Is(err, alert.ErrNotFound) {
		return err
	}
	b.Secret = secret
	for _, m := range c.FactorIn {
		b.Needed = b.Needed || m == s.Actor.Mode
	}
	c.Desk.Read(func(st *alert.State) {
		b.Grant, b.Granted = st.Grant(s.ID, c.Gazetteer)
		b.Table = st.Grants != nil
	})
	return c.show(w, r, status, "account", &view{seat: s, Title: "我的账号", Nav: "account", Problems: ps, Body: b})
}

// factorPicture serves the QR of the secret that waits for its first code.
func (c *Console) factorPicture(w http.ResponseWriter, r *http.Request, s *seat) error {
	_, picture, err := c.Accounts.FactorPicture(r.Context(), s.ID)
	if errors.Is(err, alert.ErrNotFound) {
		return errNoPage
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Write(picture) // the browser is gone if this fails
	return nil
}

// accountAct sets the second factor up. A new one replaces the old only after
// its first code, and whoever has one must show it first.
func (c *Console) accountAct(w http.ResponseWriter, r *http.Request, s *seat) error {
	code := r.PostForm.Get("factor")
	var err error
	switch r.PathValue("act") {
	case "factor":
		if err = c.provesFactor(r, s, code); err == nil {
			_, err = c.Accounts.BeginFactor(r.Context(), s.ID)
		}
	case "confirm":
		if _, ok := c.throttle.allow(s.ID, "factor", time.Now()); !ok {
			err = errFactor
		} else if err = c.Accounts.ConfirmFactor(r.Context(), s.ID, code); errors.Is(err, ErrFactor) {
			err = errFactor
		}
	case "reach":
		err = c.ownReach(r.Context(), s.Actor, r.PostForm.Get("phone"), r.PostForm.Get("wechat"))
	case "password":
		err = c.changePassword(w, r, s)
	default:
		return errNoPage
	}
	if ps := alert.AsProblems(err); ps != nil {
		f := explain(err)
		c.note(r, f, err)
		return c.showAccount(w, r, s, ps, f.Status)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/account")
}

// provesFactor asks for the present second factor before it is replaced.
func (c *Console) provesFactor(r *http.Request, s *seat, code string) error {
	app, _, err := c.Accounts.HasFactor(r.Context(), s.ID)
	if err != nil || !app {
		return err
	}
	if _, ok := c.throttle.allow(s.ID, "factor", time.Now()); !ok {
		return errFactor
	}
	if _, err = c.Accounts.UseFactor(r.Context(), s.ID, code); errors.Is(err, ErrFactor) {
		return errFactor
	}
	return err
}
