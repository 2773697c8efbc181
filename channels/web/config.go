package web

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// Config is what a site needs. Fields without a default are required.
type Config struct {
	Gazetteer *alert.Gazetteer
	// BaseURL is where readers find the site, such as https://yj.example.cn,
	// without a path. It stands in feeds, events and JSON.
	BaseURL string
	Hotline string // default 12345
	Owner   Owner
	// CAP encodes one public revision as CAP 1.2. Like Text it is given a copy
	// without anything internal and may be called from several goroutines.
	CAP func(n *alert.Notice, r *alert.Revision) ([]byte, error)
	// Text returns the text exactly as sent, by channel name; nil shows none.
	Text func(n *alert.Notice, r *alert.Revision) map[string]string
	// DrillBanner says that the whole installation is for drills: every page is
	// marked, and lists, feeds and streams show the drills unless asked otherwise.
	DrillBanner bool
	Links       []Link // further entries of the navigation
	Try         []Link // what a demonstration invites to, on the front page
	Dir         string // keeps the last published state for the next start; "" keeps none

	Log      *slog.Logger          // default slog.Default()
	Registry prometheus.Registerer // nil: not measured

	MaxStreams   int           // open streams at once, default 10,000
	LogEvents    int           // events kept for those who missed some, default 4,096
	WriteTimeout time.Duration // for one write to a stream, default 10 s
	Heartbeat    time.Duration // of a silent stream, default 15 s
}

// Owner is who runs the site, for the head and the foot of each page. The
// numbers in the foot are those that Chinese law and rules for government sites
// ask for; empty ones are left out.
type Owner struct {
	NameZH, NameEN   string // 主办单位
	TitleZH, TitleEN string // of the site
	ICP              string // ICP备案号
	Police           string // 公安备案号
	SiteCode         string // 政府网站标识码
}

// Link is an entry with a text in both languages.
type Link struct{ ZH, EN, URL string }

func (c Config) withDefaults() (Config, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Gazetteer == nil {
		bad("Gazetteer is missing")
	}
	if c.CAP == nil {
		bad("CAP is missing")
	}
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || u.Path != "" || (u.Scheme != "http" && u.Scheme != "https") {
		bad("BaseURL %q: want http:// or https:// and a host, without a path", c.BaseURL)
	}
	if c.MaxStreams < 0 || c.LogEvents < 0 || c.WriteTimeout < 0 || c.Heartbeat < 0 {
		bad("MaxStreams, LogEvents, WriteTimeout and Heartbeat must not be negative")
	}
	c.Hotline = cmp.Or(c.Hotline, "12345")
	c.MaxStreams = cmp.Or(c.MaxStreams, 10_000)
	c.LogEvents = cmp.Or(c.LogEvents, 4096)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, 15*time.Second)
	c.Owner.TitleZH = cmp.Or(c.Owner.TitleZH, "应急预警信息发布")
	c.Owner.TitleEN = cmp.Or(c.Owner.TitleEN, "Emergency warnings")
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Text == nil {
		c.Text = func(*alert.Notice, *alert.Revision) map[string]string { return nil }
	}
	if err := errors.Join(errs...); err != nil {
		return c, fmt.Errorf("web: %w", err)
	}
	return c, nil
}
