package progress

import (
	"cmp"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Account is how a release went, per channel.
type Account struct {
	Channels map[string]ChannelAccount `json:"channels"`
}

// ChannelAccount is one channel's part.
type ChannelAccount struct {
	Curve     Curve            `json:"curve"`
	Districts map[string]Curve `json:"districts"` // by code; "" for people of the whole city or unknown
	Reasons   []Reason         `json:"reasons"`   // the most frequent first
	People    []Refusal        `json:"people"`    // the first so many of those who were refused
	More      int              `json:"more"`      // further ones, only counted
}

// Curve counts people by time: the i-th number is how many had an answer by
// i+1 steps after the release.
type Curve struct {
	Step      time.Duration `json:"-"`
	Seconds   int           `json:"step_seconds"`
	Answered  []int         `json:"answered"`
	Delivered []int         `json:"delivered"`
}

// Reason is why people were not reached.
type Reason struct {
	State  string `json:"state"`
	Code   string `json:"code,omitempty"` // the carrier's own word
	People int    `json:"people"`
}

// Refusal is one person who was not reached: where and as whom, never who.
type Refusal struct {
	At     time.Time `json:"at"`
	State  string    `json:"state"`
	Code   string    `json:"code,omitempty"`
	Area   string    `json:"area,omitempty"`
	Groups []string  `json:"groups,omitempty"`
}

const (
	maxSteps   = 160  // of a curve; a step doubles when there would be more
	maxRefused = 2000 // people of a channel that are remembered one by one
	maxShown   = 300  // and shown
	maxReasons = 64   // the rest counts as one
)

// tale is what was read of one release.
type tale struct {
	released time.Time
	seq      uint64
	looked   time.Time
	read     time.Time
	asked    bool
	ready    chan struct{} // closed after the first reading
	channels map[string]*channelTale
}

func newTale(released time.Time) *tale {
	return &tale{released: released, ready: make(chan struct{}), channels: map[string]*channelTale{}}
}

func (t *tale) opened() {
	select {
	case <-t.ready:
	default:
		close(t.ready)
	}
}

type channelTale struct {
	whole     series
	districts map[string]*series
	people    map[alert.RecipientID]*Refusal
	reasons   map[Reason]int // of those who are not remembered one by one
	more      int
}

// add takes one outcome. Who was refused and is reached after all is forgotten.
func (t *tale) add(channel string, o *alert.Outcome, where Place) {
	if o.State == alert.StateClosed {
		return
	}
	c := t.channels[channel]
	if c == nil {
		c = &channelTale{districts: map[string]*series{}, people: map[alert.RecipientID]*Refusal{}, reasons: map[Reason]int{}}
		t.channels[channel] = c
	}
	d := c.districts[where.District]
	if d == nil {
		d = &series{}
		c.districts[where.District] = d
	}
	after := max(0, o.At.Sub(t.released))
	c.whole.add(after, o)
	d.add(after, o)
	switch o.State {
	case alert.StateRefused, alert.StateUndelivered, alert.StateDeferred, alert.StateUnsure, alert.StateExpired, alert.StateStopped:
		c.refused(o, where)
	default:
		delete(c.people, o.ID)
	}
}

func (c *channelTale) refused(o *alert.Outcome, where Place) {
	r := Refusal{At: o.At, State: o.State.String(), Code: o.Code, Area: where.Area, Groups: where.Groups}
	if old := c.people[o.ID]; old != nil {
		*old = r
		return
	}
	if len(c.people) < maxRefused {
		c.people[o.ID] = &r
		return
	}
	c.more++
	k := Reason{State: r.State, Code: r.Code}
	if _, there := c.reasons[k]; !there && len(c.reasons) >= maxReasons {
		k.Code = ""
	}
	c.reasons[k]++
}

// series counts by steps after the release.
type series struct {
	step                time.Duration
	answered, delivered []int
}

func (s *series) add(after time.Duration, o *alert.Outcome) {
	if s.step == 0 {
		s.step = time.Second
	}
	for after/s.step >= maxSteps {
		s.answered, s.delivered = halve(s.answered), halve(s.delivered)
		s.step *= 2
	}
	i := int(after / s.step)
	switch o.State {
	case alert.StateDelivered:
		s.delivered = bump(s.delivered, i)
	case alert.StateUnsure:
		if o.Final {
			s.answered = bump(s.answered, i)
		}
	case alert.StateDeferred, alert.StateUndelivered:
	default:
		s.answered = bump(s.answered, i)
	}
}

func bump(xs []int, i int) []int {
	for len(xs) <= i {
		xs = append(xs, 0)
	}
	xs[i]++
	return xs
}

func halve(xs []int) []int {
	out := make([]int, (len(xs)+1)/2)
	for i, n := range xs {
		out[i/2] += n
	}
	return out
}

// curve sums up.
func (s *series) curve() Curve {
	c := Curve{Step: s.step, Seconds: int(s.step / time.Second)}
	sum := func(xs []int) (out []int) {
		n := 0
		for _, x := range xs {
			n += x
			out = append(out, n)
		}
		return out
	}
	c.Answered, c.Delivered = sum(s.answered), sum(s.delivered)
	return c
}

func (t *tale) account() Account {
	a := Account{Channels: map[string]ChannelAccount{}}
	for name, c := range t.channels {
		out := ChannelAccount{Curve: c.whole.curve(), Districts: map[string]Curve{}, More: c.more}
		for d, s := range c.districts {
			out.Districts[d] = s.curve()
		}
		reasons := map[Reason]int{}
		for r, n := range c.reasons {
			reasons[r] = n
		}
		for _, p := range c.people {
			reasons[Reason{State: p.State, Code: p.Code}]++
			out.People = append(out.People, *p)
		}
		for r, n := range reasons {
			r.People = n
			out.Reasons = append(out.Reasons, r)
		}
		slices.SortFunc(out.Reasons, func(x, y Reason) int {
			return cmp.Or(cmp.Compare(y.People, x.People), cmp.Compare(x.State+x.Code, y.State+y.Code))
		})
		slices.SortFunc(out.People, func(x, y Refusal) int { return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.Area, y.Area)) })
		if len(out.People) > maxShown {
			out.More += len(out.People) - maxShown
			out.People = out.People[:maxShown]
		}
		a.Channels[name] = out
	}
	return a
}
