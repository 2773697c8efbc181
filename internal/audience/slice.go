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

func (m *Memory) sliceBucket(b *bucket, qu *question, channel uint32, members []Member, scratch []byte) ([]Member, []byte) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := m.profiles.all() // under the lock: no person here has a later profile
	for i := range b.people {
		p := &b.people[i]
		pr := list[p.profile]
		if pr.channel != channel || !qu.there(p) || !qu.wants(pr) {
			continue
		}
		var one Member
		one, scratch = m.member(b, i, pr, scratch)
		members = append(members, one)
	}
	return members, scratch
}

// member opens one person's address. The bucket is locked by the caller.
func (m *Memory) member(b *bucket, i int, pr *profile, scratch []byte) (Member, []byte) {
	p := &b.people[i]
	one := Member{ID: b.ids[i], Lang: pr.lang(), Quiet: pr.quiet, Left: p.left != 0, Erased: p.sealed == 0}
	if one.Erased {
		return one, scratch
	}
	opened, err := m.keys.AppendOpen(scratch[:0], one.ID, b.address(p))
	if err != nil {
		one.Unreadable = true
		m.log.Error("the address of a subscription cannot be opened", "id", one.ID, "err", err)
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
	only, known := m.profiles.channelNumber(channel)
	members := make([]Member, len(ids))
	var scratch []byte
	for i, id := range ids {
		members[i], scratch = m.byID(id, only, scratch)
		if !known {
			members[i] = gone(id)
		}
	}
	return members, ctx.Err()
}

func (m *Memory) byID(id alert.RecipientID, channel uint32, scratch []byte) (Member, []byte) {
	b := &m.buckets[id.Bucket()]
	b.mu.RLock()
	defer b.mu.RUnlock()
	i := b.find(id)
	if i < 0 {
		return gone(id), scratch
	}
	pr := m.profiles.all()[b.people[i].profile]
	if pr.channel != channel {
		return gone(id), scratch
	}
	return m.member(b, i, pr, scratch)
}

// gone is somebody of whom nothing is kept.
func gone(id alert.RecipientID) Member {
	return Member{ID: id, Lang: "zh", Left: true, Erased: true}
}
