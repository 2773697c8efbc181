package bench

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/console"
	"mingluo/internal/desk"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// house is a data folder that services are started on, one after the other.
type house struct{ dir string }

// newHouse makes the folder; leave takes it away.
func newHouse(o Options) (*house, error) {
	dir, err := os.MkdirTemp(o.Dir, "mingluo-bench-")
	return &house{dir: dir}, err
}

func (h *house) leave() error { return os.RemoveAll(h.dir) }

// open opens the record alone, without a service.
func (h *house) open(ctx context.Context, fn func(*journal.Store) error) (err error) {
	store, err := journal.Open(ctx, journal.Config{Dir: h.dir, AllowUnsafeStore: true, Log: quiet()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()
	return fn(store)
}

// fill puts sample subscribers on the roll of a folder that no service has
// open. Their addresses pass under Rules.Sample only.
func (h *house) fill(ctx context.Context, sms, wechat int) error {
	keys, err := roll.OpenKeys(filepath.Join(h.dir, "keys.json"))
	if err != nil {
		return err
	}
	return h.open(ctx, func(store *journal.Store) error {
		r := roll.New(store, keys, alert.Foshan(), roll.Rules{Sample: true})
		return abreast(ctx, roll.SampleRows(alert.Foshan(), sms, wechat), func(ctx context.Context, rows rowSeq) error {
			_, err := r.Import(ctx, time.Now(), rows, roll.ImportOptions{})
			return err
		})
	})
}

// service starts a service with these channels on the folder and stops it
// after fn.
func (h *house) service(ctx context.Context, chs []channels.Channel, fn func(*app.App) error) (err error) {
	c := app.Defaults()
	c.Mode, c.Data, c.AllowUnsafeStore = alert.Drill, h.dir, true
	c.Public.Listen, c.Console.Listen = "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(c, app.Options{Log: quiet(), Throwaway: true, SampleAddresses: true, Channels: chs, Argon: console.Argon{MemoryKiB: 8, Passes: 1, Threads: 1}})
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	return fn(a)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// diskBytes is what the folder's files hold.
func (h *house) diskBytes() int64 {
	var sum int64
	_ = filepath.WalkDir(h.dir, func(_ string, d fs.DirEntry, err error) error { // files come and go meanwhile
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// rssBytes is the process's resident memory, 0 where the system does not tell.
func rssBytes() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(f[0], 10, 64)
	return kib << 10
}

// writer and signer are the two people that a release needs (R1).
func writer() alert.Actor {
	return alert.Actor{Officer: alert.Officer{ID: "chen", Name: "陈", Roles: []alert.Role{alert.RoleWriter}}, Mode: alert.Drill}
}

func signer() alert.Actor {
	return alert.Actor{Officer: alert.Officer{ID: "li", Name: "李", Roles: []alert.Role{alert.RoleReviewer, alert.RoleApprover}}, Mode: alert.Drill}
}

// approved brings a notice to the point where only the release is missing.
func approved(ctx context.Context, d *desk.Desk, c alert.Content) (string, error) {
	draft, err := d.NewDraft(ctx, writer(), c, nil)
	if err != nil {
		return "", err
	}
	id, rev, err := d.Submit(ctx, writer(), draft.ID, draft.Seq)
	if err != nil {
		return "", err
	}
	var hash string
	d.Read(func(st *alert.State) { hash = st.Notices[id].Rev(rev).Hash })
	if err := d.Review(ctx, signer(), id, rev, hash, "", alert.Checked()...); err != nil {
		return "", err
	}
	return id, d.Approve(ctx, signer(), id, rev, hash)
}
