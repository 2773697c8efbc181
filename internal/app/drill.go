package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels"
	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/channeltest/wechatapi"
	"mingluo/channels/sms"
	"mingluo/channels/wechat"
	"mingluo/internal/alert"
	"mingluo/internal/console"
	"mingluo/internal/progress"
)

// DrillConfig is the place for drills of a live installation: a console at an
// address of its own, for the staff's own subscriptions, over imitation carriers
// in this process.
type DrillConfig struct {
	Listen string `toml:"listen"` // host:port; "" is no place for drills
	URL    string `toml:"url"`
	Group  string `toml:"group"` // of subscribers: the staff
}

func (c DrillConfig) check(mode alert.Mode, bad func(format string, a ...any)) {
	if c.Listen == "" {
		return
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		bad("drill.listen %q: want host:port", c.Listen)
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		bad("drill.url %q: want http:// or https:// and a host", c.URL)
	}
	if mode != alert.Live {
		bad("drill.listen: everything here is a drill already, see mode")
	}
	if c.Group == "" {
		bad("drill.group: say which group of subscribers the staff is")
	}
}

// drilling is what a live installation needs for drills.
type drilling struct {
	sms      *smsc.Server
	wechat   *wechatapi.Server
	channels []channels.Channel
}

// imitation names of the drill's carriers.
const (
	drillID       = "mingluo-drill"
	drillAppID    = "wxd000000000000000"
	drillTemplate = "warning"
)

// openDrill puts an imitation beside every carrier. It comes before anything is
// sent: without it, a drill has no way at all.
func (a *App) openDrill(ctx context.Context) error {
	if a.cfg.Drill.Listen == "" || a.opts.Channels != nil {
		return nil
	}
	password := rand.Text()[:8] // SMPP allows eight
	d := &drilling{sms: smsc.New(smsc.Config{SystemID: drillID, Password: password, ReceiptDelay: 300 * time.Millisecond, Log: a.log.With("part", "drill")})}
	var err error
	d.wechat, err = wechatapi.New(wechatapi.Config{AppID: drillAppID, AppSecret: password, Token: drillID, EncodingAESKey: (rand.Text() + rand.Text())[:43],
		Templates: []wechatapi.Template{{ID: drillTemplate, Title: "预警信息通知", Fields: []wechatapi.Field{
			{Name: "thing1", Label: "预警类型"}, {Name: "thing2", Label: "影响地区"}, {Name: "time3", Label: "时间"}, {Name: "thing4", Label: "应对措施"}, {Name: "thing5", Label: "发布单位"},
		}}}}, a.log.With("part", "drill"))
	if err != nil {
		return fmt.Errorf("the drill's WeChat: %w", err)
	}
	if err := d.sms.Listen(ctx, "127.0.0.1:0"); err != nil {
		return fmt.Errorf("the drill's SMS centre: %w", err)
	}
	a.life.onStop("the drill's SMS centre", func(context.Context) error { return d.sms.Close() })
	if err := d.wechat.Listen("127.0.0.1:0"); err != nil {
		return fmt.Errorf("the drill's WeChat: %w", err)
	}
	a.life.onStop("the drill's WeChat", func(context.Context) error { return d.wechat.Close() })
	a.drill = d
	a.besideEveryCarrier(password)
	return nil
}

// besideEveryCarrier makes the imitations' channels. Their metrics lie on a
// registry of their own, so that no figure of a drill is taken for a real one.
func (a *App) besideEveryCarrier(password string) {
	d, reg := a.drill, prometheus.NewRegistry()
	d.channels = []channels.Channel{
		sms.New(sms.Config{Name: "演练短信中心（仿真）", Addr: d.sms.Addr(), SystemID: drillID, Password: password, Source: a.cfg.SMS.Source, Signature: a.cfg.SMS.Signature,
			Window: a.cfg.SMS.Window, MaxParts: a.cfg.SMS.MaxParts, ResponseTimeout: time.Duration(a.cfg.SMS.RespTimeout), Imitation: true}, a.log.With("part", "drill sms"), reg),
		wechat.New(wechat.Config{AppID: drillAppID, AppSecret: password, Token: drillID, BaseURL: d.wechat.URL(),
			Template: wechat.Template{ID: drillTemplate, Fields: wechat.DefaultFields()}, Imitation: true,
			Concurrency: a.cfg.WeChat.Concurrency, Timeout: time.Duration(a.cfg.WeChat.Timeout)}, a.log.With("part", "drill wechat"), reg),
	}
	for i, live := range a.channels {
		c := &byMode{Channel: live, drill: d.channels[i]}
		if live.Name() == d.channels[1].Name() {
			c.prepare = func(openids []string) error { return d.wechat.Follow(openids...) }
		}
		a.channels[i] = c
	}
}

// drillGroup is the staff's group where drills are for the staff; "" elsewhere.
func (a *App) drillGroup() string {
	if a.cfg.Drill.Listen == "" {
		return ""
	}
	return a.cfg.Drill.Group
}

// drillRoute is how a drill's channel is shown.
func (a *App) drillRoute(channel string) progress.Route {
	for _, c := range a.drill.channels {
		if h := c.Health(); c.Name() == channel {
			return progress.Route{Name: h.Route, Imitation: true, Ready: h.Ready, Reason: h.Reason}
		}
	}
	return progress.Route{Name: channel, Imitation: true, Reason: "没有这个渠道"}
}

// openDrillPlace serves the drill's own console: another address, another
// sign-in, another colour (R4).
func (a *App) openDrillPlace(live console.Config) error {
	if a.drill == nil {
		return nil
	}
	l, _, err := Listen(a.cfg.Drill.Listen, a.opts.FreePorts)
	if err != nil {
		return fmt.Errorf("drill.listen %s: %w", a.cfg.Drill.Listen, err)
	}
	a.DrillURL = reachable(a.cfg.Drill.URL, l)
	conf := live
	conf.Modes, conf.Registry = []alert.Mode{alert.Drill}, prometheus.NewRegistry()
	conf.Key, conf.Apart = a.secrets.Marks, true
	conf.Roll, conf.Safe, conf.Senders, conf.ReceiveCAP = nil, nil, nil, nil // what is for both is done at the live place
	conf.TLS = strings.HasPrefix(a.cfg.Drill.URL, "https://")
	conf.StaffGroup = a.cfg.Drill.Group
	conf.Channels = func() (out []console.ChannelStatus) {
		for _, c := range a.channels {
			out = append(out, statusOf(c, alert.Drill))
		}
		return out
	}
	conf.Try = append(conf.Try, console.Link{ZH: "去实战值班台", EN: "To the live desk", URL: a.ConsoleURL})
	c, err := console.New(conf)
	if err != nil {
		return errors.Join(fmt.Errorf("the drill's console: %w", err), l.Close())
	}
	a.serveHTTP("drill console", c.Server(), l)
	return nil
}
