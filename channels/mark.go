package channels

import "mingluo/internal/alert"

// DrillMark returns what stands first and last in every text of a drill (R6),
// and "" for a live one. The channel adds it; no template does.
func DrillMark(mode alert.Mode, lang string) string {
	switch {
	case mode == alert.Live:
		return ""
	case lang == "en":
		return "[DRILL]"
	}
	return "【演练】"
}
