package app

import (
	"log/slog"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// journal is the part of the configuration that says where the record lies. A
// drill may run anywhere; live, an unsafe place is refused.
func (c Config) journal(log *slog.Logger) journal.Config {
	if log == nil {
		log = slog.Default()
	}
	return journal.Config{
		Dir: c.Data, URL: c.NATS.URL, MonitorURLs: c.NATS.MonitorURLs, Listen: c.NATS.Listen, Replicas: c.NATS.Replicas,
		CredentialsFile: c.NATS.Credentials, NKeyFile: c.NATS.NKey, CAFile: c.NATS.CA, CertFile: c.NATS.Cert, KeyFile: c.NATS.Key,
		TaskWait: time.Duration(c.Fanout.AckWait), AllowUnsafeStore: c.AllowUnsafeStore || c.Mode == alert.Drill, Log: log.With("part", "journal"),
	}
}

// warnOfGround says once that a drill's record may not survive.
func (a *App) warnOfGround() {
	if a.cfg.Mode != alert.Drill || a.cfg.AllowUnsafeStore {
		return
	}
	for _, why := range journal.CheckGround(a.cfg.Data) {
		a.log.Warn("a drill's record is kept in an unsafe place; a live service would not start here", "why", why.EN)
	}
}
