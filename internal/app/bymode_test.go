package app

import (
	"context"
	"errors"
	"testing"

	"mingluo/channels"
	"mingluo/internal/alert"
)

// carrier is a channel that says how it is and halts.
type carrier struct {
	channels.Channel
	health channels.Health
}

func (c carrier) Name() string            { return "sms" }
func (c carrier) Health() channels.Health { return c.health }
func (c carrier) Deliver(context.Context, channels.Batch, func(int, alert.Outcome)) error {
	return &channels.Halted{Reason: c.health.Reason}
}

// R5: a drill on a live installation sees its imitation's health and never the
// real carrier's; and an imitation that stops does not stop the real one.
func TestR5ADrillSeesItsOwnCarrier(t *testing.T) {
	t.Parallel()
	c := &byMode{
		Channel: carrier{health: channels.Health{Route: "移动", Reason: "没有连接运营方", Quota: 90_000}},
		drill:   carrier{health: channels.Health{Route: "仿真", Ready: true, Imitation: true, Reason: "仿真停了"}},
	}
	if s := statusOf(c, alert.Drill); !s.Imitation || !s.Ready || s.Route != "仿真" || s.Quota != 0 {
		t.Errorf("a drill is shown %+v", s)
	}
	if s := statusOf(c, alert.Live); s.Imitation || s.Ready || s.Route != "移动" {
		t.Errorf("live is shown %+v", s)
	}
	if h := healthIn(c, ""); h.Ready || h.Reason == "" {
		t.Errorf("without a mode: %+v", h)
	}
	send := func(m alert.Mode) error {
		return c.Deliver(t.Context(), channels.Batch{Message: channels.Message{Mode: m}}, nil)
	}
	if _, halts := errors.AsType[*channels.Halted](send(alert.Live)); !halts {
		t.Error("the real carrier's halt is lost")
	}
	if retry, ok := errors.AsType[*channels.Retry](send(alert.Drill)); !ok || retry.After <= 0 {
		t.Error("an imitation's halt would stop the real carrier")
	}
}
