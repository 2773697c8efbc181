package console_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// R22: the card for the wall says how to send, correct and lift, whom to call
// and what to do when the site is down; it prints on one sheet of A4.
func TestR22TheDutyCardPrintsOnOnePage(t *testing.T) {
	card, err := os.ReadFile("../../deploy/duty-card.md")
	if err != nil {
		t.Fatal(err)
	}
	o := openOffice(t, func(c *console.Config) { c.DutyCard, c.PublicSite = string(card), "https://warn.example" })
	p := o.browser().signIn(chen).open("/card").want(http.StatusOK, "更正", "解除", "撤回", "值班台打不开", "12350", "https://warn.example", "<li>")
	if strings.Contains(p.body, "**") || strings.Contains(p.body, "{热线}") {
		t.Error("the card shows its own marks")
	}
	ctx := chromium(t)
	do(t, ctx, chromedp.Navigate(o.url+"/demo/signin/chen-word"))
	until(t, ctx, `document.querySelector("#line.live") !== null`)
	do(t, ctx, chromedp.Navigate(o.url+"/desk/chen/card"))
	pdf, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		yes := true
		r, err := cdp.Call(ctx, t, cdppage.PrintToPDF, cdppage.PrintToPDFParams{PreferCSSPageSize: &yes})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(pdf, []byte("/Type /Page\n")); n != 1 {
		t.Errorf("the card prints on %d pages (%d bytes)", n, len(pdf))
	}
}

// The board says what is late: a signal that nobody has looked at for five
// minutes stands there in red, and among what waits for whoever may deal with it.
func TestTheBoardSaysWhatCameInAndIsLate(t *testing.T) {
	o := openOffice(t)
	author := o.browser().signIn(chen)
	author.open("/").want(http.StatusOK, "没有等您处理的事。同事").without("已经晚了")
	long := time.Now().Add(-6 * time.Minute)
	now := o.desk.Now
	o.desk.Now = func() time.Time { return long }
	in := alert.InboxReceived{From: "department", Name: "市住建局", Sent: long, Content: alert.Content{Headline: "塔吊防风", Level: alert.Yellow, Source: &alert.Source{Sender: "市住建局", Identifier: "17"}}}
	id, _, err := o.desk.Receive(t.Context(), alert.Drill, in)
	o.desk.Now = now
	if err != nil {
		t.Fatal(err)
	}
	author.open("/").want(http.StatusOK, "已经晚了", "很久没有人看", "塔吊防风", "部门申请发布，待您处理")
	author.open("/inbox").want(http.StatusOK, "依申请发布", "还没有人看", "塔吊防风")
	author.open("/").without("已经晚了") // the look at the inbox is recorded
	var items struct {
		Items []struct{ Item, State string }
	}
	o.call(chen, "GET", "/inbox", nil, &items)
	if len(items.Items) != 1 || items.Items[0].Item != id || items.Items[0].State != "seen" {
		t.Errorf("%+v", items)
	}
	o.call(chen, "POST", "/inbox/"+id+"/decline", map[string]string{"reason": ""}, nil).want(http.StatusUnprocessableEntity)
	o.call(chen, "POST", "/inbox/"+id+"/draft", map[string]string{}, nil).want(http.StatusOK, "drafted")
	author.open("/").without("待您处理")
}
