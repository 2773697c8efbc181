// Package demo is the service with everything around it that a person needs
// to try it: imitation carriers that speak SMPP and WeChat's API over loopback
// sockets, made-up subscribers over Foshan's towns, three officers, a few past
// drills, and a front page that names five things to try.
//
// Nothing in it is pretended inside the service: the same code sends over the
// same protocols, only the other end of the socket is ours. Everything is a
// drill, and every figure of an imitation carrier is labelled 仿真通道.
//
// [Supervise] is what people run: it keeps the carriers, the phones and the
// front page, and has the service in a process of its own ([Serve]) that the
// button 拔电源 kills and starts again. [Start] is the same in one process, for
// tests and measurements, and [Story] plays the whole of it without a person.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mingluo/channels/web"
	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/console"
)

// Config says where and how. The zero value runs in ./mingluo-demo on the
// usual ports.
type Config struct {
	Dir        string // data folder, "mingluo-demo"
	Front      string // listen address of the front page and the phones, "127.0.0.1:8082"; Start has them on the other two
	Public     string // listen address of the public site, "127.0.0.1:8080"
	Console    string // of the console, "127.0.0.1:8081"
	NATSListen string // opens the embedded server to the nats command line
	Unrecorded int    // bound on copies after a crash, on each channel; 0 is the service's own
	Redis      string // address of a Redis to keep the audience index in, or of a cluster's nodes with commas; "" is none
	SMS        int    // sample subscriptions, 2,000
	WeChat     int    // 1,000
	Bare       bool   // no past drills, no open incident: for measurements and the story
	Argon      console.Argon
	Log        *slog.Logger `json:"-"`
}

func (c Config) withDefaults() Config {
	set := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	set(&c.Dir, "mingluo-demo")
	set(&c.Front, "127.0.0.1:8082")
	set(&c.Public, "127.0.0.1:8080")
	set(&c.Console, "127.0.0.1:8081")
	if c.SMS == 0 && c.WeChat == 0 {
		c.SMS, c.WeChat = 2000, 1000
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Demo is a running demo.
type Demo struct {
	*app.App
	Officers []Officer
	Carriers *Carriers
	cfg      Config
	mode     alert.Mode // of its officers' acts: drill, but where a test looks at a live installation
}

// Start brings the carriers and the service up and, at the first start, fills
// it. When it fails, what was started is stopped again.
func Start(ctx context.Context, c Config) (d *Demo, err error) {
	c = c.withDefaults()
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	d = &Demo{cfg: c}
	defer func() {
		if err != nil {
			stopping, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			err = errors.Join(err, d.Stop(stopping))
			d = nil
		}
	}()
	if d.Carriers, err = startCarriers(ctx, filepath.Join(c.Dir, "phones.json"), c); err != nil {
		return d, err
	}
	words, front := newWords(), &front{log: c.Log}
	err = d.serve(ctx, d.Carriers.access(), words, app.Options{
		FreePorts: true, Front: front,
		Public: d.Carriers.pages(), Links: []web.Link{{ZH: "手机（仿真）", EN: "Phones (imitation)", URL: "/phones"}},
	})
	if err != nil {
		return d, err
	}
	d.Carriers.callBackTo(d.PublicURL)
	front.open(&house{Officers: d.Officers, ConsoleURL: d.ConsoleURL, PublicURL: d.PublicURL, PhonesURL: d.PublicURL + "/phones", Facts: d.facts()})
	return d, nil
}

// serve brings up the service itself, between carriers that are there.
func (d *Demo) serve(ctx context.Context, to access, w words, o app.Options) (err error) {
	o.Throwaway = true
	o.Log, o.SampleAddresses, o.Argon, o.DemoLinks = d.cfg.Log, true, d.cfg.Argon, w.links()
	if d.App, err = app.New(d.config(to), o); err != nil {
		return err
	}
	if err = d.App.Start(ctx); err != nil {
		return err
	}
	if d.Officers, err = seatOfficers(ctx, d.Accounts, filepath.Join(d.cfg.Dir, "officers.json"), w, d.ConsoleURL); err != nil {
		return err
	}
	if err = d.fill(ctx); err != nil {
		return fmt.Errorf("fill the demo: %w", err)
	}
	return nil
}

// config is the service's configuration with the imitation carriers in place
// of real ones.
func (d *Demo) config(to access) app.Config {
	c := app.Defaults()
	c.Mode, c.Data, c.AllowUnsafeStore = alert.Drill, d.cfg.Dir, true
	c.Public.Listen, c.Console.Listen, c.NATS.Listen = d.cfg.Public, d.cfg.Console, d.cfg.NATSListen
	c.SMS.Route, c.SMS.Addr, c.SMS.SystemID, c.SMS.Password = "仿真短信中心（SMPP）", to.SMSAddr, carrierID, to.Password
	c.SMS.Source, c.SMS.Imitation = carrierNumber, true
	c.WeChat.AppID, c.WeChat.AppSecret, c.WeChat.Token, c.WeChat.EncodingAESKey = appID, to.Password, callbackToken, to.AESKey
	c.WeChat.BaseURL, c.WeChat.TemplateID, c.WeChat.Imitation = to.WeChatURL, templateID, true
	if d.cfg.Redis != "" {
		c.Redis.URLs = strings.Split(d.cfg.Redis, ",")
	}
	if d.cfg.Unrecorded > 0 {
		c.Fanout.SliceSize, c.Fanout.Unrecorded = 200, d.cfg.Unrecorded
	}
	c.Desk.Emergency = true             // so that it can be tried: one template, one officer
	c.Session.Idle = c.Session.Absolute // nobody is thrown out of a demo for reading
	return c
}

// facts say what the demo runs on.
func (d *Demo) facts() []Fact {
	dir, err := filepath.Abs(d.cfg.Dir)
	if err != nil {
		dir = d.cfg.Dir
	}
	out := []Fact{{"记录", "record", "内嵌 NATS JetStream，" + dir}}
	if d.Shared != nil {
		return append(out, Fact{"收件人索引", "audience index", "Redis " + d.Shared.Where})
	}
	return append(out, Fact{"收件人索引", "audience index", "内存 / in memory"})
}

// Stop ends the service first and the carriers after it, and keeps what the
// phones show.
func (d *Demo) Stop(ctx context.Context) error {
	var errs []error
	if d.App != nil {
		errs = append(errs, d.App.Stop(ctx))
	}
	if d.Carriers != nil {
		errs = append(errs, d.Carriers.stop())
	}
	return errors.Join(errs...)
}
