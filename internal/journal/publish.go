package journal

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
)

// ackWait is how long an answer is waited for before a write counts as unknown.
const ackWait = 5 * time.Second

const (
	hdrBatchID     = "Nats-Batch-Id"
	hdrBatchSeq    = "Nats-Batch-Sequence"
	hdrBatchCommit = "Nats-Batch-Commit"
	hdrLastSeq     = "Nats-Expected-Last-Sequence"
	hdrLastSubject = "Nats-Expected-Last-Subject-Sequence"
	hdrDeleted     = "Mingluo-Deleted" // ours: a tombstone
)

// maxBatch is the server's limit for one atomic batch.
const maxBatch = 1000

// maxBatchBytes keeps one batch from holding the connection for long.
const maxBatchBytes = 32 << 20

// publish stores the messages, all of one stream, and returns the sequence of the
// last: one message plainly, several as one atomic batch. There may be at most
// [maxBatch]. A message's headers may carry expectations; a batch's expected last
// sequence stands on its first message.
func (s *Store) publish(ctx context.Context, ms []*nats.Msg) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	defer context.AfterFunc(s.ice.current(), cancel)() // a frozen stream answers nobody
	if len(ms) == 1 {
		return s.request(ctx, ms[0])
	}
	select {
	case s.batches <- struct{}{}:
		defer func() { <-s.batches }()
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for a batch's turn: %w", ctx.Err())
	}
	for try := 1; ; try++ {
		seq, err := s.publishBatch(ctx, ms)
		if !forgotten(err) || try == 5 {
			return seq, err
		}
		if full := s.roomFor(ms[0].Subject); full != nil { // the reason why it was forgotten
			return 0, full
		}
		if err := pause(ctx, time.Duration(try)*20*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// publishBatch sends all but the last message without waiting; the server
// answers the last, which commits.
func (s *Store) publishBatch(ctx context.Context, ms []*nats.Msg) (uint64, error) {
	id := s.nextBatch()
	for i, m := range ms {
		m.Header.Set(hdrBatchID, id)
		m.Header.Set(hdrBatchSeq, strconv.Itoa(i+1))
		if i == len(ms)-1 {
			break
		}
		if err := s.nc.PublishMsg(m); err != nil {
			return 0, fmt.Errorf("message %d of the batch: %w", i+1, err) // without its commit the server forgets it
		}
	}
	last := ms[len(ms)-1]
	last.Header.Set(hdrBatchCommit, "1")
	return s.request(ctx, last)
}

func (s *Store) request(ctx context.Context, m *nats.Msg) (uint64, error) {
	r, err := s.nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		return 0, unanswered(err)
	}
	return readAck(r.Data)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// message turns a Put into what is sent.
func message(p alert.Put) (*nats.Msg, error) {
	if err := checkSubject(p.Subject); err != nil {
		return nil, err
	}
	if len(p.Data) > alert.MaxEventBytes {
		return nil, fmt.Errorf("put %s: %d bytes, at most %d", p.Subject, len(p.Data), alert.MaxEventBytes)
	}
	m := &nats.Msg{Subject: p.Subject, Data: p.Data, Header: nats.Header{}}
	if p.ExpectSubject != nil {
		m.Header.Set(hdrLastSubject, strconv.FormatUint(*p.ExpectSubject, 10))
	}
	if p.Delete {
		m.Data = nil
		m.Header.Set(hdrDeleted, "1")
	}
	return m, nil
}
