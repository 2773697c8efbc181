package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/roll"
)

// A submission at night: the approver's own phone and WeChat ring within a
// moment, marked as a drill and without a word of the text. Nobody opens it, so
// the next one is called; the link leads to the one notice, opens once, and
// shows nothing before a sign-in. The author sees all of it.
func TestTheApproversPhoneRings(t *testing.T) {
	t.Parallel()
	const li, wang, openid = roll.SamplePhonePrefix + "90000002", roll.SamplePhonePrefix + "90000003", roll.SampleOpenIDPrefix + "officer-li"
	s := apptest.Start(t, apptest.People(6, 3), apptest.Configure(func(c *app.Config) {
		c.Desk.CallAfter = app.Duration(2 * time.Second)
	}))
	if err := s.Town.Carriers.WeChat.Follow(openid); err != nil {
		t.Fatal(err)
	}
	for officer, reach := range map[string][2]string{"li": {li, openid}, "wang": {wang, ""}} {
		if err := s.Accounts.SetReach(t.Context(), officer, reach[0], reach[1]); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	if _, err := s.Desk.PlanShift(t.Context(), s.Actor("sun"), alert.Shift{From: now.Add(-time.Hour), Until: now.Add(time.Hour), Officers: []string{"li"}, OnCall: []string{"wang"}}, ""); err != nil {
		t.Fatal(err)
	}
	n := s.As("chen").Submit(s.As("chen").Draft(apptest.Typhoon()))
	var text string
	s.Until("li's phone rings", func() bool {
		for _, m := range s.Town.Carriers.SMS.Messages(li) {
			text = m.Text
		}
		return text != "" && len(s.Town.Carriers.WeChat.Messages(openid)) == 1
	})
	if !strings.HasPrefix(text, "【演练】【佛山应急】") || !strings.HasSuffix(text, "【演练】") || !strings.Contains(text, "台风橙色") {
		t.Errorf("li's phone shows %q", text)
	}
	if strings.Contains(text, "平均风力") || strings.Contains(text, n.Hash) {
		t.Errorf("the call tells of the unreleased text: %q", text)
	}
	link := regexp.MustCompile(`http://\S+`).FindString(text)
	card := s.Town.Carriers.WeChat.Messages(openid)[0]
	if card.URL != link || !strings.HasPrefix(card.Fields[0].Value, "【演练】待您签发") {
		t.Errorf("the card leads to %s and says %+v; the SMS leads to %s", card.URL, card.Fields, link)
	}
	s.Until("the author sees what the carriers answered", func() bool {
		calls := callsTo(s, n)
		return len(calls) == 1 && calls[0].Officer == "li" && len(calls[0].Rung) == 2 && calls[0].Rung[0].State == "accepted" && calls[0].Opened == nil
	})
	opensOnce(t, link, n)
	s.Until("nobody opened it, so the next is called", func() bool { return len(s.Town.Carriers.SMS.Messages(wang)) == 1 })
	s.Metrics().Says(`mingluo_desk_calls_total{means="sms",state="accepted"} 2`)
}

type madeCall struct {
	Officer string
	Rung    []alert.Rung
	Opened  *time.Time
}

// callsTo is who was called, as the author's page shows it.
func callsTo(s *apptest.Service, n apptest.Notice) []madeCall {
	var out struct{ Calls []madeCall }
	s.As("chen").Call(http.MethodGet, "/notices/"+n.ID+"/calls", nil).OK().JSON(&out)
	return out.Calls
}

// opensOnce follows the link as a preview does, as a person does, and again.
func opensOnce(t *testing.T, link string, n apptest.Notice) {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 2 { // a preview fetches, and opens nothing
		a, err := c.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != http.StatusOK {
			t.Fatalf("GET of the link: %s", a.Status)
		}
	}
	a, err := c.PostForm(link, url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if to := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/desk/li/notices/"+n.ID) {
		t.Fatalf("the link leads to %q (%s)", to, a.Status)
	}
	address, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = c.Get(address.Scheme + "://" + address.Host + a.Header.Get("Location")); err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if to := a.Header.Get("Location"); !strings.HasPrefix(to, "/signin?") {
		t.Errorf("without a sign-in the notice's page answers %s, to %q", a.Status, to)
	}
	if a, err = c.PostForm(link, url.Values{}); err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusConflict {
		t.Errorf("the link opened twice: %s", a.Status)
	}
}
