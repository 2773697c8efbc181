package gsm

import "strings"

// The default alphabet (3GPP TS 23.038 §6.2.1), by position. Position 0x1B is
// the escape to the extension table and stands for no character.
const alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

const escape = 0x1B

// extension returns the position of a character of the extension table (§6.2.1.1).
func extension(r rune) (byte, bool) {
	switch r {
	case '\f':
		return 0x0A, true
	case '^':
		return 0x14, true
	case '{':
		return 0x28, true
	case '}':
		return 0x29, true
	case '\\':
		return 0x2F, true
	case '[':
		return 0x3C, true
	case '~':
		return 0x3D, true
	case ']':
		return 0x3E, true
	case '|':
		return 0x40, true
	case '€':
		return 0x65, true
	}
	return 0, false
}

// septet returns the position of a character of the default alphabet.
func septet(r rune) (byte, bool) {
	switch {
	case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '?', r >= ' ' && r <= '#', r >= '%' && r <= '/':
		return byte(r), true // where the alphabet is ASCII
	case r == escape || r > 'Ω':
		return 0, false
	}
	n := byte(0)
	for _, a := range alphabet {
		if a == r {
			return n, true
		}
		n++
	}
	return 0, false
}

// appendSeptets appends a character, one byte a septet.
func appendSeptets(dst []byte, r rune) ([]byte, bool) {
	if b, ok := septet(r); ok {
		return append(dst, b), true
	}
	if b, ok := extension(r); ok {
		return append(dst, escape, b), true
	}
	return dst, false
}

// decodeSeptets reads a text of one septet a byte. What is not in the alphabet
// is read as a space, as phones show it.
func decodeSeptets(b []byte) string {
	table := []rune(alphabet)
	var s strings.Builder
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == escape && i+1 < len(b):
			i++
			s.WriteRune(extended(b[i]))
		case c == escape || c > 0x7F:
			s.WriteByte(' ')
		default:
			s.WriteRune(table[c])
		}
	}
	return s.String()
}

func extended(pos byte) rune {
	for _, r := range "\f^{}\\[~]|€" {
		if p, _ := extension(r); p == pos {
			return r
		}
	}
	return ' '
}
