// Package templates holds the notices that Foshan's desk writes in daylight:
// signals to be relayed, accidents, the occasions of the work-safety year, and
// warnings after accidents elsewhere. It also finds one of them the way people
// type at night: by Chinese words, by pinyin in full, or by initials.
//
// [Foshan] is the shipped set. It is data, not law: an installation proposes
// it to its own reviewers ([desk.Desk.ProposeTemplate]) and changes it by the
// same road. [Finder] searches whatever set it is given.
//
// Words about what a signal means follow the province's table of 2019 and are
// our own; they are reviewed by the bureau before they are used.
package templates

import (
	_ "embed"
	"fmt"

	"github.com/pelletier/go-toml/v2"

	"mingluo/internal/alert"
)

//go:embed foshan.toml
var foshan []byte

// file is foshan.toml. A weather hazard stands once, with its levels.
type file struct {
	Weather  []weather        `toml:"weather"`
	Template []alert.Template `toml:"template"`
}

type weather struct {
	Slug   string       `toml:"slug"`
	Hazard alert.Hazard `toml:"hazard"`
	Hours  int          `toml:"hours"`
	Quick  int          `toml:"quick"` // its strongest usual level becomes the big button
	At     string       `toml:"at"`    // the level of the button
	Words  []string     `toml:"words"`
	Level  []level      `toml:"level"`
}

type level struct {
	Level   alert.Level `toml:"level"`
	Means   string      `toml:"means"`
	MeansEN string      `toml:"means_en"`
	Do      string      `toml:"do"`
	DoEN    string      `toml:"do_en"`
}

// Foshan returns the shipped set.
func Foshan() ([]alert.Template, error) {
	var f file
	if err := toml.Unmarshal(foshan, &f); err != nil {
		return nil, fmt.Errorf("read the shipped templates: %w", err)
	}
	var out []alert.Template
	for _, w := range f.Weather {
		for _, l := range w.Level {
			out = append(out, w.template(l))
		}
	}
	for _, t := range f.Template {
		t.Version = 1
		out = append(out, t)
	}
	for _, t := range out {
		if ps := t.Check(); ps != nil {
			return nil, fmt.Errorf("shipped template %s: %w", t.ID, ps)
		}
	}
	return out, nil
}

// template writes the relay of one signal at one level (R25: with its issuer
// and time, never as our own).
func (w weather) template(l level) alert.Template {
	info := w.Hazard.Info()
	zh, en := info.ZH+l.Level.ZH()+"预警信号", info.EN+" "+l.Level.String()+" signal"
	t := alert.Template{
		ID: w.Slug + "-" + l.Level.String(), Version: 1, ZH: info.ZH + l.Level.ZH(), EN: info.EN + " " + l.Level.String(),
		Kind: alert.KindRelay, Hazard: w.Hazard, Level: l.Level, Category: "Met", Event: info.ZH, Urgency: "Expected", Certainty: "Likely",
		Headline:    "{{地点}}" + zh,
		Description: "{{原发布单位}}{{原发布时间}}发布" + zh + "，自{{开始}}起在{{地点}}生效。" + l.Means,
		Instruction: l.Do,
		HeadlineEN:  en + " for {{place}}",
		TextEN:      "{{issuer}} issued the " + en + " at {{issued}}, in force in {{place}} from {{from}}. " + l.MeansEN + " " + l.DoEN,
		Hours:       w.Hours, Scope: alert.ScopePublic, Words: w.Words,
	}
	if l.Level.String() == w.At {
		t.Quick = w.Quick
	}
	return t
}
