package channels

import (
	"context"

	"mingluo/internal/alert"
)

// withoutHolders drops those who hold a revision from `from` on: an update that
// is no worse news does not disturb them again (W5). The earlier slices are
// closed by then (see pursue), so nobody becomes a holder of the old text
// unseen; whose answer comes behind the mark may have both, which is better
// than neither.
func (p *pursuit) withoutHolders(ctx context.Context, members []Member, from int) ([]Member, error) {
	holds := map[alert.RecipientID]bool{}
	for i, l := range p.ledgers {
		if p.revs[i] < from {
			continue
		}
		if err := p.lane.eng.ledgers.refresh(ctx, l); err != nil {
			return nil, err
		}
		l.told(func(id alert.RecipientID) { holds[id] = true })
	}
	var out []Member
	for _, m := range members {
		if !holds[m.ID] {
			out = append(out, m)
		}
	}
	return out, nil
}

// told calls yield for those who hold the notice as far as is known. Of whom a
// receipt said that it did not arrive is not among them: a retraction would
// follow him to be sure, a quiet update tells him to be sure.
func (l *ledger) told(yield func(alert.RecipientID)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, s := range l.standing {
		if s.reached && s.state != alert.StateUndelivered {
			yield(id)
		}
	}
}
