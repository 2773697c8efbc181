package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// A call by SMS or WeChat carries a link to the one approval screen. Such a
// message is read by more machines than the officer's: the carrier's, a
// platform that fetches previews, a lock screen, whoever picks the phone up.
// So the link takes away everything that costs time at night (finding the
// address, the account and the notice) and proves nothing:
//
//   - It opens once, by a press of a button. Fetching it, as previews do,
//     neither opens it nor shows a word of the notice, which may not have been
//     through the confidentiality review yet.
//   - It leads to the officer's own page of the notice. Who is not signed in
//     there types the password first; a signature takes the second factor.
//   - It has 130 random bits, is kept as a hash in the officer's sealed
//     account, and is void after a while. A second opening is told apart, so
//     that the officer learns of it when somebody else was first.

// CallLink is what a link leads to.
type CallLink struct {
	Notice string `json:"notice"`
	Rev    int    `json:"rev"`
	No     int    `json:"no"` // of the call
}

// callLink is what an account keeps of it.
type callLink struct {
	CallLink
	Sum     string    `json:"sum"`
	Expires time.Time `json:"expires"`
	Opened  time.Time `json:"opened,omitzero"`
}

// keptLinks bounds the links of one officer; the oldest goes first.
const keptLinks = 16

// NewCallLink makes a link for one call and returns its word.
func (a *Accounts) NewCallLink(ctx context.Context, officer string, to CallLink, valid time.Duration) (word string, err error) {
	word = officer + "-" + strings.ToLower(rand.Text()) // letters and digits only: phones end a link at anything else
	return word, a.amend(ctx, officer, func(s *secrets) error {
		now := a.now().UTC()
		s.Calls = slices.DeleteFunc(s.Calls, func(k callLink) bool { return !now.Before(k.Expires) })
		if over := len(s.Calls) - keptLinks + 1; over > 0 {
			s.Calls = slices.Delete(s.Calls, 0, over)
		}
		s.Calls = append(s.Calls, callLink{CallLink: to, Sum: callSum(word), Expires: now.Add(valid)})
		return nil
	})
}

func callSum(word string) string { return tokenSum("call\x00" + word) }

var (
	errNoLink   = &alert.Problem{Kind: alert.NotFound, ZH: "这个链接不对，或者已经过期。请登录后在值班台打开。", EN: "This link is wrong or too old. Sign in and open the notice from the duty board."}
	errLinkUsed = &alert.Problem{Kind: alert.Conflict, ZH: "这个链接已经打开过一次。如果不是您打开的，请告诉管理员；请登录后在值班台打开。", EN: "This link was opened once already. If it was not you, tell the administrator; sign in and open the notice from the duty board."}
)

// link finds a word's link in an account that is in use.
func (s *secrets) link(word string, now time.Time) (*callLink, error) {
	sum := callSum(word)
	for i := range s.Calls {
		k := &s.Calls[i]
		if subtle.ConstantTimeCompare([]byte(k.Sum), []byte(sum)) != 1 {
			continue
		}
		switch {
		case s.Disabled || !now.Before(k.Expires):
			return nil, errNoLink
		case !k.Opened.IsZero():
			return nil, errLinkUsed
		}
		return k, nil
	}
	return nil, errNoLink
}

// maxLinkWord is an officer's longest id, a hyphen and the random letters.
const maxLinkWord = 32 + 1 + 26

func linkOfficer(word string) (string, error) {
	officer, _, ok := strings.Cut(word, "-")
	if !ok || len(word) > maxLinkWord || !officerID(officer) {
		return "", errNoLink
	}
	return officer, nil
}

// LookCallLink says whose link it is, without opening it.
func (a *Accounts) LookCallLink(ctx context.Context, word string) (alert.Officer, error) {
	officer, err := linkOfficer(word)
	if err != nil {
		return alert.Officer{}, err
	}
	s, err := a.load(ctx, officer)
	if errors.Is(err, alert.ErrNotFound) {
		return alert.Officer{}, errNoLink
	}
	if err != nil {
		return alert.Officer{}, err
	}
	if _, err := s.link(word, a.now()); err != nil {
		return alert.Officer{}, err
	}
	return s.Officer, nil
}

// OpenCallLink uses a link up: it opens once, on whatever machine.
func (a *Accounts) OpenCallLink(ctx context.Context, word string) (officer string, to CallLink, err error) {
	if officer, err = linkOfficer(word); err != nil {
		return "", to, err
	}
	err = a.amend(ctx, officer, func(s *secrets) error {
		k, err := s.link(word, a.now())
		if err != nil {
			return err
		}
		k.Opened, to = a.now().UTC(), k.CallLink
		return nil
	})
	if errors.Is(err, alert.ErrNotFound) {
		err = errNoLink
	}
	return officer, to, err
}

// callLinkBody is the page behind a link before it was opened.
type callLinkBody struct {
	Name string // the called officer's; "" for a link that does not open
	Word string
}

// callLinkPage asks for the press of a button: a preview that fetches the
// address does not press.
func (c *Console) callLinkPage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("X-Robots-Tag", "noindex")
	who, err := c.Accounts.LookCallLink(r.Context(), r.PathValue("word"))
	if ps := alert.AsProblems(err); ps != nil {
		return c.showCallLink(w, r, ps)
	}
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, "calllink", &view{Title: "请您签发", Body: &callLinkBody{Name: who.Name, Word: r.PathValue("word")}})
}

func (c *Console) showCallLink(w http.ResponseWriter, r *http.Request, ps alert.Problems) error {
	f := explain(ps)
	c.note(r, f, ps)
	return c.show(w, r, f.Status, "calllink", &view{Title: "请您签发", Problems: ps, Body: &callLinkBody{}})
}

// openCallLink leads to the officer's page of the notice; whoever has no
// session there signs in on the way.
func (c *Console) openCallLink(w http.ResponseWriter, r *http.Request) error {
	officer, to, err := c.Accounts.OpenCallLink(r.Context(), r.PathValue("word"))
	if ps := alert.AsProblems(err); ps != nil {
		return c.showCallLink(w, r, ps)
	}
	if err != nil {
		return err
	}
	c.Log.Info("the link of a call was opened", "officer", officer, "notice", to.Notice, "rev", to.Rev, "call", to.No)
	return seeOther(w, r, fmt.Sprintf("%s/notices/%s/approve?rev=%d", base(officer), to.Notice, to.Rev))
}
