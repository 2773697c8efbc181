package progress

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// Silent returns since when each channel is silent that should be moving (R16):
// people wait, nothing holds them up, and nothing was heard for at least after.
// An empty name stands for a plan that is not there.
func (p *Progress) Silent(now time.Time, after time.Duration) map[string]time.Time {
	out := map[string]time.Time{}
	if p.Paused || p.Stopped || p.Done || p.Held != "" {
		return out
	}
	note := func(name string, heard time.Time) {
		if now.Sub(heard) >= after {
			out[name] = heard
		}
	}
	if !p.Planned {
		note("", p.Released)
	}
	for _, c := range p.Channels {
		if c.Settled >= c.Planned && c.Closed == c.Slices {
			continue
		}
		heard := c.Last
		for _, at := range []time.Time{p.Released, c.NextTry} { // who waits for another try is no silence until then
			if at.After(heard) {
				heard = at
			}
		}
		note(c.Channel, heard)
	}
	return out
}

// Silence raises an alarm when a channel falls silent (R16), and tells who
// follows the tracker, because silence itself changes nothing that they follow.
type Silence struct {
	Tracker *Tracker
	Book    Book
	After   time.Duration // how long is too long
	Log     *slog.Logger

	gauge *prometheus.GaugeVec
	now   map[silent]bool
}

type silent struct {
	notice  string
	rev     int
	channel string
}

// Register puts the gauge on a registry: channels names every channel there is.
func (s *Silence) Register(reg prometheus.Registerer, channels []string) error {
	s.gauge = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "mingluo_silent_releases", Help: "Releases of which a channel says nothing though people wait (R16); plan: they were not planned."}, []string{"channel"})
	for _, c := range append(channels, "plan") {
		s.gauge.WithLabelValues(c)
	}
	if err := reg.Register(s.gauge); err != nil {
		return fmt.Errorf("register the gauge of silence: %w", err)
	}
	return nil
}

// Run looks every second until ctx ends.
func (s *Silence) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			s.Round(now)
		}
	}
}

// Round looks once at everything that is in force.
func (s *Silence) Round(now time.Time) {
	found := map[silent]bool{}
	for _, r := range s.running(now) {
		p, ok := s.Tracker.Of(r.Notice, r.Rev)
		if !ok {
			continue
		}
		for _, c := range slices.Sorted(maps.Keys(p.Silent(now, s.After))) {
			found[silent{r.Notice, r.Rev, c}] = true
		}
	}
	if maps.Equal(found, s.now) {
		return
	}
	counts := map[string]int{}
	for k := range found {
		counts[word(k.channel)]++
		if !s.now[k] {
			s.Log.Error("alarm: a channel is silent", "channel", word(k.channel), "notice", k.notice, "rev", k.rev)
		}
	}
	for k := range s.now {
		if !found[k] {
			s.Log.Info("alarm over: the channel is heard again", "channel", word(k.channel), "notice", k.notice, "rev", k.rev)
			s.gauge.WithLabelValues(word(k.channel)).Set(0)
		}
	}
	for c, n := range counts {
		s.gauge.WithLabelValues(c).Set(float64(n))
	}
	s.now = found
	s.Tracker.Touch()
}

func word(channel string) string {
	if channel == "" {
		return "plan"
	}
	return channel
}

// running are the newest releases of what is not over and may still be sent.
func (s *Silence) running(now time.Time) (out []alert.Release) {
	s.Book.Read(func(st *alert.State) {
		for _, id := range st.Live() {
			if cur := st.Notices[id].Current(); cur != nil && now.Before(cur.Content.Expires) {
				out = append(out, alert.Release{Notice: id, Rev: cur.No})
			}
		}
		// A retraction is over for the public and not for those who wait for it.
		all := st.Releases()
		for _, r := range all[max(0, len(all)-lately):] {
			n := st.Notices[r.Notice]
			if cur := n.Current(); cur.No == r.Rev && cur.Verb.Ends() && now.Before(cur.Content.Expires) {
				out = append(out, r)
			}
		}
	})
	return out
}

// lately is how many releases are looked at for lifts and retractions on the way.
const lately = 32

// Touch tells everybody who waits that something changed beside the tallies.
func (t *Tracker) Touch() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version++
	close(t.changed)
	t.changed = make(chan struct{})
}
