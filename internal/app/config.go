package app

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"mingluo/internal/alert"
)

// Config is everything that can be set. deploy/mingluo.example.toml lists
// every setting with its default and its unit; a test holds the two together.
// An unknown key is an error, so that a misspelt setting never silently keeps
// its default.
type Config struct {
	Mode alert.Mode `toml:"mode"`
	Data string     `toml:"data"`

	Bureau  BureauConfig  `toml:"bureau"`
	Public  ListenConfig  `toml:"public"`
	Console ListenConfig  `toml:"console"`
	NATS    NATSConfig    `toml:"nats"`
	Redis   RedisConfig   `toml:"redis"`
	Journal JournalConfig `toml:"journal"`
	SMS     SMSConfig     `toml:"sms"`
	WeChat  WeChatConfig  `toml:"wechat"`
	Fanout  FanoutConfig  `toml:"fanout"`
	Session SessionConfig `toml:"session"`
	Backup  BackupConfig  `toml:"backup"`
	Roll    RollConfig    `toml:"roll"`
	Inbox   InboxConfig   `toml:"inbox"`
	Drill   DrillConfig   `toml:"drill"`
	Desk    DeskConfig    `toml:"desk"`
	Proxy   ProxyConfig   `toml:"proxy"`
	// Duties is the table of legal deadlines that is in force until an
	// administrator and a second person put another one into the journal.
	Duties   []alert.DutyRule     `toml:"duties"`
	Calendar []alert.CalendarYear `toml:"calendar"`

	// AllowUnsafeStore lets the record lie on a folder that does not survive a
	// power cut. Only the demo, benchmarks and tests set it.
	AllowUnsafeStore bool `toml:"-"`
}

// BureauConfig says who speaks.
type BureauConfig struct {
	Name    string `toml:"name"`    // 主办单位, on every page
	Hotline string `toml:"hotline"` // to be called in doubt
	Code    string `toml:"code"`    // first 14 digits of CAP identifiers: division, sector, unit, extension
	Sender  string `toml:"sender"`  // CAP sender

	Platform string `toml:"platform"` // the city's platform that applications for public release go to
}

// ListenConfig is one listener.
type ListenConfig struct {
	Listen string `toml:"listen"` // host:port
	URL    string `toml:"url"`    // how people reach it; "" is derived from listen
}

// NATSConfig is the record's server.
type NATSConfig struct {
	URL         string   `toml:"url"`          // "" embeds the server
	MonitorURLs []string `toml:"monitor_urls"` // external only: asked whether every write is synced
	Credentials string   `toml:"credentials"`  // .creds file
	NKey        string   `toml:"nkey"`         // seed file
	CA          string   `toml:"ca"`           // PEM files
	Cert        string   `toml:"cert"`
	Key         string   `toml:"key"`
	Listen      string   `toml:"listen"` // embedded only: opens it to the nats command line, for reading
	Replicas    int      `toml:"replicas"`
}

// SMSConfig is the SMPP route.
type SMSConfig struct {
	Route       string   `toml:"route"`
	Addr        string   `toml:"addr"` // host:port of the carrier; "" is no carrier
	SystemID    string   `toml:"system_id"`
	Password    string   `toml:"password"`
	Source      string   `toml:"source"`
	Signature   string   `toml:"signature"`
	Window      int      `toml:"window"`
	Rate        float64  `toml:"rate"` // messages a second, 0 is the window's own
	MaxParts    int      `toml:"max_parts"`
	RespTimeout Duration `toml:"response_timeout"`
	Imitation   bool     `toml:"imitation"`
}

// WeChatConfig is the official account.
type WeChatConfig struct {
	AppID          string   `toml:"app_id"`
	AppSecret      string   `toml:"app_secret"`
	Token          string   `toml:"token"`
	EncodingAESKey string   `toml:"encoding_aes_key"`
	BaseURL        string   `toml:"base_url"`
	TemplateID     string   `toml:"template_id"`
	Concurrency    int      `toml:"concurrency"`
	Rate           float64  `toml:"rate"`  // requests a second, 0 is unlimited
	Quota          int      `toml:"quota"` // messages a day, as the platform's console shows them; 0 is unknown
	Timeout        Duration `toml:"timeout"`
	Imitation      bool     `toml:"imitation"`
}

// FanoutConfig shapes the work of the channels.
type FanoutConfig struct {
	SliceSize  int `toml:"slice_size"` // recipients
	InFlight   int `toml:"in_flight"`  // slices at once per channel
	Unrecorded int `toml:"unrecorded"` // people of a channel handed over and not on disk, at most: as many copies after a crash

	AckWait Duration `toml:"ack_wait"` // a worker silent for so long loses its slice

	// A fan-out is paused when so many of a channel's last answers are refusals.
	BurstWindow  int `toml:"burst_window"`  // answers looked at
	BurstLeast   int `toml:"burst_least"`   // refusals among them, at least
	BurstPercent int `toml:"burst_percent"` // and more than this share; 100 never pauses
}

// SessionConfig bounds the officers' sessions.
type SessionConfig struct {
	Idle     Duration `toml:"idle"`
	Absolute Duration `toml:"absolute"`
}

// Duration is written as 5h, 90s, 250ms.
type Duration time.Duration

// UnmarshalText reads Go's notation.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("duration %q: want a number with a unit, such as 90s, 5m or 24h", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes Go's notation.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Defaults returns the configuration that an empty file means.
func Defaults() Config {
	c := Config{
		Mode:    alert.Live,
		Data:    "/var/lib/mingluo",
		Bureau:  BureauConfig{Name: "佛山市应急管理局", Hotline: "12345", Code: "44060000000000", Sender: "yjglj@foshan.gov.cn", Platform: "佛山市突发事件预警信息发布平台"},
		Public:  ListenConfig{Listen: "127.0.0.1:8080"},
		Console: ListenConfig{Listen: "127.0.0.1:8081"},
		NATS:    NATSConfig{Replicas: 1},
		Roll:    defaultRoll(),
		Desk:    defaultDesk(),
		Inbox:   InboxConfig{Senders: []string{}},
		Proxy:   ProxyConfig{Trusted: []string{}},
		Drill:   DrillConfig{Group: "值班人员"},
		Journal: JournalConfig{Heads: []string{}, Mirrors: []string{}, Scrub: defaultScrub},
		Redis:   RedisConfig{URLs: []string{}},
		SMS:     SMSConfig{Route: "sms", Signature: "佛山应急", Window: 100, MaxParts: 10, RespTimeout: Duration(60 * time.Second)},
		WeChat:  WeChatConfig{Concurrency: 32, Timeout: Duration(10 * time.Second)},
		Fanout:  FanoutConfig{SliceSize: 2000, InFlight: 8, Unrecorded: 10_000, AckWait: Duration(30 * time.Second), BurstWindow: 500, BurstLeast: 50, BurstPercent: 20},
		Backup:  BackupConfig{Every: Duration(24 * time.Hour), Keep: 14},
		Session: SessionConfig{Idle: Duration(15 * time.Minute), Absolute: Duration(8 * time.Hour)},
	}
	c.Duties = alert.FoshanDuties().Rules
	return c
}

// maxConfigBytes bounds a configuration file; a real one is a few kilobytes.
const maxConfigBytes = 1 << 20

// Load reads a configuration file over the defaults and validates it. Errors
// name the line and the setting. The file holds secrets, so others must not be
// able to read it.
func Load(path string) (Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return Config{}, fmt.Errorf("%s holds secrets but everybody can read it: chmod 640 %s", path, path)
	}
	if info.Size() > maxConfigBytes {
		return Config{}, fmt.Errorf("%s has %d bytes, at most %d", path, info.Size(), maxConfigBytes)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(b)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads a configuration over the defaults and validates it.
func Parse(b []byte) (Config, error) {
	c := Defaults()
	defaultDuties := c.Duties
	c.Duties = nil
	dec := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, explain(err)
	}
	if c.Duties == nil {
		c.Duties = defaultDuties
	}
	return c, c.Validate()
}

// explain turns the decoder's errors into one line each.
func explain(err error) error {
	var missing *toml.StrictMissingError
	if errors.As(err, &missing) {
		var lines []string
		for _, e := range missing.Errors {
			row, col := e.Position()
			lines = append(lines, fmt.Sprintf("line %d, column %d: unknown setting %q", row, col, strings.Join(e.Key(), ".")))
		}
		return errors.New(strings.Join(lines, "; "))
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		row, col := bad.Position()
		return fmt.Errorf("line %d, column %d: %s", row, col, strings.TrimPrefix(bad.Error(), "toml: "))
	}
	return err
}

// Validate says everything that is wrong, naming the settings, before anything
// is opened.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if !c.Mode.Valid() {
		bad("mode %q: want \"live\" or \"drill\"", c.Mode)
	}
	if c.Data == "" {
		bad("data: name the folder that holds the record")
	} else if abs, err := filepath.Abs(c.Data); err != nil || abs == "/" {
		bad("data %q: want a folder of its own", c.Data)
	}
	for name, l := range map[string]ListenConfig{"public": c.Public, "console": c.Console} {
		if _, _, err := net.SplitHostPort(l.Listen); err != nil {
			bad("%s.listen %q: want host:port", name, l.Listen)
		}
		if u, err := url.Parse(l.URL); l.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			bad("%s.url %q: want http:// or https:// and a host", name, l.URL)
		}
	}
	if c.SMS.Addr != "" {
		if _, _, err := net.SplitHostPort(c.SMS.Addr); err != nil {
			bad("sms.addr %q: want host:port", c.SMS.Addr)
		}
		if c.SMS.SystemID == "" {
			bad("sms.system_id: the carrier's account is missing")
		}
	}
	if c.SMS.Signature == "" || strings.ContainsAny(c.SMS.Signature, "【】") {
		bad("sms.signature: want the registered name without 【】")
	}
	between := func(name string, v, lo, hi int) {
		if v < lo || v > hi {
			bad("%s %d: want %d to %d", name, v, lo, hi)
		}
	}
	between("sms.window", c.SMS.Window, 1, 10000)
	between("sms.max_parts", c.SMS.MaxParts, 1, 255)
	between("wechat.concurrency", c.WeChat.Concurrency, 1, 1000)
	between("wechat.quota", c.WeChat.Quota, 0, 1<<30)
	between("fanout.slice_size", c.Fanout.SliceSize, 1, 100_000)
	between("fanout.in_flight", c.Fanout.InFlight, 1, 256)
	between("fanout.unrecorded", c.Fanout.Unrecorded, 1, 100_000)
	between("fanout.burst_window", c.Fanout.BurstWindow, 10, 100_000)
	between("fanout.burst_least", c.Fanout.BurstLeast, 1, c.Fanout.BurstWindow)
	between("fanout.burst_percent", c.Fanout.BurstPercent, 1, 100)
	if w := time.Duration(c.Fanout.AckWait); w < time.Second || w > 10*time.Minute {
		bad("fanout.ack_wait %s: want 1s to 10m", w)
	}
	between("backup.keep", c.Backup.Keep, 1, 10_000)
	if c.Backup.Every < Duration(time.Minute) {
		bad("backup.every %s: want 1m or more", time.Duration(c.Backup.Every))
	}
	between("nats.replicas", c.NATS.Replicas, 1, 5)
	if c.WeChat.AppID != "" && c.WeChat.AppSecret == "" {
		bad("wechat.app_secret: missing for the account in wechat.app_id")
	}
	if len(c.Bureau.Code) != 14 || strings.Trim(c.Bureau.Code, "0123456789") != "" {
		bad("bureau.code %q: want 14 digits", c.Bureau.Code)
	}
	c.Journal.check(bad)
	c.Roll.check(bad)
	c.Desk.check(bad)
	c.Proxy.check(bad)
	c.Inbox.check(bad)
	c.Drill.check(c.Mode, bad)
	if c.Bureau.Name == "" {
		bad("bureau.name: say who speaks")
	}
	errs = append(errs, c.Redis.validate()...)
	if err := new(c.dutyTable()).Check(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *Config) dutyTable() alert.DutyTable {
	return alert.DutyTable{Rules: c.Duties, Calendar: c.Calendar}
}
