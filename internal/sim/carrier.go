package sim

import (
	"time"

	"mingluo/internal/alert"
)

// carrier hands over, and remembers what it handed over: it is the public's side
// of the truth.
type carrier struct {
	w    *world
	sent map[string]map[alert.RecipientID]int  // by plan
	hold map[string]map[alert.RecipientID]bool // who may have it by what the carrier answered
}

func newCarrier(w *world) *carrier {
	return &carrier{w: w, sent: map[string]map[alert.RecipientID]int{}, hold: map[string]map[alert.RecipientID]bool{}}
}

// send hands one message over and returns what the carrier says.
func (c *carrier) send(h *handle, took time.Time, task alert.Task, id alert.RecipientID) (state alert.OutcomeState, after time.Duration) {
	w := c.w
	plan := alert.PlanID(task.Notice, task.Rev)
	w.say("sent %s %s to %s", task.Channel, plan, id)
	w.truth.maySend(h, took, task, id)
	if c.sent[plan] == nil {
		c.sent[plan], c.hold[plan] = map[alert.RecipientID]int{}, map[alert.RecipientID]bool{}
	}
	c.sent[plan][id]++
	w.out.Sends++
	if c.sent[plan][id] > 1 {
		w.out.Copies++
	}
	x, f := w.rnd.Float64(), &w.faults
	switch {
	case x < f.refuse:
		return alert.StateRefused, 0
	case x < f.refuse+f.put:
		return alert.StateDeferred, time.Duration(1+w.rnd.IntN(60)) * time.Second
	}
	c.hold[plan][id] = true
	if x < f.refuse+f.put+f.mute {
		return alert.StateUnsure, 0
	}
	return alert.StateAccepted, 0
}
