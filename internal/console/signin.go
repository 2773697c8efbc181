package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// signInBody is the sign-in page.
type signInBody struct {
	As, Next string
	Mode     alert.Mode
	Modes    []alert.Mode
	Ended    bool // a session was there and has ended
	Links    []Link
}

const (
	signInOK    = "ok"
	signInWrong = "wrong"
	signInSlow  = "throttled"
	signInDemo  = "demo-link"
)

func (c *Console) signInPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	b := signInBody{As: q.Get("as"), Next: q.Get("next"), Mode: c.Modes[0], Modes: c.Modes, Ended: q.Get("next") != "", Links: c.Try}
	return c.show(w, r, http.StatusOK, "signin", &view{Title: "登录", Body: b})
}

// signIn checks a password. The answer to a wrong name and to a wrong password
// is the same in words, status and time.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	b := signInBody{As: strings.TrimSpace(f.Get("officer")), Next: f.Get("next"), Mode: alert.Mode(f.Get("mode")), Modes: c.Modes, Links: c.Try}
	if len(c.Modes) == 1 {
		b.Mode = c.Modes[0]
	}
	try := tryOf(r)
	try.officer, try.mode = b.As, b.Mode
	p, err := c.tryPassword(r, b, f.Get("password"))
	if err != nil {
		return err
	}
	if p.problem != nil {
		try.refusedSignIn(p)
		status, _ := kindOf(p.problem.Kind)
		if p.slow {
			status = http.StatusTooManyRequests
		}
		return c.show(w, r, status, "signin", &view{Title: "登录", Problems: alert.Problems{p.problem}, Body: b})
	}
	try.proves(alert.Actor{Officer: p.acc.Officer, Mode: b.Mode})
	if err := c.takeSeat(w, r, p.acc, b.Mode); err != nil {
		return err
	}
	http.SetCookie(w, c.cookie(deviceCookie+p.acc.ID, deviceMark(c.Key, p.acc.ID), 180*24*time.Hour))
	return seeOther(w, r, nextPage(p.acc.ID, b.Next))
}

type attempt struct {
	acc     Account
	problem *alert.Problem
	slow    bool
}

const deviceCookie = "mingluo-device-"

func (c *Console) tryPassword(r *http.Request, b signInBody, password string) (attempt, error) {
	if !slices.Contains(c.Modes, b.Mode) {
		return attempt{problem: &alert.Problem{Kind: alert.Invalid, Field: "mode", ZH: "请选择演练还是实战。", EN: "Choose drill or live."}}, nil
	}
	mark := ""
	if k, err := r.Cookie(deviceCookie + b.As); officerID(b.As) && err == nil {
		mark = device(c.Key, b.As, k.Value)
	}
	from := c.clientAddr(r)
	place := c.throttle.place(from, mark)
	name := b.As
	if !officerID(name) {
		name = "-" // nobody's; it may be as long as a form
	}
	wait, ok := c.throttle.allowFrom(from, place, time.Now())
	if ok {
		wait, ok = c.throttle.allow(name, place, time.Now())
	}
	if !ok {
		return c.tooMany(wait), nil
	}
	leave, ok := c.lane.enter(r.Context(), place)
	if !ok {
		return c.tooMany(time.Second), nil
	}
	defer leave()
	acc, err := c.Accounts.Authenticate(r.Context(), b.As, password)
	if errors.Is(err, ErrSignIn) {
		c.meters.signIns.WithLabelValues(signInWrong).Inc()
		return attempt{problem: &alert.Problem{Kind: alert.Invalid, Field: "password", ZH: "账号或密码不对。", EN: "No such officer, or a wrong password."}}, nil
	}
	if err != nil {
		return attempt{}, err
	}
	c.throttle.succeed(name, place)
	c.meters.signIns.WithLabelValues(signInOK).Inc()
	return attempt{acc: acc}, nil
}

func (c *Console) tooMany(wait time.Duration) attempt {
	c.meters.signIns.WithLabelValues(signInSlow).Inc()
	secs := max(wait.Round(time.Second), time.Second).String()
	return attempt{slow: true, problem: &alert.Problem{Kind: alert.Blocked, ZH: "试得太多了，请在 " + secs + " 后再试。您在用过的电脑上仍可登录。", EN: "Too many tries: wait " + secs + ". A computer you signed in from before still works."}}
}

// nextPage is where a sign-in leads: back to the officer's own page that asked
// for it, never to another officer's and never off this site.
func nextPage(officer, next string) string {
	home := base(officer) + "/"
	if strings.HasPrefix(next, home) && !strings.ContainsAny(next, "\\\r\n") && !strings.Contains(next, "..") {
		return next
	}
	return home
}

// signedInBody leads on from a one-click sign-in.
type signedInBody struct {
	Officer alert.Officer
	Home    string
}

// demoSignIn signs an officer of a demo in with one click. The answer is a page
// that goes on by itself rather than a redirect: the link is clicked on another
// site (the public pages, a terminal), and a strict cookie is not sent along a
// redirect that began there.
func (c *Console) demoSignIn(w http.ResponseWriter, r *http.Request) error {
	id, ok := c.DemoLinks[r.PathValue("word")]
	if !ok {
		return errNoPage
	}
	acc, err := c.Accounts.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if acc.Disabled {
		return errNoPage
	}
	try := tryOf(r)
	try.proves(alert.Actor{Officer: acc.Officer, Mode: alert.Drill})
	try.told = true
	if err := c.takeSeat(w, r, acc, alert.Drill); err != nil {
		return err
	}
	c.meters.signIns.WithLabelValues(signInDemo).Inc()
	home := nextPage(id, r.URL.Query().Get("next"))
	return c.show(w, r, http.StatusOK, "signedin", &view{Title: "已登录", Body: signedInBody{Officer: acc.Officer, Home: home}})
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := c.sessions.finish(r.Context(), s.sess); err != nil {
		return err
	}
	http.SetCookie(w, c.cookie(c.cookieName(s.ID), "", -time.Second))
	return seeOther(w, r, "/signin")
}
