package wechat

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// settle turns an answer, or the want of one, into the recipient's outcome, or
// into the end of the batch when it does not speak of the recipient.
func (d *delivery) settle(i int, token string, msgID int64, err error, start time.Time) {
	now := time.Now()
	n, silent := errors.AsType[*noAnswer](err)
	if silent {
		d.unanswered(i, n, now, start)
		return
	}
	code, said := 0, ""
	if r, ok := errors.AsType[*refusal](err); ok {
		code, said = r.code, r.msg
	}
	c := classify(code)
	d.a.metrics.sent(c.String(), start)
	o := alert.Outcome{Code: codeText(code), MessageID: idText(msgID)}
	switch attempt := d.b.Recipients[i].Attempt; {
	case c == classToken:
		d.a.tokens.drop(token)
		d.mu.Lock()
		d.again = append(d.again, i)
		d.mu.Unlock()
		return
	case c == classAccount:
		d.fail(d.a.halt(&refusal{code: code, msg: said}))
		return
	case c == classOK, c == classAlready:
		o.State, o.Repeat = alert.StateAccepted, c == classAlready
	case c == classPerson:
		o.State = alert.StateRefused
	case c == classBusy, c == classUnknown && attempt < unknownTries:
		o.State, o.NotBefore = alert.StateDeferred, backoff(now, attempt, code)
	default:
		o.State = alert.StateRefused
		// Nobody's address is in WeChat's words; they name the field at fault.
		d.a.log.Error("WeChat refuses the request itself", "notice", d.b.Message.Notice, "rev", d.b.Message.Rev,
			"code", code, "said", clip(said, 120))
	}
	d.report(i, o)
}

func idText(msgID int64) string {
	if msgID == 0 {
		return ""
	}
	return strconv.FormatInt(msgID, 10)
}

// unanswered is a request without an answer of WeChat's. What certainly did not
// leave, or was turned away by a machine in front, is deferred; what may have
// arrived is unsure.
func (d *delivery) unanswered(i int, n *noAnswer, now, start time.Time) {
	attempt := d.b.Recipients[i].Attempt
	o := alert.Outcome{Code: linkCode(n)}
	switch {
	case n.status == http.StatusTooManyRequests, n.status == http.StatusServiceUnavailable, n.status == 0 && !n.handed:
		o.State, o.NotBefore = alert.StateDeferred, backoff(now, attempt, 0)
		d.a.metrics.sent(sendNotSent, start)
	case n.status >= 300 && n.status < 500: // not WeChat's API at all: a wrong address, a proxy
		d.a.metrics.sent(sendNotSent, start)
		d.fail(&channels.Retry{After: firstBackoff, Err: n})
		return
	default:
		o.State = alert.StateUnsure
		d.a.metrics.sent(sendUnsure, start)
	}
	d.report(i, o)
}

// linkCode names what happened on the wire in a word for the record.
func linkCode(n *noAnswer) string {
	_, isNet := errors.AsType[net.Error](n.err)
	switch {
	case n.status != 0:
		return "HTTP " + strconv.Itoa(n.status)
	case errors.Is(n.err, context.DeadlineExceeded) || isNet && isTimeout(n.err):
		return "timeout"
	case errors.Is(n.err, syscall.ECONNREFUSED):
		return "connection refused"
	case !n.handed:
		return "not connected"
	}
	return "connection broken"
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}
