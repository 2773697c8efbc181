package wechat

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// UseTransport puts this package's transport under the SDK's HTTP client. The
// client is a package global of the SDK, so this is done once for the process
// and for all accounts; [New] does it, and main may do it earlier.
//
// The transport sends each request to the base address of the account that
// makes it. Which account that is travels in the request's context, because it
// is the only thing every request has: token requests name the AppID, all
// others only a token, and a table from tokens to accounts would have to be
// filled from answers and forgotten in time. A request without an account is
// refused: a drill that lost its way must not reach the real platform.
func UseTransport() { transportOnce.Do(installTransport) }

// transportOnce is package-level because what it guards is.
var transportOnce sync.Once

func installTransport() {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 128 // all slices in flight keep their connections
	util.DefaultHTTPClient = &http.Client{
		Transport: &router{next: t},
		// A redirect would carry the token to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// errNoAccount is the router's answer to a request that names no account.
var errNoAccount = errors.New("wechat: the request belongs to no account, it is not sent")

// maxAnswer bounds what is read of one answer; a full list of 25 templates is
// the largest and stays below 100 KiB.
const maxAnswer = 1 << 20

// trip is one request's account, and what became of it on the wire. The SDK's
// helpers return neither.
type trip struct {
	base   *url.URL
	handed atomic.Bool  // a connection was there: bytes may have left
	status atomic.Int32 // HTTP status, 0 when there was no answer
}

type tripKey struct{}

func withTrip(ctx context.Context, base *url.URL) (context.Context, *trip) {
	t := &trip{base: base}
	return context.WithValue(ctx, tripKey{}, t), t
}

// router is an http.RoundTripper, see [UseTransport].
type router struct{ next http.RoundTripper }

func (r *router) RoundTrip(req *http.Request) (*http.Response, error) {
	t, ok := req.Context().Value(tripKey{}).(*trip)
	if !ok {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper closes the body, also on errors
		}
		return nil, errNoAccount
	}
	// net/http tries again on another connection only when nothing was
	// written, so a new attempt takes back what the one before noted.
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { t.handed.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { t.handed.Store(true) },
	})
	req = req.Clone(ctx)
	req.URL.Scheme, req.URL.Host, req.Host = t.base.Scheme, t.base.Host, ""
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	t.status.Store(int32(resp.StatusCode))
	resp.Body = &limitedBody{Reader: io.LimitReader(resp.Body, maxAnswer), Closer: resp.Body}
	return resp, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}

// detached is a context for a request that should be answered although the
// caller is stopping: cutting it would only make its recipient unsure.
func detached(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}
