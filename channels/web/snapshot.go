package web

import (
	"cmp"
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
	past    pastList
}

func (s *Site) newSnapshot(d *directory, now time.Time, stale bool) *snapshot {
	sn := &snapshot{dir: d, asOf: now, stale: stale, front: map[string]*doc{}, drills: map[string]*doc{}}
	sn.seq = d.seq
	sn.live, sn.drill = sectionOf(&d.live), sectionOf(&d.drill)
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

// sectionOf puts the gravest in force first, and among equals the last changed.
func sectionOf(x *rack) section {
	inForce := slices.Clone(x.inForce)
	slices.SortFunc(inForce, func(a, b *entry) int {
		if a.level() != b.level() {
			return int(b.level()) - int(a.level())
		}
		return cmp.Compare(b.seq, a.seq)
	})
	return section{inForce: inForce, past: x.share()}
}

func (sn *snapshot) section(mode alert.Mode) *section {
	if mode == alert.Drill {
		return &sn.drill
	}
	return &sn.live
}
