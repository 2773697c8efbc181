package cap

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"mingluo/internal/alert"
)

// hazardAndLevel finds what it is about and how grave. The source's colour
// stands; a level that Guangdong's table does not have for the hazard makes
// the hazard pass through in the source's words instead of being bent.
func (d *drafter) hazardAndLevel() {
	c := &d.out.Content
	c.Hazard = d.hazard()
	c.Level, d.out.LevelFrom = d.level()
	switch d.out.LevelFrom {
	case LevelFromSeverity:
		d.warn("level", "", "来源没有颜色级别，按严重程度 "+c.Severity+" 推定为"+c.Level.ZH()+"，请核对。", fmt.Sprintf("The source names no colour; %s was derived from severity %s. Check it.", c.Level, c.Severity))
	case LevelFromNothing:
		d.warn("level", "R8", "来源没有说明严重程度，暂定最低的"+c.Level.ZH()+"，请选择级别。", fmt.Sprintf("The source does not say how grave it is; the weakest level, %s, is assumed. Choose the level.", c.Level))
	}
	for _, l := range c.Hazard.Info().Levels {
		if l == c.Level {
			return
		}
	}
	d.warn("hazard", "R15", fmt.Sprintf("广东省的%s信号没有%s这一级，灾种按来源的说法保留，请核对。", c.Hazard.Info().ZH, c.Level.ZH()),
		fmt.Sprintf("Guangdong's table has no %s for %s; the hazard is kept in its source's words. Check it.", c.Level, strings.ToLower(c.Hazard.Info().EN)))
	c.Hazard = alert.Hazard(c.Event)
}

// chinaCode finds the weather service's event codes: 11B01, 11B03_YELLOW, and
// the compact 11B0303.
var chinaCode = regexp.MustCompile(`\b(11[A-Z]\d{2})(?:_?(RED|ORANGE|YELLOW|BLUE|WHITE|0[1-4]))?\b`)

func (d *drafter) hazard() alert.Hazard {
	for _, v := range append(d.info.EventCode[:len(d.info.EventCode):len(d.info.EventCode)], d.info.Parameter...) {
		if m := chinaCode.FindStringSubmatch(strings.ToUpper(v.Value)); m != nil {
			return alert.Hazard(m[1])
		}
	}
	texts := []string{d.info.Event}
	for n := range d.alert.Info { // another language may say it in a word that is known
		texts = append(texts, d.alert.Info[n].Event)
	}
	for _, v := range d.info.Parameter { // MeteoAlarm: "3; Thunderstorm"
		if strings.EqualFold(v.ValueName, "awareness_type") {
			texts = append(texts, v.Value)
		}
	}
	for _, t := range append(texts, d.info.Headline) {
		if h := hazardOf(t); h != "" {
			return h
		}
	}
	return alert.Hazard(d.out.Content.Event)
}

// hazardWord ties a word of an event's name to a hazard. Chinese words are
// looked for inside the text, English ones as whole words, in this order.
type hazardWord struct {
	hazard alert.Hazard
	zh, en string // separated by |
}

func hazardWords() []hazardWord {
	return []hazardWord{
		{"11B01", "台风|颱風|热带气旋|熱帶氣旋|热带风暴|熱帶風暴", "typhoon|hurricane|cyclone|tropical storm"},
		{"11B20", "雷雨大风|雷雨大風|雷暴大风", "thunderstorm|thunderstorms"},
		{"11B03", "暴雨|豪雨", "rainstorm|rain|rainfall"},
		{"11B15", "冰雹", "hail"},
		{"11B21", "道路结冰", "icy road|icy roads|road icing|black ice"},
		{"11B17", "大雾|浓雾|濃霧", "fog"},
		{"11B19", "灰霾|霾", "haze"},
		{"11B09", "高温|酷热|酷熱", "heat|high temperature|heatwave|hot"},
		{"XCOLD", "寒冷|低温", "cold|low temperature"},
		{"XWILD", "森林火险|山火", "forest fire|wildfire|bushfire|bush fire|red flag"},
		{"11B05", "寒潮", "cold wave"},
		{"11B14", "雷电", "thunder|lightning"},
		{"XCHEM", "危险化学品|危化|化学品泄漏", "hazardous material|hazardous materials|chemical"},
		{"XGAS", "燃气", "gas leak"},
		{"XFIRE", "火灾", "structure fire|building fire"},
		{"XWORK", "生产安全", ""},
		{"XSITE", "建筑施工", ""},
	}
}

func hazardOf(text string) alert.Hazard {
	words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }), " ") + " "
	for _, h := range hazardWords() {
		for _, zh := range strings.Split(h.zh, "|") {
			if strings.Contains(text, zh) {
				return h.hazard
			}
		}
		for _, en := range strings.Split(h.en, "|") {
			if en != "" && strings.Contains(words, " "+en+" ") {
				return h.hazard
			}
		}
	}
	return ""
}

// level finds the colour: named by a code or parameter, then in words, then
// from the severity.
func (d *drafter) level() (alert.Level, LevelSource) {
	for _, v := range append(d.info.EventCode[:len(d.info.EventCode):len(d.info.EventCode)], d.info.Parameter...) {
		if l := levelOfValue(v); l != alert.NoLevel {
			return l, LevelFromColour
		}
	}
	for _, t := range []string{d.info.Headline, d.info.Event} {
		if l := levelOfWords(t, d.out.Content.Category); l != alert.NoLevel {
			return l, LevelFromColour
		}
	}
	if l := alert.LevelFromSeverity(d.info.Severity); l != alert.NoLevel {
		return l, LevelFromSeverity
	}
	return alert.Blue, LevelFromNothing
}

// namesColour knows the parameters that are seen to hold a colour as a word:
// MeteoAlarm's awareness_level ("2; yellow; Moderate"), GDACS' alertlevel,
// SMHI's system_event_level_color. Germany's AREA_COLOR holds numbers.
func namesColour(valueName string) bool {
	n := strings.ToLower(valueName)
	return n == "awareness_level" || n == "alertlevel" || n == levelParameter || strings.Contains(n, "color") || strings.Contains(n, "colour")
}

// levelOfValue reads a colour from a code or parameter. The codes of China's
// weather service also come as "p0002003": the last digit is 1 red to 4 blue.
func levelOfValue(v NamedValue) alert.Level {
	value := strings.TrimSpace(v.Value)
	if m := chinaCode.FindStringSubmatch(strings.ToUpper(value)); m != nil && m[2] != "" {
		switch m[2] {
		case "01":
			return alert.Blue
		case "02":
			return alert.Yellow
		case "03":
			return alert.Orange
		case "04":
			return alert.Red
		}
		l, _ := alert.ParseLevel(m[2])
		return l
	}
	if len(value) == 8 && value[0] == 'p' && strings.Trim(value[1:], "0123456789") == "" {
		switch value[7] {
		case '1', '2', '3', '4':
			return alert.Red - alert.Level(value[7]-'1')
		}
	}
	if !namesColour(v.ValueName) {
		return alert.NoLevel
	}
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return r == ';' || r == ',' || unicode.IsSpace(r) }) {
		if l, err := alert.ParseLevel(part); err == nil && l != alert.NoLevel {
			return l
		}
	}
	return alert.NoLevel
}

// colourWords finds "yellow rainstorm warning", "signal: orange". Red flag
// warnings are about fire, not a colour.
var colourWords = regexp.MustCompile(`(?i)\b(red|orange|amber|yellow|blue|white)(?:\s+[a-z-]+){0,2}\s+(?:warning|alert|signal|advisory)\b|\b(?:warning|alert|signal|level)(?:\s+signal)?\s*[:：-]?\s*(red|orange|amber|yellow|blue|white)\b`)

func levelOfWords(text, category string) alert.Level {
	for l := alert.Red; l > alert.NoLevel; l-- {
		if strings.Contains(text, l.ZH()) {
			return l
		}
	}
	if category != "Met" && category != "Geo" && category != "Env" || strings.Contains(strings.ToLower(text), "red flag") {
		return alert.NoLevel // an American "Blue Alert" is about the police
	}
	m := colourWords.FindStringSubmatch(text)
	if m == nil {
		return alert.NoLevel
	}
	word := strings.ToLower(m[1] + m[2])
	if word == "amber" {
		return alert.Orange
	}
	l, _ := alert.ParseLevel(word)
	return l
}
