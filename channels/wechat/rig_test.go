package wechat

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"mingluo/channels"
	"mingluo/channels/channeltest"
	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
)

const (
	testToken = "mingluo"
	testKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// desk is an account joined to an imitation of WeChat over real sockets.
type desk struct {
	testing.TB
	*Account
	api *wechatapi.Server
	in  *inbox
}

// open starts both. change edits the account's configuration.
func open(t testing.TB, change func(*Config)) *desk {
	t.Helper()
	api, err := wechatapi.New(wechatapi.Config{
		AppID: "wx-test", AppSecret: "secret", Token: testToken, EncodingAESKey: testKey,
		Templates:     []wechatapi.Template{wechatapi.WarningTemplate("T-warn")},
		CallbackDelay: 5 * time.Millisecond, KeepMessages: 50,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Close(); err != nil {
			t.Errorf("close the imitation: %v", err)
		}
	})
	c := Config{
		AppID: "wx-test", AppSecret: "secret", Token: testToken, EncodingAESKey: testKey, BaseURL: api.URL(),
		Template: Template{ID: "T-warn", Fields: DefaultFields()}, Imitation: true,
		Timeout: 10 * time.Second, ProbeEvery: 50 * time.Millisecond,
	}
	if change != nil {
		change(&c)
	}
	d := &desk{TB: t, Account: New(c, nil, nil), api: api, in: &inbox{}}
	hook := httptest.NewServer(d.Callback())
	t.Cleanup(hook.Close)
	api.SetCallbackURL(hook.URL)
	return d
}

// run starts the receiver for as long as the test lasts.
func (d *desk) run() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Account.Run(ctx, d.in) }()
	d.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			d.Errorf("run: %v", err)
		}
	})
}

// people makes n followers with distinct ids.
func (d *desk) people(n int) []channels.Recipient {
	d.Helper()
	var out []channels.Recipient
	for i := range n {
		openid := fmt.Sprintf("openid-%04d", i)
		h := sha256.Sum256([]byte(openid))
		if err := d.api.Follow(openid); err != nil {
			d.Fatal(err)
		}
		out = append(out, channels.Recipient{ID: alert.RecipientID(h[:16]), Address: openid, Lang: "zh", Attempt: 1})
	}
	return out
}

// answers is what one delivery reported.
type answers struct {
	mu  sync.Mutex
	got map[int]alert.Outcome
}

func (a *answers) count(s alert.OutcomeState) (n int) {
	for _, o := range a.got {
		if o.State == s {
			n++
		}
	}
	return n
}

func free(context.Context) error { return nil }

// deliver sends the suite's usual drill to people.
func (d *desk) deliver(people []channels.Recipient, permit func(context.Context) error) (*answers, error) {
	d.Helper()
	a := &answers{got: map[int]alert.Outcome{}}
	m := channeltest.Message(alert.Drill)
	err := d.Deliver(d.Context(), channels.Batch{Task: alert.Task{Channel: "wechat", Notice: m.Notice, Rev: m.Rev, Attempt: 1},
		Message: m, Recipients: people, Permit: permit}, func(i int, o alert.Outcome) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if _, twice := a.got[i]; twice {
			d.Errorf("recipient %d was reported twice", i)
		}
		a.got[i] = o
	})
	return a, err
}

// until waits for a condition.
func (d *desk) until(what string, ok func() bool) {
	d.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			d.Fatalf("not within 10 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// inbox remembers what callbacks brought; fail makes it refuse that many first,
// hold lets none go on before it is closed.
type inbox struct {
	hold     chan struct{}
	mu       sync.Mutex
	fail     int
	receipts []channels.Receipt
	replies  []channels.Reply
}

var errBusyRecord = errors.New("the record is busy")

func (in *inbox) Receipt(ctx context.Context, r channels.Receipt) error {
	if in.hold != nil {
		select {
		case <-in.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.fail > 0 {
		in.fail--
		return errBusyRecord
	}
	in.receipts = append(in.receipts, r)
	return nil
}

func (in *inbox) Reply(_ context.Context, r channels.Reply) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.replies = append(in.replies, r)
	return nil
}

func (in *inbox) all() []channels.Receipt {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.receipts)
}

func (in *inbox) texts() []channels.Reply {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.replies)
}
