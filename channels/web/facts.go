package web

import (
	"slices"

	"mingluo/internal/alert"
)

// facts is what a filter looks at: the union over all public revisions. Somebody
// who asked for red and was told of one must hear that it is yellow now, or over.
type facts struct {
	notice  string
	mode    alert.Mode
	level   alert.Level
	areas   []string
	hazards []alert.Hazard
}

func factsOf(n *alert.Notice) facts {
	f := facts{notice: n.ID, mode: n.Mode}
	for _, r := range n.Released() {
		f.level = max(f.level, r.Content.Level)
		if !slices.Contains(f.hazards, r.Content.Hazard) {
			f.hazards = append(f.hazards, r.Content.Hazard)
		}
		for _, a := range r.Content.Areas {
			if !slices.Contains(f.areas, a) {
				f.areas = append(f.areas, a)
			}
		}
	}
	return f
}
