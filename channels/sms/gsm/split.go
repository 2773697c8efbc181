package gsm

import (
	"encoding/binary"
	"unicode/utf16"
)

// Alphabet is how a text is written.
type Alphabet uint8

const (
	Seven Alphabet = iota // the default alphabet, one septet a byte
	UCS2                  // UTF-16, big end first
)

// What fits in a message: units are septets or UTF-16 code units.
const (
	SevenAlone, SevenJoined = 160, 153
	UCS2Alone, UCS2Joined   = 70, 67
)

// MaxParts is the most that a concatenation's one-byte count can say.
const MaxParts = 255

// Encoded is a text as the network carries it.
type Encoded struct {
	Alphabet Alphabet
	Units    int      // of the whole text: septets, or UTF-16 code units
	Parts    [][]byte // the messages' bodies, without their headers
}

// Encode writes a text in the alphabet that takes the fewest messages, and cuts
// it where necessary: never inside a surrogate pair, never between an escape
// and its character. An empty text is one empty message.
func Encode(text string) Encoded {
	if b, ok := septets(text); ok {
		return Encoded{Alphabet: Seven, Units: len(b), Parts: cut(b, SevenAlone, SevenJoined, func(last []byte) bool { return last[0] == escape }, 1)}
	}
	b := ucs2(text)
	return Encoded{Alphabet: UCS2, Units: len(b) / 2, Parts: cut(b, 2*UCS2Alone, 2*UCS2Joined, highSurrogate, 2)}
}

// Capacity returns how many units fit in so many messages of an alphabet.
func (a Alphabet) Capacity(parts int) int {
	switch {
	case a == Seven && parts == 1:
		return SevenAlone
	case a == Seven:
		return parts * SevenJoined
	case parts == 1:
		return UCS2Alone
	}
	return parts * UCS2Joined
}

func septets(text string) ([]byte, bool) {
	b, ok := make([]byte, 0, len(text)), true
	for _, r := range text {
		if b, ok = appendSeptets(b, r); !ok {
			return nil, false
		}
	}
	return b, true
}

func ucs2(text string) []byte {
	b := make([]byte, 0, 2*len(text))
	for _, r := range text {
		if hi, lo := utf16.EncodeRune(r); hi != 0xFFFD {
			b = binary.BigEndian.AppendUint16(b, uint16(hi))
			b = binary.BigEndian.AppendUint16(b, uint16(lo))
			continue
		}
		b = binary.BigEndian.AppendUint16(b, uint16(r))
	}
	return b
}

func highSurrogate(unit []byte) bool { return unit[0]&0xFC == 0xD8 }

// cut divides b into pieces of at most joined bytes; one of at most alone bytes
// stays whole. A piece does not end with a unit that opens a pair.
func cut(b []byte, alone, joined int, opens func(unit []byte) bool, unit int) [][]byte {
	if len(b) <= alone {
		return [][]byte{b}
	}
	var parts [][]byte
	for len(b) > joined {
		n := joined
		if opens(b[n-unit : n]) {
			n -= unit
		}
		parts, b = append(parts, b[:n:n]), b[n:]
	}
	return append(parts, b)
}

// Decode reads a message's body, its header taken off.
func Decode(a Alphabet, body []byte) string {
	if a == Seven {
		return decodeSeptets(body)
	}
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(body[2*i:])
	}
	return string(utf16.Decode(units))
}
