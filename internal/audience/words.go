package audience

import (
	"slices"
	"sync"
	"sync/atomic"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// words numbers texts in the order in which they come.
type words struct {
	ids  map[string]uint32
	list []string
}

func newWords() words { return words{ids: map[string]uint32{}} }

func (w *words) id(s string) uint32 {
	if id, ok := w.ids[s]; ok {
		return id
	}
	id := uint32(len(w.list))
	w.ids[s] = id
	w.list = append(w.list, s)
	return id
}

// profile is roll.Profile with its texts numbered. It never changes.
type profile struct {
	form     string // as it is stored
	channel  uint32
	english  bool
	minLevel alert.Level
	quiet    roll.Quiet
	areas    []uint32
	groups   []uint32
	hazards  []uint32
}

func (p *profile) lang() string {
	if p.english {
		return "en"
	}
	return "zh"
}

// profiles keeps each different profile once. It only grows: an index is
// rebuilt at every start, and few profiles are different.
type profiles struct {
	mu       sync.RWMutex
	byForm   map[string]uint32 // by stored form
	channels words
	areas    words
	groups   words
	hazards  words
	// list is append-only and read without the lock: a reader that meets a number
	// beyond its copy loads a newer one.
	list atomic.Pointer[[]*profile]
}

func newProfiles() *profiles {
	p := &profiles{byForm: map[string]uint32{}, channels: newWords(), areas: newWords(), groups: newWords(), hazards: newWords()}
	p.list.Store(&[]*profile{})
	return p
}

func (ps *profiles) all() []*profile { return *ps.list.Load() }

// number returns the number of a profile's stored form.
func (ps *profiles) number(form []byte) (uint32, error) {
	ps.mu.RLock()
	n, ok := ps.byForm[string(form)]
	ps.mu.RUnlock()
	if ok {
		return n, nil
	}
	parsed, err := roll.ParseProfile(form)
	if err != nil {
		return 0, err
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if n, ok := ps.byForm[string(form)]; ok {
		return n, nil
	}
	stored := string(form)
	list := append(ps.all(), &profile{
		form: stored, channel: ps.channels.id(parsed.Channel), english: parsed.Lang == "en", minLevel: parsed.MinLevel, quiet: parsed.Quiet,
		areas: numbered(&ps.areas, parsed.Areas), groups: numbered(&ps.groups, parsed.Groups), hazards: numbered(&ps.hazards, parsed.Hazards),
	})
	n = uint32(len(list) - 1)
	ps.byForm[stored] = n
	ps.list.Store(&list)
	return n, nil
}

func numbered[S ~string](w *words, list []S) []uint32 {
	if len(list) == 0 {
		return nil
	}
	ids := make([]uint32, len(list))
	for i, s := range list {
		ids[i] = w.id(string(s))
	}
	slices.Sort(ids)
	return ids
}
