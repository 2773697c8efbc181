package audience

import (
	"context"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// Member is one person as an index gives them out.
type Member struct {
	ID      alert.RecipientID
	Address string     // E.164 number or openid; empty when Erased or Unreadable
	Lang    string     // "zh" or "en"
	Quiet   roll.Quiet // when yellow and below have to wait (W10)
	Left    bool       // left, or was erased: no new notice, but a retraction of an old one
	Erased  bool       // no address is kept any more: what was sent cannot be retracted
	// Unreadable: the stored address cannot be opened, because it is damaged or
	// was sealed with a key that is not ours. The person cannot be told, and the
	// desk has to know.
	Unreadable bool
}

// Slices is what workers ask.
type Slices interface {
	// Slice returns the people of one channel in the slice's buckets that q
	// selects, by bucket. With q.UpTo set, those who left after it are included,
	// with Left set; erased people are not.
	Slice(ctx context.Context, channel string, s alert.Slice, q alert.Query) ([]Member, error)
	// ByID returns these people in this order, whatever became of them. Who is
	// not known (any more) is returned as erased.
	ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]Member, error)
	// WaitFor returns when the index holds everything up to this ROLL sequence.
	WaitFor(ctx context.Context, seq uint64) error
}

// Counts is what officers ask, and whoever cuts a plan.
type Counts interface {
	// Count returns how many people q selects per channel, and per channel and
	// district. Somebody with places in two of the districts counts in both, so
	// districts may sum to more than the channel. People who subscribed to the
	// whole city count in each district that was asked for.
	Count(ctx context.Context, q alert.Query) (perChannel map[string]int, perDistrict map[string]map[string]int, err error)
	// PerBucket returns how many people of one channel q selects in each bucket:
	// exactly as many as Slice returns for it.
	PerBucket(ctx context.Context, channel string, q alert.Query) (*[alert.Buckets]int, error)
}

// Index answers both.
type Index interface {
	Slices
	Counts
}

// Source is the record as an index reads it.
type Source interface {
	// Scan calls fn in order for what is stored now, and returns the last
	// sequence there was. The data belongs to the source.
	Scan(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) (uint64, error)
	// Follow goes on from a sequence until ctx ends.
	Follow(ctx context.Context, stream, filter string, from uint64, fn func(alert.Record) error) error
}

// Opener opens sealed addresses; *roll.Keys is one.
type Opener interface {
	AppendOpen(dst []byte, id alert.RecipientID, sealed []byte) ([]byte, error)
}
