package channels

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// Message is what is to be said: one released revision of a notice. The same
// value goes to Render for the preview and to Deliver, so that the preview is
// what is sent.
type Message struct {
	Notice  string
	Rev     int
	Verb    alert.Verb
	Mode    alert.Mode
	Content alert.Content
	Issued  time.Time // release instant; zero in a preview
	Code    string    // verification code, printed in the text
	URL     string    // the notice's permanent page
}

// Rendering is a message as one channel will send it.
type Rendering struct {
	Text   string            // exactly as sent; for WeChat the fields in order, one a line
	Parts  int               // messages that are billed for one recipient
	Fields map[string]string // structured channels: field name to value
	// Left names what this text has no room or no place for, by alert.Content's
	// JSON names (description, instruction, area_desc, suspend): it stands on the
	// notice's page only.
	Left []string
}

// Recipient is one person on one channel, settled by nobody yet.
type Recipient struct {
	ID      alert.RecipientID
	Address string // E.164 number, or openid
	Lang    string // "zh" or "en"
	Attempt uint8  // 1 for the first send
	Repeat  bool   // a send before may have arrived
}

// Batch is a slice's open recipients and what to tell them.
type Batch struct {
	Task       alert.Task
	Message    Message
	Recipients []Recipient
	// Permit must be called before each recipient is handed to the carrier, and
	// waits for the pacer. An error means that nothing more may be sent: stop,
	// wait for the answers in flight, report them and return the error.
	Permit func(ctx context.Context) error
}

// Channel hands messages to one carrier.
//
// Deliver calls report(i, outcome) once for every recipient that was handed
// over, as its answer comes, from any goroutine, and returns when no answer is
// outstanding. It sets State, Code, MessageID and, for a deferred one,
// NotBefore, and Repeat when the carrier says that it had the message already;
// the engine fills in the rest. A failure that speaks of one person
// is an outcome. One that speaks of the batch is an error, best a *[Retry] that
// carries when. One that speaks of the channel is a *[Halted]. Recipients that
// were not reported are tried again.
//
// A message that was handed over and not answered in time, or whose connection
// broke before the answer, is reported as unsure, never as refused.
type Channel interface {
	// Name is a word of lower-case letters: it stands in subjects and labels.
	Name() string
	// Render returns exactly what Deliver will send to a reader of lang, or an
	// *alert.Problem: too long, a character that cannot be sent.
	Render(m Message, lang string) (Rendering, error)
	Deliver(ctx context.Context, b Batch, report func(i int, o alert.Outcome)) error
	// Health is asked by pages and before each slice; it must not block.
	Health() Health
}

// Health is a channel's present state.
type Health struct {
	Route     string  // the route's name, as shown to officers
	Imitation bool    // the carrier is an imitation: figures carry 仿真通道
	Ready     bool    // takes slices now
	Reason    string  // why not, in the carrier's or the operator's words
	Rate      float64 // recipients a second that the route takes, 0 when unknown
	// PartRate is the same in messages: a recipient takes Rendering.Parts of them.
	PartRate float64
	// Fixed: the carrier sends approved templates only. Their fields are filled;
	// free words do not go this way.
	Fixed bool
	// Quota is how many messages a day the carrier lets the account send, 0 when
	// the channel does not know.
	Quota int
}

// Receiver is what a channel also is when its carrier calls back: receipts,
// replies, joins and leaves. Run ends when ctx does.
type Receiver interface {
	Run(ctx context.Context, in Inbox) error
}

// Inbox takes what carriers bring. A nil error means that it is on disk and
// the carrier may be told so.
type Inbox interface {
	Receipt(ctx context.Context, r Receipt) error
	Reply(ctx context.Context, r Reply) error
}

// Receipt says what became of a message after it was accepted.
type Receipt struct {
	Channel   string
	MessageID string // as in Outcome.MessageID
	State     alert.OutcomeState
	Code      string // the carrier's word
	At        time.Time
}

// Reply is a text that came from a person.
type Reply struct {
	Channel string
	Address string
	Text    string
	At      time.Time
}

// ErrStopped is Permit's answer when the slice must not go on: paused,
// retracted, ended, or the task's lease was lost.
var ErrStopped = errors.New("the slice was stopped")

// Retry says that the batch failed for now and when to come back.
type Retry struct {
	After time.Duration
	Err   error
}

func (r *Retry) Error() string { return fmt.Sprintf("again in %s: %v", r.After, r.Err) }
func (r *Retry) Unwrap() error { return r.Err }

// Halted says that the channel as a whole does not work until somebody acts.
type Halted struct {
	Reason string // in the carrier's words
	Err    error
}

func (h *Halted) Error() string { return "channel halted: " + h.Reason }
func (h *Halted) Unwrap() error { return h.Err }
