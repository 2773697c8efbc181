package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
)

// Error codes of JetStream's API that mean something to us, from the server's
// errors.json.
const (
	codeWrongLast      = 10071 // an expected sequence did not hold
	codeWrongLastConst = 10164 // the same, on replicated streams and within batches
	codeStoreFailed    = 10077 // the store refused; the description says why
	codeInsufficient   = 10023
	codeNoStorage      = 10047
	codeAccountFull    = 10002
	codeIncomplete     = 10176 // an atomic batch was forgotten
	codeManyBatches    = 10210 // too many batches in flight
)

// refusal is what the server said about a write that it did not take.
type refusal struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%s (%d)", r.Description, r.ErrCode) }

// Unwrap gives the refusal its meaning, so that errors.Is finds it.
func (r *refusal) Unwrap() error {
	switch r.ErrCode {
	case codeWrongLast, codeWrongLastConst:
		return alert.ErrStale
	case codeInsufficient, codeNoStorage, codeAccountFull:
		return alert.ErrFull
	case codeStoreFailed:
		return storeRefusal(r.Description)
	}
	return nil
}

// storeRefusal tells a taken subject from a full stream or disk.
func storeRefusal(text string) error {
	switch {
	case strings.Contains(text, "per subject exceeded"):
		return alert.ErrTaken
	case strings.Contains(text, "exceeded"), strings.Contains(text, "no space left"):
		return alert.ErrFull
	}
	return nil
}

// forgotten reports whether a batch was dropped for reasons that have nothing to
// do with its content. Nothing of it is stored, so it can be sent again.
func forgotten(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && (r.ErrCode == codeIncomplete || r.ErrCode == codeManyBatches)
}

// readAck reads the server's answer to a write.
func readAck(data []byte) (seq uint64, err error) {
	var a struct {
		Error *refusal `json:"error"`
		Seq   uint64   `json:"seq"`
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return 0, fmt.Errorf("%w: its answer cannot be read: %v", alert.ErrUnknown, err)
	}
	if a.Error != nil {
		return 0, a.Error
	}
	if a.Seq == 0 {
		return 0, fmt.Errorf("%w: its answer names no sequence", alert.ErrUnknown)
	}
	return a.Seq, nil
}

// unanswered sorts what went wrong on the way: where the message surely never
// left, the error says only that; everything else may have been written.
func unanswered(err error) error {
	for _, sure := range []error{nats.ErrNoResponders, nats.ErrReconnectBufExceeded, nats.ErrMaxPayload, nats.ErrBadSubject} {
		if errors.Is(err, sure) {
			return fmt.Errorf("the record cannot be reached: %w", err)
		}
	}
	return fmt.Errorf("%w: %w", alert.ErrUnknown, err)
}
