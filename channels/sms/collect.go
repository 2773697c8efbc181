package sms

import (
	"errors"
	"time"

	"mingluo/channels"
	"mingluo/channels/sms/link"
	"mingluo/internal/alert"
)

// haltFor is how long the route stands still after a status that speaks of it
// and not of a person, before one batch tries again.
const haltFor = time.Minute

// collect takes answers until done is closed, which happens when there are none
// to come.
func (d *delivery) collect(done <-chan struct{}) {
	for {
		select {
		case p := <-d.answers:
			d.answered(p, time.Now())
		case <-done:
			return
		}
	}
}

func (d *delivery) answered(p *part, now time.Time) {
	m := p.m
	switch {
	case p.err == nil:
		if d.judge(p, now) {
			return // it is submitted again
		}
	case errors.Is(p.err, link.ErrTimeout):
		m.unsure = "timeout"
	case errors.Is(p.err, link.ErrLost):
		m.unsure = "link lost"
		d.halt(batchError(p.err))
	default: // unsent: nothing of it left the process
		d.halt(batchError(p.err))
	}
	if m.left--; m.left > 0 {
		return
	}
	if m.group != nil {
		m.group.settle(m.accepted == m.total, m.id)
	}
	if o, reportable := m.outcome(now); reportable {
		d.r.metrics.outcome(o.State)
		d.report(m.index, o)
	}
	d.mu.Lock()
	d.open--
	d.mu.Unlock()
	select {
	case d.progress <- struct{}{}:
	default:
	}
}

// judge does what the carrier's status says; true gives the part back to be
// submitted again.
func (d *delivery) judge(p *part, now time.Time) (again bool) {
	m, r := p.m, d.r
	r.metrics.answerSeconds.Observe(now.Sub(p.sent).Seconds())
	switch classify(p.status) {
	case taken:
		r.brake.accepted(p.sent, now)
		m.accepted++
		if p.number == m.total-1 {
			m.id = p.id
		}
	case refused:
		r.brake.accepted(p.sent, now) // the carrier looked at it
		m.refused = p.status.Code()
	case putOff:
		m.putOff = p.status.Code()
	case throttled:
		r.metrics.throttled.Inc()
		r.brake.throttled(p.sent, now)
		if d.stopped() == nil {
			d.again <- p
			return true
		}
	case unbound:
		r.link.Drop(errors.New("the carrier says that the session is not bound"))
		d.halt(&channels.Retry{After: time.Second, Err: errors.New(p.status.String())})
	case halts:
		r.halt.Store(&halt{reason: p.status.String(), until: now.Add(haltFor)})
		d.halt(&channels.Halted{Reason: p.status.String()})
	}
	return false
}

// outcome says what became of a person; false when nothing was handed over, so
// that the person is as open as before.
func (m *message) outcome(now time.Time) (alert.Outcome, bool) {
	o := alert.Outcome{At: now}
	switch {
	case m.refused != "":
		o.State, o.Code = alert.StateRefused, m.refused
	case m.unsure != "":
		o.State, o.Code = alert.StateUnsure, m.unsure
	case m.accepted == m.total:
		o.State, o.MessageID = alert.StateAccepted, m.id
	case m.accepted > 0: // some parts are with the carrier: it may show what it has
		o.State, o.Code = alert.StateUnsure, "incomplete"
		if m.putOff != "" {
			o.Code += " " + m.putOff
		}
	case m.putOff != "":
		o.State, o.Code, o.NotBefore = alert.StateDeferred, m.putOff, tryAgainAt(now, m.attempt)
	default:
		return o, false
	}
	return o, true
}
