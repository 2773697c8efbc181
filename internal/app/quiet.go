package app

import (
	"context"
	"errors"
	"net/http"

	"mingluo/internal/console"
	"mingluo/internal/journal"
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
		{"accounts", a.openAccounts},
		{"admin socket", a.openAdmin},
	})
}

func (a *App) openKeysOnly(ctx context.Context) error {
	_, err := a.openKeys(ctx)
	return err
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

// Close ends what was opened for the command.
func (o *Office) Close(ctx context.Context) error {
	o.CloseIdleConnections()
	if o.quiet == nil {
		return nil
	}
	return o.quiet.Stop(ctx)
}
