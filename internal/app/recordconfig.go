package app

import (
	"log/slog"
	"time"

	"mingluo/internal/journal"
)

// journal is the part of the configuration that says where the record lies.
func (c Config) journal(log *slog.Logger) journal.Config {
	if log == nil {
		log = slog.Default()
	}
	return journal.Config{
		Dir: c.Data, URL: c.NATS.URL, MonitorURLs: c.NATS.MonitorURLs, Listen: c.NATS.Listen, Replicas: c.NATS.Replicas,
		CredentialsFile: c.NATS.Credentials, NKeyFile: c.NATS.NKey, CAFile: c.NATS.CA, CertFile: c.NATS.Cert, KeyFile: c.NATS.Key,
		TaskWait: time.Duration(c.Fanout.AckWait), AllowUnsafeStore: c.AllowUnsafeStore, Log: log.With("part", "journal"),
	}
}
