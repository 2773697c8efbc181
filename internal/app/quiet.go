package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"mingluo/internal/alert"
	"mingluo/internal/console"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// StartQuietly opens the record, the keys and the accounts, and nothing that
// sends, serves or watches: for a command that does one thing while the service
// is stopped. It answers on the admin socket as the service does, so that a
// command asks in one way whether it runs or not.
func (a *App) StartQuietly(ctx context.Context) (err error) {
	defer func() { err = a.undo(err) }()
	return a.open(ctx, []part{
		{"record", a.openRecord},
		{"keys", a.openKeysOnly},
		{"accounts and audit", a.openAudit},
		{"the backups' dates", func(context.Context) error { return a.backups.load() }},
		{"admin socket", a.openAdmin},
	})
}

func (a *App) openKeysOnly(ctx context.Context) error {
	if _, err := a.prepareRoll(ctx); err != nil {
		return err
	}
	if roll.UnderWay(a.cfg.careFolder()) {
		return a.needRoll(ctx) // a roll that is not whole is finished before anybody looks
	}
	return nil
}

func (a *App) openAccounts(context.Context) (err error) {
	cost := a.opts.Argon
	if cost == (console.Argon{}) {
		cost = console.StandardArgon
	}
	a.Accounts, err = console.NewAccounts(a.Store, a.secrets.Accounts, cost)
	return err
}

// undo stops what was started when the rest of a start failed.
func (a *App) undo(err error) error {
	if err == nil {
		return nil
	}
	stopping, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return errors.Join(err, a.Stop(stopping))
}

// Office is the service as a command on the same machine reaches it: the one
// that runs, or one that is opened quietly for the command.
type Office struct {
	*http.Client
	Running bool // the service itself answers
	quiet   *App
}

// Reach finds the service that owns the data folder, or opens it quietly when
// none does.
func Reach(ctx context.Context, c Config, o Options) (*Office, error) {
	if client, err := journal.AdminClient(c.Data); err == nil {
		return &Office{Client: client, Running: true}, nil
	}
	a, err := New(c, o)
	if err != nil {
		return nil, err
	}
	if err := a.StartQuietly(ctx); err != nil {
		return nil, err
	}
	client, err := journal.AwaitAdmin(ctx, c.Data)
	if err != nil {
		return nil, a.undo(err)
	}
	return &Office{Client: client, quiet: a}, nil
}

// ReachDemo is Reach for a demo's data folder, which has no configuration. What
// runs there knows its mode; a stopped one is opened as the drill it is, unless
// its journal says otherwise.
func ReachDemo(ctx context.Context, dir string, o Options) (*Office, error) {
	c := Defaults()
	c.Mode, c.Data, c.AllowUnsafeStore, o.SampleAddresses = alert.Drill, dir, true, true
	if _, err := os.Stat(filepath.Join(dir, "js")); err != nil {
		return nil, fmt.Errorf("no record in %s: %w", dir, err)
	}
	office, err := Reach(ctx, c, o)
	if err != nil || office.Running {
		return office, err
	}
	_, err = office.quiet.Store.Scan(ctx, alert.StreamJournal, "journal.key.>", 1, func(r alert.Record) error {
		if e, err := alert.DecodeEvent(r.Data); err != nil || e.Mode != alert.Drill {
			return errors.Join(fmt.Errorf("%s is not a demo's folder: use -config", dir), err)
		}
		return nil
	})
	if err != nil {
		return nil, office.quiet.undo(err)
	}
	return office, nil
}

// Close ends what was opened for the command.
func (o *Office) Close(ctx context.Context) error {
	o.CloseIdleConnections()
	if o.quiet == nil {
		return nil
	}
	return o.quiet.Stop(ctx)
}
