package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// A password that somebody else made and read is for one sign-in only (R18):
// until the officer has chosen another, the account opens nothing but the page
// on which that is done.

// Invite adds an officer and returns the password for the first sign-in. It is
// kept nowhere.
func (a *Accounts) Invite(ctx context.Context, o alert.Officer) (password string, err error) {
	password = NewPassword()
	if _, err := a.Create(ctx, o, password); err != nil {
		return "", err
	}
	return password, a.amend(ctx, o.ID, func(s *secrets) error {
		s.OneTime, s.Token = true, "" // the token that Create made is told to nobody
		return nil
	})
}

// Reset gives an officer another password for one sign-in, brings a disabled
// account back, and ends the officer's sessions.
func (a *Accounts) Reset(ctx context.Context, id string) (password string, err error) {
	password = NewPassword()
	hash := a.cost.hash(password)
	return password, a.change(ctx, id, func(s *secrets) { s.Password, s.Disabled, s.OneTime = hash, false, true })
}

var (
	errOldPassword = &alert.Problem{Kind: alert.Forbidden, Field: "old", ZH: "现在的密码不对。", EN: "The present password is wrong."}
	errOneTime     = &alert.Problem{Kind: alert.Forbidden, Rule: "R18", ZH: "这是一次性密码：请先在“我的账号”里换成自己的密码。", EN: "This password is for one sign-in: choose your own under “My account” first."}
)

// ChangePassword replaces an officer's password by one of his or her own. It
// ends the officer's sessions; the account as it is now is returned.
func (a *Accounts) ChangePassword(ctx context.Context, id, old, password string) (Account, error) {
	if n := len([]rune(password)); n < minPassword || n > maxPassword {
		return Account{}, &alert.Problem{Kind: alert.Invalid, Field: "new", ZH: fmt.Sprintf("密码要有%d到%d个字符，一句自己记得住的话就好。", minPassword, maxPassword), EN: fmt.Sprintf("A password has %d to %d characters; a sentence you remember will do.", minPassword, maxPassword)}
	}
	if password == old || strings.EqualFold(password, id) {
		return Account{}, &alert.Problem{Kind: alert.Invalid, Field: "new", ZH: "请换一个和现在不同的密码。", EN: "Choose a password that differs from the present one."}
	}
	if _, err := a.Authenticate(ctx, id, old); errors.Is(err, ErrSignIn) {
		return Account{}, errOldPassword
	} else if err != nil {
		return Account{}, err
	}
	hash := a.cost.hash(password)
	if err := a.change(ctx, id, func(s *secrets) { s.Password, s.OneTime = hash, false }); err != nil {
		return Account{}, err
	}
	return a.Get(ctx, id)
}

// maxPassword bounds what is hashed; argon2id itself takes any length.
const maxPassword = 200

// mayOpen reports whether an officer whose password is for one sign-in may open
// an address.
func mayOpen(s *seat, path string) bool {
	return !s.oneTime || path == s.Base+"/account" || path == s.Base+"/account/password" || path == s.Base+"/signout"
}

// changePassword is the form on the officer's own page. The session goes on under
// the new password.
func (c *Console) changePassword(w http.ResponseWriter, r *http.Request, s *seat) error {
	f := r.PostForm
	if f.Get("new") != f.Get("again") {
		return &alert.Problem{Kind: alert.Invalid, Field: "again", ZH: "两次输入的新密码不一样。", EN: "The two new passwords differ."}
	}
	if _, ok := c.throttle.allow(s.ID, "password", time.Now()); !ok {
		return &alert.Problem{Kind: alert.Blocked, Field: "old", ZH: "试得太多了，请等一分半钟再试。", EN: "Too many tries: wait 90 seconds."}
	}
	acc, err := c.Accounts.ChangePassword(r.Context(), s.ID, f.Get("old"), f.Get("new"))
	if err != nil {
		return err
	}
	c.throttle.succeed(s.ID, "password")
	return c.takeSeat(w, r, acc, s.Actor.Mode)
}
