package cap

import (
	"strings"

	"mingluo/internal/alert"
)

// areas keeps the source's words for the place and finds the city's divisions.
func (d *drafter) areas() {
	c := &d.out.Content
	areas := d.placed(d.info)
	var words []string
	seen := map[string]bool{}
	f := finder{g: d.g, edges: maxEdges, context: d.alert.Sender + d.info.SenderName + d.info.Headline}
	for n := range areas {
		desc := line(areas[n].AreaDesc)
		if desc != "" && !seen[desc] {
			words, seen[desc] = append(words, desc), true
		}
		if !f.area(&areas[n]) && len(d.out.Unmapped) < maxWarnings {
			d.out.Unmapped = append(d.out.Unmapped, firstOf(desc, "（未写明地点）"))
		}
	}
	d.out.AreasFound = f.found
	c.Areas = f.codes()
	separator := "、"
	if languageRank(d.out.Language) < 2 {
		separator = "; "
	}
	c.AreaDesc = d.oneLine("area_desc", strings.Join(words, separator), alert.MaxAreaDesc)
	if c.AreaDesc == "" && len(c.Areas) > 0 {
		c.AreaDesc = d.g.Describe(c.Areas)
	}
	if f.tooComplex {
		d.warn("areas", "R11", "来源的图形太复杂，没有全部对照；请核对区域。", "The source's shapes are too complex and were not all looked at; check the areas.")
	}
	if f.widened {
		d.warn("areas", "", "来源的区域比镇街更小，已按所在镇街处理，请核对。", "The source's area is smaller than a town; the town it lies in was taken. Check it.")
	}
	switch {
	case len(c.Areas) == 0:
		d.warn("areas", "R11", "来源的区域（"+quote(c.AreaDesc)+"）对应不到本市的区或镇街。在您选定区域之前，没有接收人。",
			"The source's area ("+quote(c.AreaDesc)+") is none of the city's districts or towns. There is no audience until you choose one.")
	case len(d.out.Unmapped) > 0:
		d.warn("areas", "", "来源的部分区域不在本市，已略去。", "Some of the source's areas are not in the city; they were left out.")
	}
	if c.AreaDesc == "" {
		d.warn("area_desc", "R13", "来源没有用文字写明地点，请补充。", "The source does not say the place in words; add it.")
	}
}

// placed returns an info's areas. Some authorities write them only once, in
// the first language.
func (d *drafter) placed(i *Info) []Area {
	if len(i.Area) > 0 {
		return i.Area
	}
	for n := range d.alert.Info {
		if a := d.alert.Info[n].Area; len(a) > 0 {
			return a
		}
	}
	return nil
}

// touches reports whether any of an info's areas is in the city.
func (d *drafter) touches(i *Info) bool {
	if len(d.alert.Info) == 1 {
		return false // no choice to make
	}
	f := finder{g: d.g, edges: maxEdges / len(d.alert.Info)}
	for n := range i.Area {
		if f.area(&i.Area[n]) {
			return true
		}
	}
	return false
}
