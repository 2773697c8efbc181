package web

import (
	"maps"
	"slices"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// directory finds entries by id and by verification code. It is changed in
// place, one entry at a time, so that an event costs the same among ten notices
// and among ten thousand.
type directory struct {
	mu      sync.RWMutex
	byID    map[string]*entry
	byCode  map[string][]codeOf
	hazards map[alert.Hazard]bool

	// Only for the site's own goroutines, under its lock.
	live, drill rack   // the two modes are never in one list (R4)
	seq         uint64 // the journal's last event that the public saw
}

// codeOf is a revision that carries a code. 40 bits of a hash can meet twice.
type codeOf struct {
	notice string
	rev    int
}

func newDirectory() *directory {
	return &directory{byID: map[string]*entry{}, byCode: map[string][]codeOf{}, hazards: map[alert.Hazard]bool{}}
}

// put replaces a notice's entry, or adds the first.
func (d *directory) put(en *entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := en.notice.ID
	old := d.byID[id]
	d.byID[id] = en
	d.seq = max(d.seq, en.seq)
	known := 0
	if old != nil {
		known = old.notice.Latest().No
		d.mode(old.notice.Mode).remove(old)
	}
	d.mode(en.notice.Mode).add(en)
	for _, r := range en.notice.Released() {
		d.hazards[r.Content.Hazard] = true
		if r.No > known {
			d.byCode[r.Code()] = append(d.byCode[r.Code()], codeOf{id, r.No})
		}
	}
}

func (d *directory) mode(m alert.Mode) *rack {
	if m == alert.Drill {
		return &d.drill
	}
	return &d.live
}

func (d *directory) notice(id string) *entry {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byID[id]
}

// found is what a verification code leads to.
type found struct {
	entry *entry
	rev   *alert.Revision
}

func (d *directory) code(code string) []found {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []found
	for _, c := range d.byCode[code] {
		if en := d.byID[c.notice]; en != nil {
			out = append(out, found{en, en.notice.Rev(c.rev)})
		}
	}
	return out
}

func (d *directory) hazard(h alert.Hazard) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.hazards[h]
}

// all returns every entry, in no order.
func (d *directory) all() []*entry {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Collect(maps.Values(d.byID))
}

// renew replaces the entries whose state is another one by now.
func (d *directory) renew(now time.Time, fresh func(*entry) *entry) (changed bool) {
	for _, x := range []*rack{&d.live, &d.drill} {
		for _, en := range x.unsettled(now) {
			if en.notice.State(now) != en.state {
				d.put(fresh(en))
				changed = true
			}
		}
	}
	return changed
}
