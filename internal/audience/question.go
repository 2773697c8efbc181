package audience

import (
	"slices"

	"mingluo/internal/alert"
)

// question is a query made ready for asking many people: every text is looked
// up once.
type question struct {
	level alert.Level
	upTo  uint64
	// meeting tells, for each area of the query and each area number of the
	// index, the districts in which the two meet; none when they do not.
	meeting    [][][]string
	concerned  []bool // by area number: meets any area of the query
	anyGroup   bool
	groups     []bool // by group number
	anyHazard  bool
	hazard     uint32
	hazardSeen bool // somebody in the index asked about the hazard
}

// checkAreas is R11: a place that nobody knows is not a place to guess.
func checkAreas(places *alert.Gazetteer, areas []string) error {
	for _, a := range areas {
		if !places.Known(a) {
			return &alert.Problem{Kind: alert.Invalid, Rule: "R11", Field: "areas", ZH: "未知区划：" + a, EN: "unknown division: " + a}
		}
	}
	return nil
}

func (ps *profiles) question(places *alert.Gazetteer, q alert.Query) *question {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	qu := &question{level: q.Level, upTo: q.UpTo, anyGroup: len(q.Groups) == 0, anyHazard: q.Hazard == ""}
	qu.concerned = make([]bool, len(ps.areas.list))
	for _, asked := range q.Areas {
		row := make([][]string, len(ps.areas.list))
		for i, theirs := range ps.areas.list {
			if places.Covers(asked, theirs) {
				qu.concerned[i] = true
				row[i] = meeting(places, asked, theirs)
			}
		}
		qu.meeting = append(qu.meeting, row)
	}
	qu.groups = make([]bool, len(ps.groups.list))
	for _, g := range q.Groups {
		if n, ok := ps.groups.ids[g]; ok {
			qu.groups[n] = true
		}
	}
	qu.hazard, qu.hazardSeen = ps.hazards.ids[string(q.Hazard)]
	return qu
}

// meeting returns the district in which two places meet; all of them when both
// places are the city.
func meeting(places *alert.Gazetteer, a, b string) []string {
	for _, place := range []string{b, a} {
		if d := places.District(place); d != "" {
			return []string{d}
		}
	}
	return places.Districts()
}

// wants reports whether people with this profile are to be told.
func (qu *question) wants(p *profile) bool {
	if qu.level != alert.NoLevel && qu.level < p.minLevel {
		return false
	}
	return anyOf(p.areas, qu.concerned) &&
		(qu.anyGroup || anyOf(p.groups, qu.groups)) &&
		(qu.anyHazard || len(p.hazards) == 0 || qu.hazardSeen && slices.Contains(p.hazards, qu.hazard))
}

// anyOf reports whether one of the numbers is set. A number beyond the list is
// of a text that the index learned after the question was made.
func anyOf(numbers []uint32, set []bool) bool {
	for _, n := range numbers {
		if int(n) < len(set) && set[n] {
			return true
		}
	}
	return false
}

// there reports whether the person belongs to the audience by time.
func (qu *question) there(p *person) bool {
	if qu.upTo == 0 {
		return p.left == 0
	}
	return p.joined <= qu.upTo && (p.left == 0 || p.left > qu.upTo)
}

// districts returns the districts in which the profile meets the query.
func (qu *question) districts(p *profile) []string {
	var found []string
	for _, row := range qu.meeting {
		for _, a := range p.areas {
			if int(a) >= len(row) {
				continue
			}
			for _, d := range row[a] {
				if !slices.Contains(found, d) {
					found = append(found, d)
				}
			}
		}
	}
	return found
}
