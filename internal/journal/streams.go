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
	brief  bool   // no copy of the record needs it
	maxAge time.Duration
}

// auditAge is how long refused tries are kept; the Cybersecurity Law (网络安全法)
// asks for six months of logs at least.
const auditAge = 400 * 24 * time.Hour

// sessionAge is longer than any sign-in lasts: what is left of ended ones goes
// by itself.
const sessionAge = 48 * time.Hour

const (
	mib = int64(1) << 20
	gib = int64(1) << 30
)

// streamTable lists the record's streams. The limits are far above what a city
// needs and far below what would surprise an operator: an outcome is 37 to 45
// bytes, so 64 GiB hold one and a half billion; a subscription with its headers is about
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
		{name: alert.StreamSessions, word: "session", limit: 64 * mib, newest: true, brief: true, maxAge: sessionAge},
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
		DenyDelete:         d.proof || d.maxAge > 0, // what ends by age ends by nothing else
		DenyPurge:          d.proof || d.maxAge > 0,
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
		st, err = s.js.CreateStream(ctx, want)
	} else if err == nil {
		have := st.CachedInfo().Config
		if err := compatible(have, want); err != nil {
			return err
		}
		if different(have, want) != "" {
			st, err = s.js.UpdateStream(ctx, want)
		}
	}
	if err != nil {
		return err
	}
	return asWanted(st.CachedInfo().Config, want) // what the server says counts, not what it was asked
}

// checkStreams reads every stream's settings again.
func (s *Store) checkStreams(ctx context.Context) error {
	var errs []error
	for _, d := range streamTable() {
		st, err := s.js.Stream(ctx, d.name)
		if err == nil {
			err = asWanted(st.CachedInfo().Config, d.config(s.conf.Replicas))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("stream %s: %w", d.name, err))
		}
	}
	return errors.Join(errs...)
}

func asWanted(have, want jetstream.StreamConfig) error {
	if err := compatible(have, want); err != nil {
		return err
	}
	if what := different(have, want); what != "" {
		return fmt.Errorf("its %s is not what this program set: somebody else changes it", what)
	}
	return nil
}

// compatible refuses differences that an update cannot or must not paper over.
func compatible(have, want jetstream.StreamConfig) error {
	switch {
	case have.Storage != jetstream.FileStorage:
		return errors.New("it is kept in memory, so a restart would lose it; move its messages to a stream on disk first")
	case have.PersistMode == jetstream.AsyncPersistMode:
		return errors.New("its persist mode is async, which acknowledges before the disk has it; it has to be created anew")
	case have.Replicas < want.Replicas:
		return fmt.Errorf("%w: it has %d, nats.replicas says %d; give it as many with nats stream edit", errFewer, have.Replicas, want.Replicas)
	case have.Replicas > want.Replicas:
		return fmt.Errorf("it has %d replicas, nats.replicas says %d; change one of them by hand", have.Replicas, want.Replicas)
	case have.Retention != want.Retention:
		return fmt.Errorf("its retention is %v, want %v; it is not a stream of this program", have.Retention, want.Retention)
	case have.Mirror != nil || len(have.Sources) > 0:
		return errors.New("it copies another stream; it is not a stream of this program")
	case have.Sealed:
		return errors.New("it is sealed, so nothing can be written to it any more")
	case have.MaxMsgsPerSubject <= 0 && want.MaxMsgsPerSubject > 0 || have.MaxMsgsPerSubject > want.MaxMsgsPerSubject && want.MaxMsgsPerSubject > 0:
		return fmt.Errorf("it keeps %d messages of a subject, want %d; updating it would delete messages", have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	}
	return nil
}

// different names the first setting that our promises rest on and that is not as
// we choose it; empty when all are. What an update sets anew is compared, and
// what would acknowledge nothing, change, drop or hide messages.
func different(have, want jetstream.StreamConfig) string {
	none := func(n int64) int64 { return max(n, 0) } // the server writes -1 for none
	for _, c := range []struct {
		what string
		same bool
	}{
		{"subjects", strings.Join(have.Subjects, " ") == strings.Join(want.Subjects, " ")},
		{"limit of bytes", have.MaxBytes == want.MaxBytes},
		{"limit of messages", none(have.MaxMsgs) == none(want.MaxMsgs)},
		{"limit of a subject", none(have.MaxMsgsPerSubject) == none(want.MaxMsgsPerSubject)},
		{"limit of a message", have.MaxMsgSize == want.MaxMsgSize},
		{"age", have.MaxAge == want.MaxAge},
		{"discarding", have.Discard == want.Discard && have.DiscardNewPerSubject == want.DiscardNewPerSubject},
		{"direct reading", have.AllowDirect == want.AllowDirect},
		{"atomic publishing", have.AllowAtomicPublish == want.AllowAtomicPublish},
		{"protection against deleting", have.DenyDelete == want.DenyDelete && have.DenyPurge == want.DenyPurge},
		{"window of duplicates", have.Duplicates == want.Duplicates},
		{"acknowledging", have.NoAck == want.NoAck},
		{"rolling up", have.AllowRollup == want.AllowRollup},
		{"age of single messages", have.AllowMsgTTL == want.AllowMsgTTL},
		{"changing of subjects", have.SubjectTransform == nil},
		{"publishing elsewhere", have.RePublish == nil},
	} {
		if !c.same {
			return c.what
		}
	}
	return ""
}
