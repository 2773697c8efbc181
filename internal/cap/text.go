package cap

import (
	"strings"
	"unicode"
)

// unsafe reports characters that make a text read other than it is stored:
// controls, and the marks that turn the direction of writing around. The marks
// that Arabic and Hebrew need (U+200E, U+200F) stay.
func unsafe(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r):
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // embedding, override, isolate
		return true
	case r == 0x2028 || r == 0x2029 || r == 0xFEFF || r >= 0xE0000 && r <= 0xE007F: // separators, BOM, tags
		return true
	}
	return false
}

// clean drops the unsafe characters. Windows line ends become plain ones.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if !strings.ContainsFunc(s, unsafe) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == 0x2028 || r == 0x2029 || r == '\r' {
			return '\n'
		}
		if unsafe(r) {
			return -1
		}
		return r
	}, s)
}

// line makes one line of a text.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// markup reports whether a text holds HTML tags, or entities escaped twice.
func markup(s string) bool {
	for rest := s; ; {
		i := strings.IndexAny(rest, "<&")
		if i < 0 || i+1 == len(rest) {
			return false
		}
		c, after := rest[i], rest[i+1:]
		switch {
		case c == '<' && tagLike(after):
			return true
		case c == '&':
			if end := strings.IndexByte(after[:min(len(after), 10)], ';'); end > 0 && entityLike(after[:end]) {
				return true
			}
		}
		rest = after
	}
}

// tagLike reports whether what follows a "<" reads as a tag: a letter or a
// slash and a letter, and a ">" before the next "<".
func tagLike(s string) bool {
	s = strings.TrimPrefix(s, "/")
	if s == "" || !(s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z') {
		return false
	}
	i := strings.IndexAny(s[:min(len(s), 500)], "<>")
	return i > 0 && s[i] == '>'
}

func entityLike(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" ||
		len(name) > 1 && name[0] == '#' && strings.Trim(name[1:], "0123456789xXabcdefABCDEF") == ""
}
