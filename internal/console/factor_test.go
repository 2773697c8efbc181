package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestASignatureTakesAFreshSecondFactor sets an authenticator up on the page,
// and signs with it: once per code, not without one, and not with a stranger's.
func TestASignatureTakesAFreshSecondFactor(t *testing.T) {
	o := openOffice(t, func(c *console.Config) { c.FactorIn = []alert.Mode{alert.Drill} })
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.submitted(author)
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/review", nil).want(http.StatusSeeOther)
	sign := func(factor string) *page {
		return judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/sign", url.Values{"factor": {factor}})
	}
	sign("123456").want(http.StatusForbidden, "我的账号")

	judge.press(judge.open("/account"), "/account/factor", nil).want(http.StatusSeeOther)
	setup := judge.open("/account")
	secret := regexp.MustCompile(`<code>([A-Z2-7]{16,})</code>`).FindStringSubmatch(setup.body)
	if secret == nil {
		t.Fatalf("no secret on the page:\n%s", setup.text())
	}
	if qr := judge.open("/account/factor.png"); qr.status != http.StatusOK || http.DetectContentType([]byte(qr.body)) != "image/png" {
		t.Errorf("picture: %d", qr.status)
	}
	now := time.Now()
	judge.press(setup, "/account/confirm", url.Values{"factor": {"000000"}}).want(http.StatusForbidden)
	judge.press(setup, "/account/confirm", url.Values{"factor": {code(t, secret[1], now)}}).want(http.StatusSeeOther)

	sign("").want(http.StatusForbidden)
	sign(code(t, secret[1], now)).want(http.StatusForbidden) // the code that confirmed it was used up
	next := code(t, secret[1], now.Add(30*time.Second))
	sign(next).want(http.StatusSeeOther)
	o.desk.Read(func(st *alert.State) {
		if st.Notices[id].Current() == nil {
			t.Error("it was signed, but not released")
		}
	})
	if p := o.call(li, "POST", "/notices/"+id+"/release", map[string]any{"rev": 1, "factor": next}, nil); p.status != http.StatusForbidden {
		t.Errorf("the same code worked twice: %d %s", p.status, p.body)
	}
}

// TestTheEnvelopeInTheDutyRoom: its codes work once each, and a new envelope
// voids the old one.
func TestTheEnvelopeInTheDutyRoom(t *testing.T) {
	o := openOffice(t, func(c *console.Config) { c.FactorIn = []alert.Mode{alert.Drill} })
	ctx := t.Context()
	old, err := o.accounts.FillEnvelope(ctx, "li", 2)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := o.accounts.FillEnvelope(ctx, "li", 2)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		code string
		want error
	}{"of the old envelope": {old[0], console.ErrFactor}, "guessed": {"aaaa-bbbb-cccc-dddd", console.ErrFactor}, "empty": {"", console.ErrFactor}} {
		if _, err := o.accounts.UseFactor(ctx, "li", c.code); err != c.want {
			t.Errorf("%s: %v", what, err)
		}
	}
	if sealed, err := o.accounts.UseFactor(ctx, "li", " "+codes[1]); err != nil || !sealed {
		t.Errorf("%v %v", sealed, err)
	}
	if _, err := o.accounts.UseFactor(ctx, "li", codes[1]); err != console.ErrFactor {
		t.Errorf("a code worked twice: %v", err)
	}
	if app, left, err := o.accounts.HasFactor(ctx, "li"); app || left != 1 || err != nil {
		t.Errorf("%v %d %v", app, left, err)
	}
}
