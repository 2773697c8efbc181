package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app/demo"
	"mingluo/internal/console"
)

// imitation runs a whole service with imitation carriers in a house of its own.
func imitation(ctx context.Context, o Options, sms, wechat int, fn func(d *demo.Demo) error) (err error) {
	h, err := newHouse(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.leave()) }()
	d, err := demo.Start(ctx, demo.Config{Dir: h.dir, Public: "127.0.0.1:0", Console: "127.0.0.1:0", SMS: sms, WeChat: wechat, Bare: true,
		Log: quiet(), Argon: console.Argon{MemoryKiB: 8, Passes: 1, Threads: 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Stop(context.WithoutCancel(ctx))) }()
	return fn(d)
}

// notice is a text for everybody in the city.
func notice(channels ...string) alert.Content {
	now := time.Now().UTC().Truncate(time.Second)
	return alert.Content{
		Kind: alert.KindCaution, Category: "Safety", Event: "危险化学品", Hazard: "XCHEM", Level: alert.Red, Urgency: "Immediate", Severity: "Extreme", Certainty: "Observed",
		Headline: "危化品泄漏警示", Description: "一仓库发生泄漏。", Instruction: "请关好门窗，不要靠近。", SenderName: "佛山市应急管理局",
		Effective: now, Expires: now.Add(6 * time.Hour), Areas: []string{"440600"}, AreaDesc: "全市", Channels: channels,
		Authority: alert.Authority{Basis: "own"}, Scope: alert.ScopePublic, Openness: alert.Openness{Attribute: "active"},
	}
}

// typhoon is a signal that every sample subscriber wants.
func typhoon(channels ...string) alert.Content {
	c := notice(channels...)
	c.Kind, c.Category, c.Hazard, c.Event = alert.KindRelay, "Met", "11B01", "台风"
	c.Source = &alert.Source{Sender: "44060041600000", Identifier: "44060041600000_20260101000000", Sent: c.Effective, Name: "佛山市气象台"}
	return c
}

// benchPage measures from the officer's act to the event's bytes on an open
// stream, over a real socket.
func benchPage(ctx context.Context, o Options) (r Result, err error) {
	err = imitation(ctx, o, 10, 10, func(d *demo.Demo) error {
		resp, err := http.Get(d.PublicURL + "/events")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		arrived := make(chan string, 1)
		go func() {
			defer close(arrived)
			lines := bufio.NewScanner(resp.Body)
			for lines.Scan() {
				if strings.HasPrefix(lines.Text(), "data:") {
					arrived <- lines.Text()
				}
			}
		}()
		var each []time.Duration
		began := time.Now()
		for range o.N {
			id, err := approved(ctx, d.Desk, notice())
			if err != nil {
				return err
			}
			one := time.Now()
			if err := d.Desk.Release(ctx, signer(), id, 1); err != nil {
				return err
			}
			for {
				data, ok := <-arrived
				if !ok {
					return fmt.Errorf("the stream ended")
				}
				if strings.Contains(data, id) {
					break
				}
			}
			each = append(each, time.Since(one))
		}
		r = timed(o.N, time.Since(began)).spread(each)
		return nil
	})
	return r, err
}
