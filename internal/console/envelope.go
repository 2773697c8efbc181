package console

import (
	"context"
	"net/http"
	"time"

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

// envelopeBody is the sheet for the sealed envelope: one A4 page, shown once.
type envelopeBody struct {
	Officer alert.Officer
	Codes   []string
	Made    time.Time
	By      string
}

// showEnvelope shows the codes for the printer. They are kept nowhere: a reload
// would make new ones, so the page is the answer to the act itself.
func (c *Console) showEnvelope(w http.ResponseWriter, r *http.Request, s *seat, id string, codes []string) error {
	acc, err := c.Accounts.Get(r.Context(), id)
	if err != nil {
		return err
	}
	b := &envelopeBody{Officer: acc.Officer, Codes: codes, Made: time.Now(), By: s.Name}
	return c.show(w, r, http.StatusOK, "envelope", &view{seat: s, Title: "密封信封", Nav: "people", Body: b})
}
