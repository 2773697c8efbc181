package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// A seat is an officer's place at the desk: the address /desk/<officer>/ and a
// session cookie of that officer's own. The address, not the browser, says who
// acts. So an author and an approver can sit side by side in one browser (the
// demo's three sign-ins, a duty room's one machine), a second sign-in never
// turns the first officer's open tab into somebody else's, and every form goes
// back to the officer it was shown to. The cookie must belong to the address:
// an officer's session opens no other officer's seat.
type seat struct {
	alert.Actor
	Base string // "/desk/<officer>"
	CSRF string // stands in every form: it binds the form to this session and its mode
	sess *session
	// oneTime: the password must be changed before anything else is opened.
	oneTime bool
}

const seats = "/desk/"

func base(officer string) string { return seats + officer }

// Can reports whether the officer holds any of the roles.
func (s *seat) Can(roles ...alert.Role) bool {
	for _, r := range roles {
		if s.Has(r) {
			return true
		}
	}
	return false
}

// Writes reports whether the officer may draft and record.
func (s *seat) Writes() bool { return s.Can(alert.RoleWriter, alert.RoleApprover) }

func (c *Console) cookieName(officer string) string {
	if c.Apart { // cookies are a host's, whatever the port
		officer = string(c.Modes[0]) + "-" + officer
	}
	if c.TLS {
		return "__Host-mingluo-" + officer
	}
	return "mingluo-" + officer
}

func (c *Console) cookie(name, value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age.Seconds()), HttpOnly: true, Secure: c.TLS, SameSite: http.SameSiteStrictMode,
	}
}

// takeSeat begins a session and sets its cookie; one that this browser already
// had for the officer ends.
func (c *Console) takeSeat(w http.ResponseWriter, r *http.Request, acc Account, mode alert.Mode) error {
	now := time.Now()
	name := c.cookieName(acc.ID)
	if old, err := r.Cookie(name); err == nil {
		if s, err := c.sessions.ask(r.Context(), old.Value, now, false); err == nil && s != nil {
			if err := c.sessions.finish(r.Context(), s); err != nil {
				return err
			}
		}
	}
	token, err := c.sessions.open(r.Context(), acc, mode, now)
	if err != nil {
		return err
	}
	http.SetCookie(w, c.cookie(name, token, c.Absolute))
	return nil
}

var (
	errNoPage    = &alert.Problem{Kind: alert.NotFound, ZH: "没有这个页面。", EN: "There is no such page."}
	errSignedOut = errors.New("not signed in")
	errOldForm   = &alert.Problem{Kind: alert.Conflict, Rule: "R4", ZH: "这个页面属于更早的一次登录，可能是另一种模式。请重新打开页面，再看一遍。", EN: "This page belongs to an earlier sign-in, perhaps of the other mode. Open the page again and look."}
)

// sit finds the seat that a request comes from. It asks the record every time,
// so that a disabled account or another role ends the session at once.
func (c *Console) sit(r *http.Request) (*seat, error) {
	officer := r.PathValue("officer")
	cookie, err := r.Cookie(c.cookieName(officer))
	if err != nil {
		return nil, errSignedOut
	}
	try := tryOf(r)
	try.officer, try.dead = officer, true
	alive := byPerson(r)
	sess, err := c.sessions.ask(r.Context(), cookie.Value, time.Now(), alive)
	if err != nil {
		try.dead = false // nobody knows
		return nil, err
	}
	if sess == nil || sess.officer != officer {
		return nil, errSignedOut
	}
	acc, err := c.Accounts.Get(r.Context(), officer)
	if err != nil && !errors.Is(err, alert.ErrNotFound) {
		return nil, err
	}
	if err != nil || acc.Disabled || acc.Generation != sess.generation {
		if err := c.sessions.finish(r.Context(), sess); err != nil {
			return nil, err
		}
		return nil, errSignedOut
	}
	try.proves(alert.Actor{Officer: acc.Officer, Mode: sess.mode})
	return &seat{Actor: alert.Actor{Officer: acc.Officer, Mode: sess.mode}, Base: base(officer), CSRF: sess.csrf, sess: sess, oneTime: acc.OneTime}, nil
}

// byPerson tells what a person asks for from what a page asks for by itself,
// which neither keeps a session open nor can follow a redirect to the sign-in.
func byPerson(r *http.Request) bool {
	return r.Header.Get("X-Mingluo-Live") == "" && !strings.HasSuffix(r.URL.Path, "/events")
}

type (
	handler       func(w http.ResponseWriter, r *http.Request) error
	seatedHandler func(w http.ResponseWriter, r *http.Request, s *seat) error
)

// open wraps a page that needs no sign-in.
func (c *Console) open(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			c.fail(w, r, nil, err)
		}
	})
}

// seated wraps an officer's page: no session, no page; and no act from a form
// that another session was shown.
func (c *Console) seated(h seatedHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		s, err := c.sit(r)
		if errors.Is(err, errSignedOut) && r.Method == http.MethodGet && byPerson(r) {
			http.Redirect(w, r, "/signin?"+url.Values{"as": {r.PathValue("officer")}, "next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
			return
		}
		if err == nil && r.Method != http.MethodGet {
			err = checkForm(r, s)
		}
		if err == nil && !mayOpen(s, r.URL.Path) {
			if r.Method == http.MethodGet && byPerson(r) {
				http.Redirect(w, r, s.Base+"/account", http.StatusSeeOther)
				return
			}
			err = errOneTime
		}
		if err == nil {
			err = onlyReads(s.Actor, r)
		}
		if err == nil {
			err = h(w, r, s)
		}
		if err != nil {
			c.fail(w, r, s, err)
		}
	})
}

// checkForm reads the form, within its limit, and compares its mark. Uploads
// stream their own and check themselves.
func checkForm(r *http.Request, s *seat) error {
	if isUpload(r) {
		return nil
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	return s.checkMark(r.PostForm.Get("csrf"))
}

func isUpload(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, seats) && (strings.HasSuffix(r.URL.Path, "/cap") || isRollFile(r))
}

func (s *seat) checkMark(mark string) error {
	if mark == "" || mark != s.CSRF {
		return errOldForm
	}
	return nil
}
