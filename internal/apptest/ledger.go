package apptest

import (
	"fmt"
	"strings"

	"mingluo/internal/alert"
)

// Ledger returns what the record says of every recipient of a revision: the
// state that nothing overtook, by "<channel> <recipient id>".
func (s *Service) Ledger(n Notice) map[string]alert.Outcome {
	s.Town.t.Helper()
	out := map[string]alert.Outcome{}
	filter := fmt.Sprintf("outcome.*.%s.%d.>", n.ID, n.Rev)
	_, err := s.Store.Scan(s.Town.t.Context(), alert.StreamOutcomes, filter, 0, func(r alert.Record) error {
		channel := strings.Split(r.Subject, ".")[1]
		return alert.DecodeOutcomes(r.Data, func(o alert.Outcome) {
			key := channel + " " + o.ID.String()
			if o.State != alert.StateClosed && o.State.Supersedes(out[key].State) {
				out[key] = o
			}
		})
	})
	if err != nil {
		s.Town.t.Fatalf("read the ledger of %s/%d: %v", n.ID, n.Rev, err)
	}
	return out
}
