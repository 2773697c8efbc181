package apptest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/console"
	"mingluo/internal/roll"
	"mingluo/internal/shared"
)

// patience bounds every wait. It is long because tests share the machine with
// other tests; nothing takes a tenth of it when all is well.
const patience = 60 * time.Second

// Option changes a town before its first service.
type Option func(*Town)

// People sets how many made-up subscribers there are, 60 and 40 unless told.
func People(sms, wechat int) Option { return func(w *Town) { w.sms, w.wechat = sms, wechat } }

// Configure changes the configuration, after it was pointed at the carriers.
func Configure(f func(*app.Config)) Option {
	return func(w *Town) { w.changes = append(w.changes, f) }
}

// Redis lets services of the town keep their audience index in a Redis.
func Redis(c shared.Config) Option {
	return func(w *Town) {
		first, more, _ := strings.Cut(c.URL, "?")
		urls := []string{first}
		for _, node := range strings.FieldsFunc(more, func(r rune) bool { return r == '&' }) {
			urls = append(urls, "redis://"+strings.TrimPrefix(node, "addr="))
		}
		file := filepath.Join(w.Dir, "redis-password")
		if err := os.WriteFile(file, []byte(c.Password+"\n"), 0o600); err != nil {
			w.t.Fatal(err)
		}
		Configure(func(conf *app.Config) {
			conf.Redis = app.RedisConfig{URLs: urls, Username: c.Username, PasswordFile: file, Space: c.Space}
		})(w)
	}
}

// With changes the options of a service that runs in the test's process.
func With(f func(*app.Options)) Option {
	return func(w *Town) { w.options = append(w.options, f) }
}

// At puts the data folder somewhere else than below the test's temporary folder.
func At(dir string) Option { return func(w *Town) { w.Dir = dir } }

// Town is what is there whether the service runs or not.
type Town struct {
	t        testing.TB
	Dir      string
	Carriers *Carriers

	sms, wechat int
	changes     []func(*app.Config)
	options     []func(*app.Options)
	tokens      map[string]string // officer to API token; nil until they are seated
	log         *logbook
}

// Officers returns the officers of every town: chen writes, li reviews and
// approves, wang may do all of it; sun looks after accounts and subscribers.
func Officers() []alert.Officer {
	return []alert.Officer{
		{ID: "chen", Name: "陈晓岚", Roles: []alert.Role{alert.RoleWriter}},
		{ID: "li", Name: "李志强", Roles: []alert.Role{alert.RoleReviewer, alert.RoleApprover}},
		{ID: "wang", Name: "王海燕", Roles: []alert.Role{alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover}},
		{ID: "sun", Name: "孙敏", Roles: []alert.Role{alert.RoleAdmin}},
	}
}

// NewTown makes a folder and starts the carriers. They end with the test.
func NewTown(t testing.TB, opts ...Option) *Town {
	t.Helper()
	w := &Town{t: t, Dir: t.TempDir(), sms: 60, wechat: 40, log: newLogbook(t)}
	for _, o := range opts {
		o(w)
	}
	w.Carriers = startCarriers(t, w.wechat)
	return w
}

// Twin returns the town as another machine of the same installation sees it: a
// folder of its own with the same keys. Both use one external record.
func (w *Town) Twin() *Town {
	w.t.Helper()
	twin := *w
	twin.Dir = w.t.TempDir()
	for _, name := range []string{"keys.json", "console.key"} {
		b, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(twin.Dir, name), b, 0o600)
		}
		if err != nil {
			w.t.Fatalf("take the keys to another machine: %v", err)
		}
	}
	return &twin
}

// Config returns the configuration that services of this town run with.
func (w *Town) Config() app.Config {
	c := app.Defaults()
	c.Mode, c.Data, c.AllowUnsafeStore = alert.Drill, w.Dir, true
	c.Public.Listen, c.Console.Listen = "127.0.0.1:0", "127.0.0.1:0"
	w.Carriers.serve(&c)
	for _, f := range w.changes {
		f(&c)
	}
	return c
}

// writeConfig writes the configuration as an operator would have it.
func (w *Town) writeConfig() string {
	w.t.Helper()
	b, err := toml.Marshal(w.Config())
	path := filepath.Join(w.Dir, "mingluo.toml")
	if err = errors.Join(err, os.WriteFile(path, b, 0o600)); err != nil {
		w.t.Fatalf("write the configuration: %v", err)
	}
	return path
}

// appOptions are what a test's service has that a configuration cannot give:
// addresses that are nobody's, and passwords that cost little.
func appOptions(log io.Writer) app.Options {
	return app.Options{
		Log:             slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		SampleAddresses: true,
		Argon:           CheapPasswords(),
	}
}

// CheapPasswords is a cost that protects nothing and takes no time.
func CheapPasswords() console.Argon { return console.Argon{MemoryKiB: 64, Passes: 1, Threads: 1} }

// fill seats the officers and brings in the subscribers, once for a town.
func (w *Town) fill(ctx context.Context, a *app.App) error {
	if w.tokens != nil {
		return nil
	}
	tokens := map[string]string{}
	for _, o := range Officers() {
		token, err := a.Accounts.Create(ctx, o, console.NewPassword())
		if err != nil {
			return err
		}
		tokens[o.ID] = token
	}
	if _, err := a.Roll.Import(ctx, time.Now(), roll.SampleRows(a.Places, w.sms, w.wechat), roll.ImportOptions{}); err != nil {
		return err
	}
	seq, err := a.Store.LastSeq(ctx, alert.StreamRoll)
	if err != nil {
		return err
	}
	w.tokens = tokens
	return a.Index.WaitFor(ctx, seq)
}

// Everybody returns the addresses of all subscribers of a channel: those whom
// a typhoon warning from orange up for the whole city is for.
func (w *Town) Everybody(channel string) map[string]bool {
	out := map[string]bool{}
	for s := range roll.Samples(alert.Foshan(), w.sms, w.wechat) {
		if s.Channel == channel {
			out[s.Address] = true
		}
	}
	return out
}

// logbook keeps what services of a test logged and shows it when the test fails.
type logbook struct {
	mu    sync.Mutex
	lines []byte
}

const maxLogbook = 64 << 10

func newLogbook(t testing.TB) *logbook {
	l := &logbook{}
	t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if t.Failed() && len(l.lines) > 0 {
			t.Logf("the service logged:\n%s", l.lines)
		}
	})
	return l
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines)+len(p) <= maxLogbook {
		l.lines = append(l.lines, p...)
	}
	return len(p), nil
}
