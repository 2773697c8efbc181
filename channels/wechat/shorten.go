package wechat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// width is a text's length as WeChat counts it. How it counts a character
// outside the basic plane is not written; two is the safe reading.
func width(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// tidy makes one line of a text and drops what no field may hold: control and
// invisible formatting characters.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// fit returns s, shortened to limit with … at its end when it is longer.
func fit(s string, limit int) string {
	if width(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	end, n := 0, 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > limit-1 {
			break
		}
		end = i + len(string(r))
	}
	return strings.TrimRight(s[:end], " ，。、；,.;") + "…"
}

// fitPlaces shortens a list of places at a name, and says how many there are:
// 禅城区、南海区等5处….
func fitPlaces(s string, limit int, lang string) string {
	if width(s) <= limit {
		return s
	}
	names := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("、，,；;", r) })
	tail := fmt.Sprintf("等%d处…", len(names))
	if lang == "en" {
		tail = fmt.Sprintf(", all %d…", len(names))
	}
	for k := len(names) - 1; k > 0; k-- {
		if text := strings.Join(trimAll(names[:k]), "、") + tail; width(text) <= limit {
			return text
		}
	}
	return fit(s, limit)
}

func trimAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.TrimSpace(n)
	}
	return out
}
