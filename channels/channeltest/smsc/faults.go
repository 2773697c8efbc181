package smsc

import (
	"sync"
	"time"

	"mingluo/channels/sms/smpp"
)

// Faults are ways to behave badly. The zero value behaves well. Numbers are in
// the international form, "+8613800000000".
type Faults struct {
	AnswerDelay time.Duration          // before each answer to a submission
	Gate        func(answer func())    // is given every answer to a submission, to let it go when it may; nil lets go at once
	PerSecond   int                    // above so many submissions: 0x58 Throttled; 0: no limit
	Slot        time.Duration          // PerSecond is counted in windows of this length; 1 s
	Status      smpp.Status            // answers every submission so
	Refuse      map[string]smpp.Status // answers submissions to these numbers so
	CutEvery    int                    // takes each so-many-th submission and cuts the link instead of answering
	CutAt       map[string]bool        // the same for these numbers
	Silent      bool                   // takes submissions and never answers
	SilentAt    map[string]bool        // the same for these numbers
	SilentEvery int                    // the same for each so-many-th
	Deaf        bool                   // answers nothing at all, heartbeats included
	Bind        smpp.Status            // answers every bind so, whatever the password

	NoReceipts       bool
	ReceiptsTwice    bool // every receipt comes twice
	ReceiptsEarly    bool // before the answer to the submission
	ReceiptsShuffled bool // out of order, within half a second
}

// SetFaults makes the centre behave so from now on. Links that are open stay
// open; see [Server.Cut].
func (s *Server) SetFaults(f Faults) {
	if f.Slot <= 0 {
		f.Slot = time.Second
	}
	s.faults.Store(&f)
}

// verdict is what happens to one submission.
type verdict struct {
	status smpp.Status
	silent bool
	cut    bool
}

// judge decides about the nth submission, to this number.
func (s *Server) judge(f *Faults, n int64, phone string, now time.Time) verdict {
	var v verdict
	switch {
	case f.Status != 0:
		v.status = f.Status
	case f.Refuse[phone] != 0:
		v.status = f.Refuse[phone]
	case f.PerSecond > 0 && !s.throttle.allow(now, f.PerSecond, f.Slot):
		v.status = smpp.StatusThrottled
	}
	if v.status == 0 {
		v.cut = f.CutAt[phone] || f.CutEvery > 0 && n%int64(f.CutEvery) == 0
		v.silent = f.Silent || f.SilentAt[phone] || f.SilentEvery > 0 && n%int64(f.SilentEvery) == 0
	}
	return v
}

// throttle counts in fixed windows, as carriers do.
type throttle struct {
	mu    sync.Mutex
	began time.Time
	used  int
}

func (t *throttle) allow(now time.Time, perSecond int, slot time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.began) >= slot {
		t.began, t.used = now.Truncate(slot), 0
	}
	if t.used >= max(1, int(float64(perSecond)*slot.Seconds())) {
		return false
	}
	t.used++
	return true
}
