package wechat

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// DefaultBaseURL is the platform's own address.
const DefaultBaseURL = "https://api.weixin.qq.com"

// Config describes one Official Account. The zero value of every field but the
// credentials and the template is usable.
type Config struct {
	AppID     string // wx…, from the platform's console
	AppSecret string

	Token          string // signs callbacks, 3 to 32 letters and digits
	EncodingAESKey string // encrypts callbacks, 43 characters; callbacks are refused without it

	BaseURL    string   // default DefaultBaseURL; an imitation's address in a demo
	Template   Template // which approved template, and what stands in its fields
	TemplateEN Template // optional: a second template for readers of English

	Imitation bool   // BaseURL is an imitation: pages say 仿真通道
	Simulate  bool   // without credentials, report every recipient as simulated; nothing is sent
	Route     string // the route's name for officers; default 微信公众号

	Concurrency int           // requests in flight for one slice; default 32
	Timeout     time.Duration // for one request; default 10 s
	Rate        float64       // recipients a second that the account is known to take; 0 unknown
	Quota       int           // messages a day that the platform's console shows for the account; 0 unknown
	Callbacks   int           // events being recorded at once; default 1,024
	Tokens      TokenStore    // where the access token is kept; default: in memory
	ProbeEvery  time.Duration // how often a halted account is asked whether it works again; default 1 min
}

// defaultConcurrency keeps a slice of 2,000 under 10 s at the 100 to 150 ms
// that one call takes, and stays a polite caller.
const (
	defaultConcurrency = 32
	defaultTimeout     = 10 * time.Second
	// defaultCallbacks is four seconds of the heaviest callbacks reported (73,028
	// in 5 minutes, WeChat's developer community): a record that stands still for
	// longer loses WeChat's patience anyway.
	defaultCallbacks  = 1024
	defaultProbeEvery = time.Minute
)

func (c Config) withDefaults() Config {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if c.Route == "" {
		c.Route = "微信公众号"
	}
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Callbacks == 0 {
		c.Callbacks = defaultCallbacks
	}
	if c.Tokens == nil {
		c.Tokens = new(memoryToken)
	}
	if c.ProbeEvery == 0 {
		c.ProbeEvery = defaultProbeEvery
	}
	return c
}

func (c Config) hasCredentials() bool { return c.AppID != "" && c.AppSecret != "" }

// Validate names everything that is wrong with the configuration. Missing
// credentials are not an error: the channel is then red (or simulated).
func (c Config) Validate() error {
	var errs []error
	bad := func(field, format string, a ...any) {
		errs = append(errs, fmt.Errorf("wechat: %s: "+format, append([]any{field}, a...)...))
	}
	if (c.AppID == "") != (c.AppSecret == "") {
		bad("app_id, app_secret", "both or neither")
	}
	if c.BaseURL != "" {
		if _, err := parseBase(c.BaseURL); err != nil {
			bad("base_url", "%w", err)
		}
	}
	if c.hasCredentials() && c.Template.ID == "" {
		bad("template.id", "the approved template's id is needed")
	}
	for _, t := range []Template{c.Template, c.TemplateEN} {
		if t.ID != "" {
			if err := t.Validate(); err != nil {
				bad("template", "%w", err)
			}
		}
	}
	if c.EncodingAESKey != "" && !validAESKey(c.EncodingAESKey) {
		bad("encoding_aes_key", "want 43 characters of base64")
	}
	if c.EncodingAESKey != "" && c.Token == "" {
		bad("token", "needed to check the signature of callbacks")
	}
	if c.Concurrency < 0 || c.Concurrency > 1000 {
		bad("concurrency", "want 1 to 1000")
	}
	if c.Timeout < 0 || c.Callbacks < 0 || c.ProbeEvery < 0 || c.Rate < 0 || c.Quota < 0 {
		bad("timeout, callbacks, probe_every, rate, quota", "cannot be negative")
	}
	return errors.Join(errs...)
}

func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("%q: want http(s)://host[:port]", s)
	}
	return u, nil
}

func validAESKey(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s + "=")
	return err == nil && len(s) == 43 && len(b) == 32
}
