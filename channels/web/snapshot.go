package web

import (
	"slices"
	"time"

	"mingluo/internal/alert"
)

// perPage is how many past notices one page of the archive lists.
const perPage = 50

// frontPast is how many of them the front page lists.
const frontPast = 8

// snapshot is what the site's lists say at one moment. It never changes.
type snapshot struct {
	seq   uint64    // the journal's last event that the public saw
	asOf  time.Time // when it was made
	stale bool      // from disk: the journal has not been read
	dir   *directory
	live  section
	drill section

	front, drills map[string]*doc // by language
	hot           []*doc          // to be rendered ahead
}

// section is one mode's notices; the two are never in one list (R4).
type section struct {
	inForce []*entry // gravest first, then newest
	past    []*entry // newest end first
}

func (s *Site) newSnapshot(d *directory, now time.Time, stale bool) *snapshot {
	sn := &snapshot{dir: d, asOf: now, stale: stale, front: map[string]*doc{}, drills: map[string]*doc{}}
	for _, en := range slices.Backward(d.order) {
		sn.seq = max(sn.seq, en.seq)
		x := sn.section(en.notice.Mode)
		if en.inForce() {
			x.inForce = append(x.inForce, en)
		} else {
			x.past = append(x.past, en)
		}
	}
	sn.live.sort()
	sn.drill.sort()
	for _, lang := range languages {
		sn.front[lang] = newDoc(htmlType, func() ([]byte, error) { return s.pages.front(lang, sn) })
		sn.drills[lang] = newDoc(htmlType, func() ([]byte, error) { return s.pages.drills(lang, sn) })
		sn.hot = append(sn.hot, sn.front[lang])
	}
	for _, en := range slices.Concat(sn.live.inForce, sn.drill.inForce) {
		for _, lang := range languages {
			sn.hot = append(sn.hot, en.page[lang])
		}
	}
	s.met.inForce.WithLabelValues("live").Set(float64(len(sn.live.inForce)))
	s.met.inForce.WithLabelValues("drill").Set(float64(len(sn.drill.inForce)))
	return sn
}

// sort puts the gravest in force first, and among equals the last changed.
func (x *section) sort() {
	slices.SortStableFunc(x.inForce, func(a, b *entry) int {
		if a.level() != b.level() {
			return int(b.level()) - int(a.level())
		}
		return int(int64(b.seq) - int64(a.seq))
	})
	slices.SortStableFunc(x.past, func(a, b *entry) int { return b.ended.Compare(a.ended) })
}

func (sn *snapshot) section(mode alert.Mode) *section {
	if mode == alert.Drill {
		return &sn.drill
	}
	return &sn.live
}
