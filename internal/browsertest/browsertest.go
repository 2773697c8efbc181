// Package browsertest opens pages in a real Chromium for tests. It is the one
// place that knows how a browser is started and what a page does that is alive:
// an update may replace an element between the moment a test finds it and the
// moment it uses it, and a page may be left while it is asked something. Both
// are tried again here, so that no test has to.
//
//	ctx := browsertest.Open(t, "the public pages")
//	browsertest.Do(t, ctx, chromedp.Navigate(url), browsertest.Click("form button"))
//	browsertest.Until(t, ctx, `document.querySelector(".done") !== null`)
package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mingluo/internal/faulttest"
)

// patience bounds every wait. It is long because tests share the machine with
// other tests; nothing takes a tenth of it when all is well.
const patience = time.Minute

// Open opens a tab of a browser of its own, which ends with the test. Where none
// is installed the test is skipped and says what was not tested.
func Open(t testing.TB, untested string) context.Context {
	t.Helper()
	path := faulttest.Tool(t, untested+" in a browser", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("hide-scrollbars", true))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancelAlloc)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 5*patience)
	t.Cleanup(stop)
	return ctx
}

// Do takes the steps in order. A step whose element was replaced before it was
// touched is taken again with the new one.
func Do(t testing.TB, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		for end := time.Now().Add(patience); replaced(err) && time.Now().Before(end); pause() {
			err = chromedp.Do(ctx, step)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// replaced reports whether the browser says that the element of a step, or the
// page that it was in, is not there any more. The steps of chromedp find that
// out before they press anything.
func replaced(err error) bool {
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	said := err.Error()
	for _, words := range []string{
		"node with given id", "No node found", "Node is detached", "does not belong to the document", // an element
		"Could not compute box model", "does not have a layout object", "invalid box model",
		"navigated", "context was destroyed", "Cannot find context", "ERR_ABORTED", // the page: an answer before was still on its way
	} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

// Click waits for an element that can be seen and clicks it, both in one look of
// the page's own script: a replacement cannot come in between, nor can the place
// be somebody else's by the time the mouse is there.
func Click(selector string) chromedp.Action[chromedp.Void] {
	quoted, err := json.Marshal(selector)
	click := chromedp.Evaluate[bool](`(() => { const e = document.querySelector(` + string(quoted) + `);
		if (!e || e.disabled || e.getClientRects().length === 0) return false;
		e.scrollIntoView({block: "center"}); e.focus(); e.click(); return true; })()`)
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for end := time.Now().Add(patience); err == nil; pause() {
			clicked, err := click(ctx, t)
			if clicked {
				return nil
			}
			if err != nil && !replaced(err) {
				return fmt.Errorf("click %s: %w", selector, err)
			}
			if time.Now().After(end) {
				return fmt.Errorf("click %s: it is never there to be clicked", selector)
			}
		}
		return err
	})
}

// pause is how long the browser is left alone between two questions.
func pause() { time.Sleep(5 * time.Millisecond) }

// Until waits for an expression to hold in the page, also across navigations.
func Until(t testing.TB, ctx context.Context, expression string) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil; pause() {
		if _, err = chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(time.Until(end)))); err == nil {
			return
		}
	}
	text, _ := chromedp.Run(ctx, chromedp.Text("body"))
	t.Fatalf("%s: %v\n%s", expression, err, text)
}
