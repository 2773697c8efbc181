package audience

import "mingluo/internal/alert"

// Place is where somebody wants to be warned of, and as whom: what may be shown
// of a person without saying who it is.
type Place struct {
	Areas  []string
	Groups []string
}

// Places returns the places of people, in their order; zero for who is not known
// (any more). It opens no address.
func (m *Memory) Places(ids []alert.RecipientID) []Place {
	out := make([]Place, len(ids))
	for i, id := range ids {
		if p := m.profileOf(id); p != nil {
			out[i] = m.profiles.place(p)
		}
	}
	return out
}

func (m *Memory) profileOf(id alert.RecipientID) *profile {
	b := &m.buckets[id.Bucket()]
	b.mu.RLock()
	defer b.mu.RUnlock()
	if i := b.find(id); i >= 0 {
		return m.profiles.all()[b.people[i].profile]
	}
	return nil
}

func (ps *profiles) place(p *profile) (out Place) {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	for _, n := range p.areas {
		out.Areas = append(out.Areas, ps.areas.list[n])
	}
	for _, n := range p.groups {
		out.Groups = append(out.Groups, ps.groups.list[n])
	}
	return out
}
