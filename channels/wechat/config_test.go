package wechat

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/silenceper/wechat/v2/util"
)

// TestConfigNamesTheField that is wrong, all of them at once; and an account
// made from it is red.
func TestConfigNamesTheField(t *testing.T) {
	c := Config{AppID: "wx", BaseURL: "ftp://x", EncodingAESKey: "short", Concurrency: -1}
	err := c.Validate()
	for _, field := range []string{"app_id, app_secret", "base_url", "encoding_aes_key", "token", "concurrency"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
	if h := New(c, nil, nil).Health(); h.Ready || !strings.Contains(h.Reason, "base_url") {
		t.Errorf("health %+v", h)
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("nothing configured: %v", err)
	}
}

// TestNoRequestWithoutAnAccount: a call of the SDK that lost its account does
// not reach the real platform.
func TestNoRequestWithoutAnAccount(t *testing.T) {
	UseTransport()
	if _, err := util.HTTPGet(DefaultBaseURL + "/cgi-bin/getcallbackip?access_token=x"); !errors.Is(err, errNoAccount) {
		t.Errorf("error %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, DefaultBaseURL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := util.DefaultHTTPClient.Do(req); !errors.Is(err, errNoAccount) {
		t.Errorf("error %v", err)
	}
}

// TestTheTokenIsInNoError: the SDK's errors hold the address, and the token in it.
func TestTheTokenIsInNoError(t *testing.T) {
	d := open(t, nil)
	d.base = deadBase(t)
	err := d.call(t.Context(), sendPath, "SECRET-TOKEN", map[string]string{}, new(answered))
	if err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("error %v", err)
	}
	d2 := open(t, nil)
	err = d2.call(t.Context(), "/cgi-bin/nothing", "SECRET-TOKEN", map[string]string{}, new(answered))
	if err == nil || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v", err)
	}
}

// TestMetricsArePresentFromTheStart, with every label.
func TestMetricsArePresentFromTheStart(t *testing.T) {
	reg := prometheus.NewRegistry()
	New(Config{}, nil, reg)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{}
	for _, f := range families {
		series[f.GetName()] = len(f.GetMetric())
	}
	if series["mingluo_wechat_sends_total"] != len(classNames)+2 || series["mingluo_wechat_callbacks_total"] != 5 || series["mingluo_wechat_halted"] != 1 {
		t.Errorf("%v", series)
	}
}
