package journal

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// natsLog hands the server's lines to slog. It keeps the reason when the server
// gives up, because it must not end the process from within, and the first write
// that the disk refused, because nats-server tells nobody else: the publisher of
// the message gets no answer, and a store that failed at its own bookkeeping
// looks healthy until somebody writes.
type natsLog struct {
	log     *slog.Logger
	trouble chan struct{} // has one when a refused write was noted

	recovery recovery // which streams are being read at the start

	mu      sync.Mutex
	err     error
	refused string
}

func newNATSLog(log *slog.Logger) *natsLog {
	return &natsLog{log: log, trouble: make(chan struct{}, 1)}
}

func (l *natsLog) Noticef(f string, v ...any) {
	l.recovery.hear(f, v)
	l.log.Debug("nats: " + fmt.Sprintf(f, v...))
}

func (l *natsLog) Warnf(f string, v ...any) { l.log.Warn("nats: " + fmt.Sprintf(f, v...)) }
func (l *natsLog) Debugf(string, ...any)    {}
func (l *natsLog) Tracef(string, ...any)    {}

func (l *natsLog) Errorf(f string, v ...any) {
	line := fmt.Sprintf(f, v...)
	l.log.Error("nats: " + line)
	if writeRefused(line) {
		l.note(line)
	}
}

// writeRefused knows the lines of nats-server 2.15 (filestore.go setWriteErr,
// stream.go setWriteErrLocked) after which a stream takes no more writes. A test
// fills a disk to see that they still read so.
func writeRefused(line string) bool {
	return strings.Contains(strings.ToLower(line), "critical write error")
}

func (l *natsLog) note(line string) {
	l.mu.Lock()
	if l.refused == "" {
		l.refused = line
	}
	l.mu.Unlock()
	select {
	case l.trouble <- struct{}{}:
	default:
	}
}

// refusedWrite returns the first line about a write that the disk refused.
func (l *natsLog) refusedWrite() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// forget begins anew with another server.
func (l *natsLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.refused = nil, ""
	l.recovery.forget()
}

func (l *natsLog) Fatalf(f string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = fmt.Errorf(f, v...)
}

func (l *natsLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
