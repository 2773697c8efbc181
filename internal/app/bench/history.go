package bench

import (
	"context"
	"fmt"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// life is the whole life of one past notice: submitted, reviewed, approved,
// released, planned, lifted, planned again. It went to the web alone, or to
// these channels' plans of one slice each.
type life struct {
	at       time.Time // of the submission
	channels []string
}

const lifeEvents = 7

func (l life) events(i int) ([]alert.Event, error) {
	id := fmt.Sprintf("20260101-%06d", i)
	c := notice(l.channels...)
	c.Effective, c.Expires = l.at, l.at.Add(6*time.Hour)
	lift := c
	lift.Urgency, lift.Headline, lift.Instruction = "Past", "解除："+c.Headline, "可以恢复正常。"
	hash := c.Hash(id, 1, alert.Issue, alert.Drill)
	counts := map[string]int{}
	for _, ch := range l.channels {
		counts[ch] = 1000
	}
	var out []alert.Event
	for n, f := range []struct {
		id   string
		fact alert.Fact
	}{
		{id, alert.Submitted{Rev: 1, Verb: alert.Issue, Content: c, Touched: []string{"chen"}}},
		{id, alert.Reviewed{Rev: 1, Hash: hash}},
		{id, alert.Approved{Rev: 1, Hash: hash, Audience: counts}},
		{id, alert.Released{Rev: 1, Hash: hash}},
		{alert.PlanID(id, 1), l.plan(id, 1, alert.Issue, &c)},
		{id, alert.Followed{Rev: 2, Verb: alert.Lift, Content: lift, Reason: "险情排除"}},
		{alert.PlanID(id, 2), l.plan(id, 2, alert.Lift, &c)},
	} {
		e, err := alert.NewEvent(l.at.Add(time.Duration(n)*time.Minute), "chen", alert.Drill, f.id, f.fact)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (l life) plan(id string, rev int, verb alert.Verb, c *alert.Content) alert.Plan {
	p := alert.Plan{Notice: id, Rev: rev, Verb: verb, Mode: alert.Drill, Query: c.Query(), Follow: verb.Follows(), Until: c.Expires}
	for _, ch := range l.channels {
		p.Channels = append(p.Channels, alert.ChannelPlan{Channel: ch, Count: 1000, Slices: []alert.Slice{{Hi: alert.Buckets - 1, Count: 1000}}})
	}
	return p
}

// history appends the lives of past notices to a journal that no service has
// open. They were lifted days ago.
func (h *house) history(ctx context.Context, notices int) error {
	if notices == 0 {
		return nil
	}
	return h.open(ctx, func(store *journal.Store) error {
		book, err := store.OpenBook(ctx)
		if err != nil {
			return err
		}
		defer book.Close()
		return write(ctx, book, notices, life{at: time.Now().UTC().AddDate(0, 0, -10).Truncate(time.Second)})
	})
}

// write appends lives, as many at once as one batch takes.
func write(ctx context.Context, book *journal.Book, notices int, l life) error {
	const atOnce = 100 // lives; a batch takes 1,000 events
	for from := 0; from < notices; from += atOnce {
		var events []alert.Event
		for i := from; i < min(from+atOnce, notices); i++ {
			one, err := l.events(i)
			if err != nil {
				return err
			}
			events = append(events, one...)
		}
		if _, err := book.Do(ctx, func(*alert.State) ([]alert.Event, error) { return events, nil }); err != nil {
			return err
		}
	}
	return nil
}
