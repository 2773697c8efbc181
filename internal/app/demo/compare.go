package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

// patience bounds the waits of a story.
const patience = 5 * time.Minute

// follow waits until a revision's last recipient is settled and, a little
// longer, for the receipts; it returns what became of everybody.
func (s *story) follow(rev int) ([]ChannelReport, error) {
	waiting, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	p, err := s.until(waiting, rev, func(p progress.Progress) bool { return p.Done })
	if err != nil {
		s.fail("revision %d: not everybody is settled: %v", rev, err)
	}
	receipts, cancel2 := context.WithTimeout(s.ctx, 15*time.Second)
	defer cancel2()
	if later, err := s.until(receipts, rev, func(p progress.Progress) bool {
		for _, c := range p.Channels {
			if c.Counts[alert.StateAccepted.String()] > 0 {
				return false
			}
		}
		return true
	}); err == nil {
		p = later
	} else {
		p, _ = s.Tracker.Of(s.notice, rev)
	}
	var out []ChannelReport
	for _, c := range p.Channels {
		r := ChannelReport{Channel: c.Channel, Route: c.Route, Imitation: c.Imitation, Audience: c.Planned, Settled: c.Settled, Repeats: c.Repeats, States: map[string]int{}}
		for state, n := range c.Counts {
			r.States[state] = n
		}
		r.FirstMS, r.LastMS = millis(c.First.Sub(p.Released)), millis(c.Last.Sub(p.Released))
		if c.Settled != c.Planned {
			s.fail("%s of revision %d: %d of %d settled", c.Channel, rev, c.Settled, c.Planned)
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *story) until(ctx context.Context, rev int, ok func(progress.Progress) bool) (progress.Progress, error) {
	for {
		version, seq := s.Tracker.Version(), s.Book.Seq()
		p, found := s.Tracker.Of(s.notice, rev)
		if found && ok(p) {
			return p, nil
		}
		// A tally may change it, or the plan that is yet to be made.
		either, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); s.Book.Wait(either, seq); cancel() }()
		s.Tracker.Wait(either, version)
		cancel()
		<-done
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
	}
}

// reached counts the people of a report who may hold the notice.
func (r ChannelReport) reached() (n int) {
	for s := alert.StateNone; s <= alert.LastState; s++ {
		if s.Reached() {
			n += r.States[s.String()]
		}
	}
	return n
}

// compareWithCarriers holds our figures against what the carriers counted:
// messages are what was sent so far, distinct addresses those reached, and
// nobody got the same text twice.
func (s *story) compareWithCarriers(revisions int) {
	sms, wx := s.Carriers.SMS.Counts(), s.Carriers.WeChat.Counts()
	got := map[string]CarrierReport{
		"sms":    {Messages: int(sms.Messages), Distinct: int(sms.Addresses), Doubled: int(sms.Doubled)},
		"wechat": {Messages: wx.Accepted, Distinct: wx.Distinct, Doubled: wx.Doubled},
	}
	for _, c := range s.report.Delivery {
		first, want := c.reached(), c.reached()
		if revisions > 1 {
			want += reachedIn(s.report.Retraction, c.Channel)
		}
		carrier := got[c.Channel]
		if carrier.Messages != want || carrier.Distinct != first {
			s.fail("%s after %d revisions: the carrier counts %d messages to %d addresses, we say %d to %d", c.Channel, revisions, carrier.Messages, carrier.Distinct, want, first)
		}
		if carrier.Doubled > c.Repeats {
			s.fail("%s: the carrier saw %d copies, we know of %d", c.Channel, carrier.Doubled, c.Repeats)
		}
	}
	s.report.Carriers = got
}

func reachedIn(rs []ChannelReport, channel string) int {
	for _, r := range rs {
		if r.Channel == channel {
			return r.reached()
		}
	}
	return 0
}

// compareRecipients reads the ledger and checks that the retraction went to
// exactly those who were sent the notice.
func (s *story) compareRecipients() error {
	sent := [3]map[string]bool{}
	for rev := 1; rev <= 2; rev++ {
		sent[rev] = map[string]bool{}
		latest := map[string]alert.OutcomeState{}
		_, err := s.Store.Scan(s.ctx, alert.StreamOutcomes, fmt.Sprintf("outcome.*.%s.%d.>", s.notice, rev), 0, func(r alert.Record) error {
			channel := strings.Split(r.Subject, ".")[1]
			return alert.DecodeOutcomes(r.Data, func(o alert.Outcome) {
				key := channel + " " + o.ID.String()
				if o.State != alert.StateClosed && o.State.Supersedes(latest[key]) {
					latest[key] = o.State
				}
			})
		})
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		for key, state := range latest {
			if state.Reached() {
				sent[rev][key] = true
			}
		}
	}
	missing, extra := 0, 0
	for key := range sent[1] {
		if !sent[2][key] {
			missing++
		}
	}
	for key := range sent[2] {
		if !sent[1][key] {
			extra++
		}
	}
	s.report.SentNotice, s.report.SentRetraction = len(sent[1]), len(sent[2])
	if missing > 0 || extra > 0 {
		s.fail("the retraction missed %d people and went to %d others", missing, extra)
	}
	return nil
}
