package console

import (
	"context"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// telling counts whom the update that waits would disturb; nil for anything
// that is no update (W5).
func (c *Console) telling(ctx context.Context, n *alert.Notice, pending *alert.Revision) (*desk.Telling, error) {
	if pending == nil || pending.Verb != alert.Update {
		return nil, nil
	}
	return c.Desk.Telling(ctx, n.ID, pending.No, pending.Content)
}

// silent is how many an update left in peace on each channel: those of its plan
// whom its workers did not find open. It is known slice by slice.
func silent(p *alert.Plan, v *deliveryView) {
	if p == nil || p.Spare == 0 {
		return
	}
	for _, c := range p.Channels {
		for i := range v.Channels {
			if b := &v.Channels[i]; b.Channel == c.Channel {
				b.Silent = max(0, c.Count-b.Planned)
			}
		}
	}
}
