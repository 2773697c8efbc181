package console

import (
	"context"

	"mingluo/internal/alert"
)

// envelopesUsed are the alarms about sealed envelopes that nobody looked into.
// Everybody at the desk sees them: whoever did not break a seal tonight knows
// who should have.
func envelopesUsed(st *alert.State, people []Account) (out []banner) {
	for _, p := range people {
		a := st.Envelopes[p.ID]
		if a == nil {
			continue
		}
		out = append(out, banner{Kind: "envelope", Title: p.Name, At: a.Used[len(a.Used)-1].At, Count: len(a.Used)})
	}
	return out
}

// broken raises the alarm of a code that was used: in the journal, in the log
// and in the metrics. The signature stands in any case.
func (c *Console) broken(ctx context.Context, who alert.Actor) {
	c.Log.Warn("a code of the sealed envelope was used", "officer", who.ID)
	c.meters.envelopes.Inc()
	_, left, err := c.Accounts.HasFactor(ctx, who.ID)
	if err == nil {
		err = c.Desk.EnvelopeUsed(ctx, who, left)
	}
	if err != nil {
		c.Log.Error("record that a code of the sealed envelope was used", "officer", who.ID, "err", err)
	}
}
