package audience

import (
	"context"
	"fmt"

	"mingluo/internal/alert"
)

// Slice implements [Slices]. A thousand people take about half a
// millisecond, nearly all of it opening their addresses.
func (m *Memory) Slice(ctx context.Context, channel string, s alert.Slice, q alert.Query) ([]Member, error) {
	if s.Lo > s.Hi || s.Hi >= alert.Buckets {
		return nil, fmt.Errorf("audience of slice %s: no such buckets", s.Name())
	}
	qu, err := m.ask(ctx, q)
	if err != nil || qu == nil {
		return nil, err
	}
	only, ok := m.profiles.channelNumber(channel)
	if !ok {
		return nil, nil
	}
	members := make([]Member, 0, max(0, min(s.Count, 1<<16))+8)
	var scratch []byte
	for n := int(s.Lo); n <= int(s.Hi); n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		members, scratch = m.sliceBucket(&m.buckets[n], qu, only, members, scratch)
	}
	return members, nil
}

func (rd *reader) sliceBucket(b *bucket, qu *question, channel uint32, members []Member, scratch []byte) ([]Member, []byte) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := rd.profiles.all() // under the lock: no person here has a later profile
	for i := range b.people {
		p := &b.people[i]
		pr := list[p.profile]
		if pr.channel != channel || !qu.there(p) || !qu.wants(pr) {
			continue
		}
		var one Member
		one, scratch = rd.member(b, i, pr, scratch)
		members = append(members, one)
	}
	return members, scratch
}

// member opens one person's address. The bucket is locked by the caller.
func (rd *reader) member(b *bucket, i int, pr *profile, scratch []byte) (Member, []byte) {
	p := &b.people[i]
	one := Member{ID: b.ids[i], Lang: pr.lang(), Quiet: pr.quiet, Left: p.left != 0, Erased: p.sealed == 0}
	if one.Erased {
		return one, scratch
	}
	opened, err := rd.keys.AppendOpen(scratch[:0], one.ID, b.address(p))
	if err != nil {
		one.Unreadable = true
		rd.log.Error("the address of a subscription cannot be opened", "id", one.ID, "err", err)
		return one, scratch
	}
	one.Address = string(opened)
	return one, opened
}

// ByID implements [Slices].
func (m *Memory) ByID(ctx context.Context, channel string, ids []alert.RecipientID) ([]Member, error) {
	if _, err := m.ask(ctx, alert.Query{}); err != nil {
		return nil, err
	}
	return m.byIDs(channel, ids, func(n int) *bucket { return &m.buckets[n] }), ctx.Err()
}

// byIDs looks for people in the buckets that they belong to.
func (rd *reader) byIDs(channel string, ids []alert.RecipientID, of func(n int) *bucket) []Member {
	only, known := rd.profiles.channelNumber(channel)
	members := make([]Member, len(ids))
	var scratch []byte
	for i, id := range ids {
		members[i], scratch = rd.byID(of(id.Bucket()), id, only, scratch)
		if !known {
			members[i] = gone(id)
		}
	}
	return members
}

func (rd *reader) byID(b *bucket, id alert.RecipientID, only uint32, scratch []byte) (Member, []byte) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	i := b.find(id)
	if i < 0 {
		return gone(id), scratch
	}
	pr := rd.profiles.all()[b.people[i].profile]
	if pr.channel != only {
		return gone(id), scratch
	}
	return rd.member(b, i, pr, scratch)
}

// gone is somebody of whom nothing is kept.
func gone(id alert.RecipientID) Member {
	return Member{ID: id, Lang: "zh", Left: true, Erased: true}
}
