package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"mingluo/internal/app"
)

const example = root + "/deploy/mingluo.example.toml"

// The example file lists every setting with its default: reading it gives the
// defaults, and every setting that exists stands in it.
func TestTheExampleIsTheDefaults(t *testing.T) {
	b, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	got, err := app.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	want := app.Defaults()
	if got.NATS.MonitorURLs != nil && len(got.NATS.MonitorURLs) == 0 {
		got.NATS.MonitorURLs = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the example says\n%+v\nthe defaults are\n%+v", got, want)
	}
	if at := bytes.Index(b, []byte("# [[calendar]]")); at >= 0 { // no year is shipped: it stands there as a remark
		b = append(b[:at:at], bytes.ReplaceAll(b[at:], []byte("# "), nil)...)
	}
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	have := keys("", tree)
	for _, k := range settings("", reflect.TypeFor[app.Config]()) {
		if !slices.Contains(have, k) {
			t.Errorf("%s is not in the example", k)
		}
	}
}

// keys lists the dotted keys of a decoded file; of a list of tables, of each.
func keys(prefix string, tree map[string]any) (out []string) {
	for k, v := range tree {
		if list, ok := v.([]any); ok {
			for _, one := range list {
				if sub, ok := one.(map[string]any); ok {
					out = append(out, keys(prefix+k+".", sub)...)
				}
			}
		}
		if sub, ok := v.(map[string]any); ok {
			out = append(out, keys(prefix+k+".", sub)...)
			continue
		}
		out = append(out, prefix+k)
	}
	return out
}

// settings lists the dotted keys that the configuration's type has.
func settings(prefix string, t reflect.Type) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("toml")
		if name == "" || name == "-" {
			continue
		}
		typ := f.Type
		if typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Struct {
			out = append(out, settings(prefix+name+".", typ)...)
			continue
		}
		out = append(out, prefix+name)
	}
	return out
}

// What is wrong in a file is named with its line or its setting, before
// anything is opened.
func TestConfigurationErrorsNameThePlace(t *testing.T) {
	for text, want := range map[string]string{
		"mode = \"live\"\nnotices = 3\n":                          "line 2, column 1: unknown setting \"notices\"",
		"[sms]\nwindwo = 3\n":                                     "line 2, column 1: unknown setting \"sms.windwo\"",
		"mode = \"test\"\n":                                       "mode \"test\"",
		"[sms]\nresponse_timeout = \"soon\"\n":                    "line 2",
		"[public]\nlisten = \"8080\"\n":                           "public.listen \"8080\"",
		"[sms]\naddr = \"gw:2775\"\n":                             "sms.system_id",
		"[wechat]\napp_id = \"wx1\"\n":                            "wechat.app_secret",
		"[fanout]\nin_flight = 0\n":                               "fanout.in_flight 0",
		"[bureau]\ncode = \"4406\"\n":                             "bureau.code",
		"[[duties]]\nid = \"a b\"\n":                              "duties[0].id",
		"[[duties]]\nid = \"x\"\nwithin = \"5h\"\nfrom = \"big\"": "line 4",
		"[redis]\nurl = \"redis://h\"\n":                          "unknown setting \"redis.url\"",
		"[redis]\nusername = \"u\"\n":                             "redis.urls: missing",
		"[redis]\nurls = [\"http://h\"]\n":                        "redis.urls[0] http://h: want redis://",
		"[redis]\nurls = [\"redis://:hunter2@\"]\n":               "redis.urls[0] redis://:xxxxx@: the host",
		"[redis]\nurls = [\"redis://h\", \"redis://i/2\"]\n":      "redis.urls[1]",
		"[redis]\nurls = [\"redis://h\", \"unix:///s\"]\n":        "redis.urls[1] unix:///s: a cluster",
		"[redis]\nurls = [\"redis://h?db=1\"]\n":                  "want no ?",
		"[redis]\nurls = [\"redis://h:x\"]\n":                     "redis.urls[0]: cannot",
		"[redis]\nurls = [\"redis://h\"]\nca = \"/x\"\n":          "redis.ca: only rediss",
		"[redis]\nurls = [\"redis://h\"]\nusername = \"u\"\n":     "redis.password_file",
		"[redis]\nurls = [\"redis://h\"]\nspace = \"a b\"\n":      "redis.space",
		"[desk]\nunseen_after = \"1s\"\n":                         "desk.unseen_after 1s: want 10s to 24h",
		"[desk]\nsilent_after = \"2h\"\n":                         "desk.silent_after 2h0m0s: want 5s to 1h",
		"[proxy]\ntrusted = [\"proxy.local\"]\n":                  "proxy.trusted \"proxy.local\"",
		"[proxy]\ntrusted = [\"0.0.0.0/0\"]\n":                    "everybody is no proxy",
		"mode = ":                                                 "line 1",
	} {
		_, err := app.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestASecretFileMustNotBeReadableByAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mingluo.toml")
	if err := os.WriteFile(path, []byte("mode = \"drill\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Load(path); err == nil || !strings.Contains(err.Error(), "chmod 640") {
		t.Errorf("world-readable: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Load(path); err != nil {
		t.Error(err)
	}
}

func FuzzParseConfig(f *testing.F) {
	b, err := os.ReadFile(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("[sms]\nwindow = -1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := app.Parse(b); err == nil {
			if err := c.Validate(); err != nil {
				t.Error("parsed, yet not valid: ", err)
			}
		}
	})
}
