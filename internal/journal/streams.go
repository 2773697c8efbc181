package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

const tasksStream = alert.StreamTasks

// streamDef is what one stream of the record is for and how large it may grow. All
// are on disk, take atomic batches and direct reads, and refuse when full instead
// of dropping the oldest, except where age ends them.
type streamDef struct {
	name   string
	word   string // first word of its subjects
	limit  int64  // bytes on disk
	newest bool   // keep only the newest message of a subject
	proof  bool   // nothing can be deleted or purged, by nobody
	queue  bool   // a message goes when it is acknowledged
	maxAge time.Duration
}

// auditAge is how long refused tries are kept; the Cybersecurity Law (网络安全法)
// asks for six months of logs at least.
const auditAge = 400 * 24 * time.Hour

const (
	mib = int64(1) << 20
	gib = int64(1) << 30
)

// streamTable lists the record's streams. The limits are far above what a city
// needs and far below what would surprise an operator: an outcome is about 20
// bytes, so 64 GiB hold three billion; a subscription with its headers is about
// 400, so 16 GiB hold forty million.
func streamTable() []streamDef {
	return []streamDef{
		{name: alert.StreamJournal, word: "journal", limit: 8 * gib, proof: true},
		{name: alert.StreamAttachments, word: "attachment", limit: 16 * gib, newest: true},
		{name: alert.StreamDrafts, word: "draft", limit: 1 * gib, newest: true},
		{name: alert.StreamAccounts, word: "account", limit: 256 * mib, newest: true},
		{name: alert.StreamRoll, word: "roll", limit: 16 * gib, newest: true},
		{name: alert.StreamTasks, word: "task", limit: 1 * gib, queue: true},
		{name: alert.StreamOutcomes, word: "outcome", limit: 64 * gib, proof: true},
		{name: alert.StreamTallies, word: "tally", limit: 4 * gib, newest: true},
		{name: alert.StreamAnswers, word: "answer", limit: 4 * gib},
		{name: alert.StreamAudit, word: "audit", limit: 2 * gib, maxAge: auditAge},
	}
}

// sumLimits is what the embedded server may use: JetStream reserves a stream's
// limit when it is created.
func sumLimits() int64 {
	var sum int64
	for _, d := range streamTable() {
		sum += d.limit
	}
	return sum + gib
}

// streamOf finds a subject's stream by its first word.
func streamOf(subject string) (string, error) {
	word, rest, _ := strings.Cut(subject, ".")
	for _, d := range streamTable() {
		if d.word == word && rest != "" {
			return d.name, nil
		}
	}
	return "", fmt.Errorf("subject %q belongs to no stream of the record", subject)
}

func (d streamDef) config(replicas int) jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:               d.name,
		Subjects:           []string{d.word + ".>"},
		Storage:            jetstream.FileStorage,
		Replicas:           replicas,
		MaxBytes:           d.limit,
		MaxAge:             d.maxAge,
		MaxMsgSize:         maxPayload,
		Discard:            jetstream.DiscardNew,
		AllowDirect:        true,
		AllowAtomicPublish: true,
		DenyDelete:         d.proof,
		DenyPurge:          d.proof,
		// No Nats-Msg-Id is used: expected sequences refuse a second copy for ever,
		// a window only for a while and at the cost of memory.
		Duplicates: time.Second,
	}
	if d.newest {
		cfg.MaxMsgsPerSubject = 1
	}
	if d.queue {
		cfg.Retention = jetstream.WorkQueuePolicy
		cfg.MaxMsgsPerSubject = 1
		cfg.DiscardNewPerSubject = true
	}
	if d.maxAge > 0 {
		cfg.Discard = jetstream.DiscardOld
	}
	return cfg
}

// ensureStreams creates what is missing, brings what is there up to date, and
// refuses what cannot be trusted.
func (s *Store) ensureStreams(ctx context.Context) error {
	for _, d := range streamTable() {
		if err := s.ensureStream(ctx, d.config(s.conf.Replicas)); err != nil {
			return fmt.Errorf("open stream %s: %w", d.name, err)
		}
	}
	return nil
}

func (s *Store) ensureStream(ctx context.Context, want jetstream.StreamConfig) error {
	st, err := s.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = s.js.CreateStream(ctx, want)
		return err
	}
	if err != nil {
		return err
	}
	have := st.CachedInfo().Config
	if err := compatible(have, want); err != nil {
		return err
	}
	if same(have, want) {
		return nil
	}
	_, err = s.js.UpdateStream(ctx, want)
	return err
}

// compatible refuses differences that an update cannot or must not paper over.
func compatible(have, want jetstream.StreamConfig) error {
	switch {
	case have.Storage != jetstream.FileStorage:
		return errors.New("it is kept in memory, so a restart would lose it; move its messages to a stream on disk first")
	case have.PersistMode == jetstream.AsyncPersistMode:
		return errors.New("its persist mode is async, which acknowledges before the disk has it; it has to be created anew")
	case have.Replicas != want.Replicas:
		return fmt.Errorf("it has %d replicas, the configuration says %d; change one of them by hand", have.Replicas, want.Replicas)
	case have.Retention != want.Retention:
		return fmt.Errorf("its retention is %v, want %v; it is not a stream of this program", have.Retention, want.Retention)
	case have.MaxMsgsPerSubject <= 0 && want.MaxMsgsPerSubject > 0 || have.MaxMsgsPerSubject > want.MaxMsgsPerSubject && want.MaxMsgsPerSubject > 0:
		return fmt.Errorf("it keeps %d messages of a subject, want %d; updating it would delete messages", have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	}
	return nil
}

// same reports whether the settings that we choose are already in force.
func same(have, want jetstream.StreamConfig) bool {
	perSubject := func(n int64) int64 { return max(n, 0) } // the server writes -1 for none
	return strings.Join(have.Subjects, " ") == strings.Join(want.Subjects, " ") &&
		have.MaxBytes == want.MaxBytes && have.MaxAge == want.MaxAge && have.MaxMsgSize == want.MaxMsgSize &&
		perSubject(have.MaxMsgsPerSubject) == perSubject(want.MaxMsgsPerSubject) &&
		have.Discard == want.Discard && have.DiscardNewPerSubject == want.DiscardNewPerSubject &&
		have.AllowDirect == want.AllowDirect && have.AllowAtomicPublish == want.AllowAtomicPublish &&
		have.DenyDelete == want.DenyDelete && have.DenyPurge == want.DenyPurge && have.Duplicates == want.Duplicates
}
