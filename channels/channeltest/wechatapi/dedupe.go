package wechatapi

import "time"

// dedupe remembers client_msg_ids. WeChat's page on template messages says
// that one openid gets one message per client_msg_id, and that this holds for
// ten minutes; which code a second one gets is not written there, so the one
// of mass messages (45065, with the first message's id) stands in.
type dedupe struct {
	young, old map[dedupeKey]int64
	turned     time.Time
}

type dedupeKey struct{ openid, id string }

const (
	dedupeWindow = 10 * time.Minute
	dedupeMost   = 200_000 // per half; a full half is turned early
)

func newDedupe() dedupe {
	return dedupe{young: make(map[dedupeKey]int64)}
}

func (d *dedupe) turn(now time.Time) {
	if now.Sub(d.turned) >= dedupeWindow || len(d.young) >= dedupeMost {
		d.young, d.old, d.turned = make(map[dedupeKey]int64), d.young, now
	}
}

func (d *dedupe) find(openid, id string, now time.Time) (msgID int64, ok bool) {
	d.turn(now)
	k := dedupeKey{openid, id}
	if msgID, ok = d.young[k]; !ok {
		msgID, ok = d.old[k]
	}
	return msgID, ok && id != ""
}

func (d *dedupe) put(openid, id string, msgID int64, now time.Time) {
	if id != "" {
		d.turn(now)
		d.young[dedupeKey{openid, id}] = msgID
	}
}
