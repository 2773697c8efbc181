package journal

import (
	"context"
	"errors"
	"fmt"
)

// LastUnder returns the sequence of the newest message whose subject matches a
// filter, which may have wildcards, as the stream's leader knows it; 0 when there
// is none. It says whether a copy of a part of a stream is current.
func (s *Store) LastUnder(ctx context.Context, filter string) (uint64, error) {
	stream, err := streamOf(filter)
	if err != nil {
		return 0, fmt.Errorf("last under %s: %w", filter, err)
	}
	r, err := s.getOne(ctx, stream, getRequest{LastFor: filter})
	if errors.Is(err, errNone) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("last under %s: %w", filter, err)
	}
	return r.Seq, nil
}
