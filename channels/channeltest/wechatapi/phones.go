package wechatapi

import (
	"fmt"
	"slices"
	"time"
)

// Value is one line of a template message as the phone shows it.
type Value struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// Message is one template message on a follower's phone.
type Message struct {
	At         time.Time `json:"at"`
	MsgID      int64     `json:"msg_id"`
	TemplateID string    `json:"template_id"`
	Title      string    `json:"title"`
	Fields     []Value   `json:"fields"` // in the template's order
	URL        string    `json:"url"`    // opened by a tap

	ClientMsgID string `json:"client_msg_id,omitempty"` // so that a restart does not forget what it de-duplicates
}

// phone is one person.
type phone struct {
	following bool
	reached   bool // accepted at least one message since the counts began
	messages  []Message
	hashes    [][16]byte // of the newest messages, to notice a second copy
}

const keepHashes = 64

// put adds a message and reports whether the same content was there already.
func (p *phone) put(m Message, h [16]byte, keep int) (double bool) {
	double = slices.Contains(p.hashes, h)
	p.hashes = append(p.hashes, h)
	if len(p.hashes) > keepHashes {
		p.hashes = slices.Delete(p.hashes, 0, 1)
	}
	p.messages = append(p.messages, m)
	if over := len(p.messages) - keep; over > 0 {
		p.messages = slices.Delete(p.messages, 0, over)
	}
	p.reached = true
	return double
}

// Follow makes people followers of the account. It returns an error when the
// account has as many as this server keeps.
func (s *Server) Follow(openids ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range openids {
		p := s.phones[id]
		if p == nil {
			if len(s.phones) >= s.cfg.MaxFollowers {
				return fmt.Errorf("imitation of WeChat: more than %d followers", s.cfg.MaxFollowers)
			}
			p = new(phone)
			s.phones[id] = p
		}
		p.following = true
	}
	return nil
}

// Unfollow makes the person one who has left: sends are answered with 43004.
func (s *Server) Unfollow(openid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.phones[openid]; p != nil {
		p.following = false
	}
}

// Messages returns the newest messages on one phone, oldest first.
func (s *Server) Messages(openid string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.phones[openid]; p != nil {
		return slices.Clone(p.messages)
	}
	return nil
}

// Counts is what the carrier itself saw.
type Counts struct {
	Requests      int `json:"requests"` // HTTP requests of every kind
	TokenRequests int `json:"token_requests"`
	Accepted      int `json:"accepted"`     // template messages put on phones
	Distinct      int `json:"distinct"`     // people who have at least one of them
	Doubled       int `json:"doubled"`      // accepted although that phone had the same content
	Deduplicated  int `json:"deduplicated"` // held back by client_msg_id (45065)
	Refused       int `json:"refused"`      // answered with another errcode than 0, those with 45065 included
	Callbacks     int `json:"callbacks"`    // taken by the service
	CallbacksLost int `json:"callbacks_lost"`
}

// Counts returns what was counted since the server was made or restored.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.countsLocked()
}

func (s *Server) countsLocked() Counts {
	c := s.counts
	for _, p := range s.phones {
		if p.reached {
			c.Distinct++
		}
	}
	return c
}

// Count returns how many kept messages match, and how many people hold at
// least one of them. It sees the newest [Config.KeepMessages] of each person.
func (s *Server) Count(match func(openid string, m Message) bool) (messages, people int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range s.phones {
		n := 0
		for _, m := range p.messages {
			if match(id, m) {
				n++
			}
		}
		messages += n
		if n > 0 {
			people++
		}
	}
	return messages, people
}

// State is everything that a restart should not lose, ready for JSON.
type State struct {
	Phones    []PhoneState `json:"phones"`
	Counts    Counts       `json:"counts"`
	LastMsgID int64        `json:"last_msg_id"`
}

// PhoneState is one person in a [State].
type PhoneState struct {
	OpenID    string    `json:"openid"`
	Following bool      `json:"following"`
	Reached   bool      `json:"reached"`
	Messages  []Message `json:"messages,omitempty"`
}

// Snapshot returns the state; people are in the order of their openids.
func (s *Server) Snapshot() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := State{Counts: s.countsLocked(), LastMsgID: s.lastMsgID}
	for id, p := range s.phones {
		st.Phones = append(st.Phones, PhoneState{OpenID: id, Following: p.following, Reached: p.reached, Messages: slices.Clone(p.messages)})
	}
	slices.SortFunc(st.Phones, func(a, b PhoneState) int {
		if a.OpenID < b.OpenID {
			return -1
		}
		return 1
	})
	return st
}

// Restore replaces the state. Tokens are not in it; of the client_msg_ids it
// has those of the messages kept.
func (s *Server) Restore(st State) error {
	if len(st.Phones) > s.cfg.MaxFollowers {
		return fmt.Errorf("imitation of WeChat: %d followers to restore, at most %d", len(st.Phones), s.cfg.MaxFollowers)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.phones = make(map[string]*phone, len(st.Phones))
	for _, ps := range st.Phones {
		p := &phone{following: ps.Following, reached: ps.Reached}
		for _, m := range ps.Messages {
			p.put(m, contentHash(m), s.cfg.KeepMessages)
			if now.Sub(m.At) < dedupeWindow {
				s.seen.put(ps.OpenID, m.ClientMsgID, m.MsgID, now)
			}
		}
		p.reached = ps.Reached
		s.phones[ps.OpenID] = p
	}
	s.counts = st.Counts
	s.counts.Distinct = 0 // counted from the phones
	s.lastMsgID = max(s.lastMsgID, st.LastMsgID)
	return nil
}
