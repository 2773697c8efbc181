package roll

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// sampleGroups are the groups of the sample subscriptions, with how many of a
// hundred people are in each.
func sampleGroups() []weighted {
	return []weighted{{"市民", 66}, {"危化企业", 7}, {"工地", 9}, {"学校", 9}, {"镇街安监办", 4}, {"应急责任人", 5}}
}

type weighted struct {
	name  string
	share int
}

// Samples yields made-up subscriptions over a city's towns: first sms phones,
// then wechat openids. The same numbers give the same people. Every one of
// them is reached by a typhoon warning from orange up for the whole city, which
// makes fan-outs easy to count; some want less at lower levels, of fewer
// hazards, or at night.
//
// The addresses are nobody's ([SamplePhonePrefix], [SampleOpenIDPrefix]) and
// pass only under [Rules].Sample.
func Samples(places *alert.Gazetteer, sms, wechat int) iter.Seq[Subscription] {
	return func(yield func(Subscription) bool) {
		rnd := rand.New(rand.NewPCG(440600, 2026))
		start := time.Date(2026, 1, 1, 9, 0, 0, 0, chinaTime())
		towns := sampleTowns(places)
		for i := range sms + wechat {
			s := samplePerson(rnd, places, towns)
			s.Joined = start.Add(time.Duration(i%200_000) * time.Minute).UTC()
			if i < sms {
				s.Channel, s.Address = SMS, fmt.Sprintf("%s%08d", SamplePhonePrefix, i+1)
			} else {
				s.Channel, s.Address = WeChat, fmt.Sprintf("%sfoshan-%010d", SampleOpenIDPrefix, i-sms+1)
			}
			if !yield(s) {
				return
			}
		}
	}
}

// Sample returns what [Samples] yields: for the demo, 2,000 and 1,000.
func Sample(places *alert.Gazetteer, sms, wechat int) []Subscription {
	return slices.Collect(Samples(places, sms, wechat))
}

// SampleRows yields the samples as rows of an import.
func SampleRows(places *alert.Gazetteer, sms, wechat int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		n := 0
		for s := range Samples(places, sms, wechat) {
			n++
			if !yield(Row{Line: n, Sub: s}, nil) {
				return
			}
		}
	}
}

func sampleTowns(places *alert.Gazetteer) []string {
	var towns []string
	for _, d := range places.Districts() {
		towns = append(towns, places.Children(d)...)
	}
	return towns
}

func samplePerson(rnd *rand.Rand, places *alert.Gazetteer, towns []string) Subscription {
	home := towns[rnd.IntN(len(towns))]
	s := Subscription{Lang: "zh", Areas: []string{home}, Groups: []string{sampleGroup(rnd)}}
	switch p := rnd.IntN(100); {
	case p < 8: // asked about the whole district
		s.Areas = []string{places.Parent(home)}
	case p < 20: // and where they work
		if work := towns[rnd.IntN(len(towns))]; work != home {
			s.Areas = append(s.Areas, work)
		}
	}
	switch p := rnd.IntN(100); {
	case p < 10:
		s.MinLevel = alert.Orange
	case p < 35:
		s.MinLevel = alert.Yellow
	}
	if rnd.IntN(100) < 5 {
		s.Hazards = []alert.Hazard{"11B01", "11B03"}
	}
	if rnd.IntN(100) < 3 {
		s.Lang = "en"
	}
	if rnd.IntN(100) < 10 {
		s.Quiet = Quiet{From: 22 * 60, To: 7 * 60}
	}
	return s
}

func sampleGroup(rnd *rand.Rand) string {
	n := rnd.IntN(100)
	for _, g := range sampleGroups() {
		if n < g.share {
			return g.name
		}
		n -= g.share
	}
	return "市民"
}
