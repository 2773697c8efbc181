package alert

import (
	"fmt"
	"time"
)

// InboxReceived is something that came to the desk and waits for an officer:
// a signal to be relayed, or a department's application (依申请发布).
type InboxReceived struct {
	From     string    `json:"from"`               // cap, department
	Name     string    `json:"name"`               // who sent it, as people know it
	Sent     time.Time `json:"sent"`               // as it says itself
	Content  Content   `json:"content"`            // as it would be a draft
	Original string    `json:"original,omitempty"` // SHA-256 of the attachment received
	Warnings []string  `json:"warnings,omitempty"`
	Cancels  string    `json:"cancels,omitempty"` // the source identifier that it cancels or updates
}

// InboxSeen: an officer looked at it.
type InboxSeen struct{}

// InboxTold: an officer was told of an item that nobody has looked at yet.
type InboxTold struct {
	No      int       `json:"no"` // 1 for the first who was told
	Officer string    `json:"officer"`
	Means   []string  `json:"means"` // console, sms, wechat
	Next    time.Time `json:"next"`  // when the next one is told, if nobody looks
}

// InboxHandled says what was made of it.
type InboxHandled struct {
	Draft    string `json:"draft,omitempty"` // a draft was made
	Declined string `json:"declined,omitempty"`
}

func (InboxReceived) FactName() (string, string) { return "inbox", "received" }
func (InboxSeen) FactName() (string, string)     { return "inbox", "seen" }
func (InboxTold) FactName() (string, string)     { return "inbox", "told" }
func (InboxHandled) FactName() (string, string)  { return "inbox", "handled" }

// InboxItem is what came in, with what became of it.
type InboxItem struct {
	InboxReceived
	ID      string
	Mode    Mode
	At      Decision // when it was received
	Told    []InboxTold
	Seen    *Decision
	Handled *InboxHandled
	By      *Decision // who handled it
}

func (s *deskState) applyInbox(e *Event, f Fact, d Decision) error {
	it := s.Inbox[e.ID]
	if r, ok := f.(InboxReceived); ok {
		if it != nil {
			return fmt.Errorf("it was received already")
		}
		s.Inbox[e.ID] = &InboxItem{InboxReceived: r, ID: e.ID, Mode: e.Mode, At: d}
		s.InboxIDs = append(s.InboxIDs, e.ID)
		return nil
	}
	if it == nil {
		return fmt.Errorf("it was never received")
	}
	switch f := f.(type) {
	case InboxSeen:
		if it.Seen == nil {
			it.Seen = &d
		}
	case InboxTold:
		it.Told = append(it.Told, f)
	case InboxHandled:
		if it.Seen == nil {
			it.Seen = &d
		}
		it.Handled, it.By = &f, &d
	}
	return nil
}
