package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels"
	"mingluo/internal/alert"
	"mingluo/internal/console"
	"mingluo/internal/desk"
)

// calling reaches officers at their own numbers: beside the channels' fan-out,
// through the same carriers, one message at a time.
type calling struct {
	channels []channels.Channel
	accounts *console.Accounts
	places   *alert.Gazetteer
	bureau   string
	console  string // the console's address, for links
	valid    time.Duration
	rings    *prometheus.CounterVec
	log      func(msg string, args ...any)
}

// ringWithin bounds how long a call waits for the carriers: the next one waits
// for it.
const ringWithin = 20 * time.Second

// openCalling starts the loop that calls approvers to what waits.
func (a *App) openCalling(context.Context) error {
	k := &calling{
		channels: a.channels, accounts: a.Accounts, places: a.Places, bureau: a.cfg.Bureau.Name, console: a.ConsoleURL,
		valid: time.Duration(a.cfg.Desk.LinkValid), log: a.log.With("part", "calls").Warn,
		rings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mingluo_desk_calls_total", Help: "Calls of approvers by means and what the carrier answered."}, []string{"means", "state"}),
	}
	for _, means := range []string{"sms", "wechat"} {
		for _, state := range []string{alert.StateAccepted.String(), alert.StateRefused.String(), alert.StateUnsure.String(), alert.StateDeferred.String(), alert.StateSimulated.String(), alert.RingFailed} {
			k.rings.WithLabelValues(means, state)
		}
	}
	if err := a.Registry.Register(k.rings); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	caller := &desk.Caller{
		Book: a.Book, Gazetteer: a.Places, Officers: k.officers, Means: k.means, Ring: k.ring,
		After: time.Duration(a.cfg.Desk.CallAfter), Slow: time.Duration(a.cfg.Desk.CallSlow), Log: a.log.With("part", "calls"),
	}
	a.life.run("calls", caller.Run)
	return a.openInbox(k)
}

func (k *calling) officers(ctx context.Context) ([]alert.Officer, error) {
	list, err := k.accounts.List(ctx)
	var out []alert.Officer
	for _, acc := range list {
		if !acc.Disabled {
			out = append(out, acc.Officer)
		}
	}
	return out, err
}

// ways are an officer's own addresses by means.
func ways(o alert.Officer) map[string]string {
	out := map[string]string{}
	if o.Phone != "" {
		out["sms"] = o.Phone
	}
	if o.WeChat != "" {
		out["wechat"] = o.WeChat
	}
	return out
}

// means are the ways that are tried: the open pages of the console, and every
// channel that can reach one person and for which the officer left an address.
// One that is red is tried too: it may be well by then, and the author is told
// when it was not.
func (k *calling) means(o alert.Officer) []string {
	out := []string{"console"}
	to := ways(o)
	for _, c := range k.channels {
		if _, ok := c.(channels.Teller); ok && to[c.Name()] != "" {
			out = append(out, c.Name())
		}
	}
	return out
}

// ring sends the call by every means at once and returns what was answered.
func (k *calling) ring(ctx context.Context, c alert.Called, o alert.Officer, n *alert.Notice) []alert.Rung {
	ctx, cancel := context.WithTimeout(ctx, ringWithin)
	defer cancel()
	word, err := k.accounts.NewCallLink(ctx, o.ID, console.CallLink{Notice: c.Notice, Rev: c.Rev, No: c.No}, k.valid)
	if err != nil { // the call goes without: the way by the sign-in page is always there
		k.log("make the link of a call", "notice", c.Notice, "officer", o.ID, "err", err)
	}
	m := k.words(c, n.Rev(c.Rev), n.Mode, word)
	to := ways(o)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var out []alert.Rung
	for _, ch := range k.channels {
		teller, ok := ch.(channels.Teller)
		if !ok || !slices.Contains(c.Means, ch.Name()) {
			continue
		}
		wg.Go(func() {
			said := m
			said.Address = to[ch.Name()]
			rung := k.tell(ctx, teller, said, ch.Name())
			rung.Imitation = healthIn(ch, n.Mode).Imitation
			mu.Lock()
			defer mu.Unlock()
			out = append(out, rung)
		})
	}
	wg.Wait()
	return out
}

func (k *calling) tell(ctx context.Context, t channels.Teller, m channels.Direct, means string) alert.Rung {
	r := alert.Rung{Means: means, State: alert.RingFailed}
	o, err := t.Tell(ctx, m)
	if err != nil {
		k.log("a call did not reach the carrier", "means", means, "call", m.ID, "err", err)
	} else {
		r.State, r.Code = o.State.String(), o.Code
	}
	k.rings.WithLabelValues(means, r.State).Inc()
	return r
}

// words say what waits without a word of its text, which may not have been
// through the confidentiality review: hazard, level and place are what wakes
// somebody up.
func (k *calling) words(c alert.Called, r *alert.Revision, mode alert.Mode, word string) channels.Direct {
	ct := &r.Content
	what := ct.Hazard.Info().ZH + ct.Level.ZH() + ct.Kind.ZH()
	wants := "待您签发："
	if r.Emergency != nil {
		wants = "紧急发布待您补签："
	}
	m := channels.Direct{
		ID: "call-" + alert.CallID(c.Notice, c.Rev, c.No), Mode: mode,
		What: wants + what, Where: k.places.Describe(ct.Areas), Action: "请马上打开，不打开就叫下一位", Issuer: k.bureau,
		From: r.Submitted.At, Until: time.Now().Add(k.valid), URL: k.console + "/signin",
	}
	if word != "" {
		m.URL = k.console + "/c/" + word
	}
	return m
}
