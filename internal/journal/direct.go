package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
)

// getRequest is the server's JSApiMsgGetRequest: which stored messages to send,
// without a consumer.
type getRequest struct {
	Seq      uint64     `json:"seq,omitempty"`
	Time     *time.Time `json:"start_time,omitempty"` // instead of Seq
	LastFor  string     `json:"last_by_subj,omitempty"`
	NextFor  string     `json:"next_by_subj,omitempty"`
	Multi    []string   `json:"multi_last,omitempty"`
	Batch    int        `json:"batch,omitempty"`
	MaxBytes int        `json:"max_bytes,omitempty"`
}

const (
	// readBatch and readBytes bound one answer of many messages.
	readBatch = 1000
	readBytes = 4 << 20
	// readWait is how long the next message of an answer is waited for.
	readWait = 10 * time.Second
)

// errNone: the server has nothing (more) of what was asked.
var errNone = errors.New("nothing there")

// errUnread is how the server says the same of a message; of one that it knows of and
// cannot read, too. Only a question for the newest of several subjects tells the two
// apart: there "nothing" has other words.
var errUnread = fmt.Errorf("%w that can be read", errNone)

// directOne asks for one message.
func (s *Store) directOne(ctx context.Context, stream string, q getRequest) (alert.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readWait)
	defer cancel()
	body, err := json.Marshal(q)
	if err != nil {
		return alert.Record{}, err
	}
	m, err := s.nc.RequestWithContext(ctx, "$JS.API.DIRECT.GET."+stream, body)
	if err != nil {
		return alert.Record{}, err
	}
	return record(m)
}

// directMany asks for several and calls fn for each, in order. It returns the
// number of messages that are still there beyond the answer.
func (s *Store) directMany(ctx context.Context, stream string, q getRequest, fn func(alert.Record) error) (pending uint64, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return 0, err
	}
	inbox := s.nc.NewInbox()
	sub, err := s.nc.SubscribeSync(inbox)
	if err != nil {
		return 0, err
	}
	defer sub.Unsubscribe() // a late answer to an abandoned question goes nowhere
	if err := s.nc.PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, body); err != nil {
		return 0, err
	}
	for {
		m, err := nextMsg(ctx, sub)
		if err != nil {
			return 0, err
		}
		if m.Header.Get("Status") == "204" { // end of the answer
			return parseUint(m.Header.Get("Nats-Num-Pending"))
		}
		r, err := record(m)
		if err != nil {
			return 0, err
		}
		if err := fn(r); err != nil {
			return 0, err
		}
	}
}

// nextMsg waits for one message of an answer. A context is only made when nothing
// is there yet: most of an answer is.
func nextMsg(ctx context.Context, sub *nats.Subscription) (*nats.Msg, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n, _, err := sub.Pending(); err == nil && n > 0 {
		return sub.NextMsg(readWait)
	}
	ctx, cancel := context.WithTimeout(ctx, readWait)
	defer cancel()
	return sub.NextMsgWithContext(ctx)
}

// record reads a direct answer.
func record(m *nats.Msg) (alert.Record, error) {
	if m.Header == nil {
		return alert.Record{}, errors.New("answer without a header")
	}
	if status := m.Header.Get("Status"); status != "" {
		switch {
		case status == "404" && m.Header.Get("Description") == "Message Not Found":
			return alert.Record{}, errUnread
		case status == "404":
			return alert.Record{}, errNone
		}
		return alert.Record{}, fmt.Errorf("read refused: %s %s", status, m.Header.Get("Description"))
	}
	seq, err := parseUint(headerLast(m.Header, "Nats-Sequence"))
	if err != nil {
		return alert.Record{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, headerLast(m.Header, "Nats-Time-Stamp"))
	if err != nil {
		return alert.Record{}, fmt.Errorf("answer's time: %w", err)
	}
	return alert.Record{
		Subject: headerLast(m.Header, "Nats-Subject"),
		Seq:     seq,
		At:      at,
		Data:    m.Data,
		Deleted: m.Header.Get(hdrDeleted) != "",
	}, nil
}

// headerLast takes the server's own value, which it appends behind whatever a
// writer stored under the same name.
func headerLast(h nats.Header, key string) string {
	v := h[key]
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}

func parseUint(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("answer's number: %w", err)
	}
	return n, nil
}

// leaderGet asks the stream's leader for a message, by a subject that
// may have wildcards. On replicated streams direct reads may be answered by a
// replica that is a moment behind; this one is not.
func (s *Store) leaderGet(ctx context.Context, stream string, q getRequest) (alert.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readWait)
	defer cancel()
	body, err := json.Marshal(q)
	if err != nil {
		return alert.Record{}, err
	}
	m, err := s.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, body)
	if err != nil {
		return alert.Record{}, err
	}
	var a struct {
		Error   *refusal `json:"error"`
		Message struct {
			Subject string    `json:"subject"`
			Seq     uint64    `json:"seq"`
			Hdrs    []byte    `json:"hdrs"`
			Data    []byte    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return alert.Record{}, fmt.Errorf("answer cannot be read: %w", err)
	}
	if a.Error != nil {
		if a.Error.Code == 404 {
			return alert.Record{}, errNone
		}
		return alert.Record{}, a.Error
	}
	r := alert.Record{Subject: a.Message.Subject, Seq: a.Message.Seq, At: a.Message.Time, Data: a.Message.Data}
	if len(a.Message.Hdrs) > 0 {
		h, err := nats.DecodeHeadersMsg(a.Message.Hdrs)
		if err != nil {
			return alert.Record{}, fmt.Errorf("answer's headers: %w", err)
		}
		r.Deleted = h.Get(hdrDeleted) != ""
	}
	return r, nil
}

// getOne reads one message from whoever surely knows: directly when there is one
// replica, from the leader when there are more.
func (s *Store) getOne(ctx context.Context, stream string, q getRequest) (alert.Record, error) {
	if s.conf.Replicas > 1 {
		return s.leaderGet(ctx, stream, q)
	}
	return s.directOne(ctx, stream, q)
}
