package alert

import (
	"fmt"
	"strings"
)

// Level is a warning's colour. The zero value is no colour (a policy document,
// an instruction without one).
type Level uint8

const (
	NoLevel Level = iota
	White         // typhoon only, in Guangdong
	Blue
	Yellow
	Orange
	Red
)

var levelNames = [...]string{"", "white", "blue", "yellow", "orange", "red"}
var levelZH = [...]string{"", "白色", "蓝色", "黄色", "橙色", "红色"}

func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// ZH returns 红色, 橙色 …
func (l Level) ZH() string {
	if int(l) < len(levelZH) {
		return levelZH[l]
	}
	return ""
}

// ParseLevel reads "red", "Red", "RED" or 红色; "" is no colour.
func ParseLevel(s string) (Level, error) {
	low := strings.ToLower(strings.TrimSpace(s))
	for i, n := range levelNames {
		if low == n || (i > 0 && (s == levelZH[i] || s+"色" == levelZH[i])) {
			return Level(i), nil
		}
	}
	return NoLevel, fmt.Errorf("level %q: want white, blue, yellow, orange or red", s)
}

// MarshalText writes the English name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what [ParseLevel] reads.
func (l *Level) UnmarshalText(b []byte) (err error) {
	*l, err = ParseLevel(string(b))
	return err
}

// Severity returns CAP's severity for the colour. The colour stays the
// authoritative value.
func (l Level) Severity() string {
	switch l {
	case Red:
		return "Extreme"
	case Orange:
		return "Severe"
	case Yellow:
		return "Moderate"
	case Blue, White:
		return "Minor"
	}
	return "Unknown"
}

// LevelFromSeverity is the reverse, for alerts that come without a colour.
func LevelFromSeverity(severity string) Level {
	switch severity {
	case "Extreme":
		return Red
	case "Severe":
		return Orange
	case "Moderate":
		return Yellow
	case "Minor":
		return Blue
	}
	return NoLevel
}

// Hazard is the event type's code: China's (11B01 …) where one is known, or
// what the source gave. An unknown code passes through; nobody enumerates the
// world's hazards.
type Hazard string

// HazardInfo is what the desk knows about a hazard.
type HazardInfo struct {
	Code    Hazard
	ZH, EN  string
	Levels  []Level // Guangdong's, weakest first
	Weather bool    // only the weather service may issue it (R25)
}

// The codes of the warning signals in Guangdong's table of 2019; codes from
// the mapping in common use by the weather service. What has no confirmed code
// (cold, forest fire, all accidents) carries a name of our own that starts with X.
var hazards = []HazardInfo{
	{"11B01", "台风", "Typhoon", []Level{White, Blue, Yellow, Orange, Red}, true},
	{"11B03", "暴雨", "Rainstorm", []Level{Yellow, Orange, Red}, true},
	{"11B20", "雷雨大风", "Thunderstorm gale", []Level{Yellow, Orange, Red}, true},
	{"11B09", "高温", "High temperature", []Level{Yellow, Orange, Red}, true},
	{"XCOLD", "寒冷", "Cold", []Level{Yellow, Orange, Red}, true},
	{"11B17", "大雾", "Fog", []Level{Yellow, Orange, Red}, true},
	{"11B19", "灰霾", "Haze", []Level{Yellow}, true},
	{"11B15", "冰雹", "Hail", []Level{Orange, Red}, true},
	{"11B21", "道路结冰", "Icy roads", []Level{Yellow, Orange, Red}, true},
	{"XWILD", "森林火险", "Forest fire danger", []Level{Yellow, Orange, Red}, true},
	{"XCHEM", "危险化学品", "Hazardous chemicals", []Level{Blue, Yellow, Orange, Red}, false},
	{"XFIRE", "火灾", "Fire", []Level{Blue, Yellow, Orange, Red}, false},
	{"XWORK", "生产安全", "Work safety", []Level{Blue, Yellow, Orange, Red}, false},
	{"XSITE", "建筑施工", "Construction", []Level{Blue, Yellow, Orange, Red}, false},
	{"XGAS", "燃气", "Gas", []Level{Blue, Yellow, Orange, Red}, false},
}

// Hazards returns what the desk knows, in the order officers expect.
func Hazards() []HazardInfo { return append([]HazardInfo(nil), hazards...) }

// Info returns what is known of the hazard; for an unknown code its names are
// the code itself and every colour is allowed.
func (h Hazard) Info() HazardInfo {
	for _, i := range hazards {
		if i.Code == h {
			return i
		}
	}
	return HazardInfo{Code: h, ZH: string(h), EN: string(h), Levels: []Level{White, Blue, Yellow, Orange, Red}}
}

// SuspendsClasses reports whether the signal suspends classes by rule (R26):
// typhoon yellow, orange, red and rainstorm red. Source: Guangdong's rule on
// preventing meteorological disasters, in force since 2015-03-01.
func SuspendsClasses(h Hazard, l Level) bool {
	return h == "11B01" && l >= Yellow || h == "11B03" && l == Red
}
