package journal

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// commonOptions hold for both kinds of connection; back is called after a
// reconnect. It never gives up reconnecting: a record that comes back must be
// served again without a person.
func commonOptions(log *slog.Logger, back func()) []nats.Option {
	return []nats.Option{
		nats.Name("mingluo"),
		nats.MaxReconnects(-1),
		// Every question for many messages makes a queue of this length; the
		// library's own, 64 k, is half a megabyte to be cleared each time. An
		// answer has at most [readBatch] messages and its end.
		nats.SyncQueueLen(2 * readBatch),
		nats.ReconnectWait(500 * time.Millisecond),
		// Writes during an outage must fail at once, not be kept for later: what
		// was refused to the officer must not appear afterwards.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("the record's connection is lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			log.Info("the record's connection is back", "url", c.ConnectedUrlRedacted())
			back()
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Error("the record's connection reports an error", "err", err)
		}),
	}
}

// dialExternal connects to a NATS cluster and checks that our messages fit.
func dialExternal(c Config, back func()) (*nats.Conn, error) {
	opts := append(commonOptions(c.Log, back), nats.Timeout(3*time.Second))
	if c.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(c.CredentialsFile))
	}
	if c.NKeyFile != "" {
		o, err := nats.NkeyOptionFromSeed(c.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("connect to nats: read nkey file: %w", err)
		}
		opts = append(opts, o)
	}
	if c.CAFile != "" {
		opts = append(opts, nats.RootCAs(c.CAFile))
	}
	if c.CertFile != "" {
		opts = append(opts, nats.ClientCert(c.CertFile, c.KeyFile))
	}
	nc, err := nats.Connect(c.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to nats: %w", err)
	}
	if m := nc.MaxPayload(); m < maxPayload {
		nc.Close()
		return nil, fmt.Errorf("connect to nats: its max_payload is %d bytes, events need %d", m, maxPayload)
	}
	return nc, nil
}
