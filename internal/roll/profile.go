package roll

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"mingluo/internal/alert"
)

// Profile is what a person asked for, without who it is. Few profiles are
// different from each other (areas × groups × levels), so the index keeps each
// once; that is why a profile has exactly one encoding.
type Profile struct {
	Channel  string
	Lang     string
	MinLevel alert.Level
	Quiet    Quiet
	Areas    []string
	Groups   []string
	Hazards  []alert.Hazard
}

// Limits of a profile. They bound what a hostile import can make us store.
const (
	maxAreas      = 64
	maxGroups     = 32
	maxHazards    = 64
	maxGroupBytes = 64
	maxCodeBytes  = 32
	maxProfile    = 8 << 10 // bytes, encoded
)

var errProfile = errors.New("profile: not in the one form that is written")

// AppendProfile appends the stored form:
//
//	channel | lang 1 (0 zh, 1 en) | min level 1 | quiet from, to uvarint |
//	areas | groups | hazards
//
// where a text is its length as uvarint and its bytes, and a list is its
// length and its texts in ascending order, each once.
func AppendProfile(dst []byte, p Profile) []byte {
	dst = appendText(dst, p.Channel)
	lang := byte(0)
	if p.Lang == "en" {
		lang = 1
	}
	dst = append(dst, lang, byte(p.MinLevel))
	dst = binary.AppendUvarint(dst, uint64(p.Quiet.From))
	dst = binary.AppendUvarint(dst, uint64(p.Quiet.To))
	dst = appendList(dst, p.Areas)
	dst = appendList(dst, p.Groups)
	return appendList(dst, p.Hazards)
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendList[S ~string](dst []byte, list []S) []byte {
	if !ascending(list) {
		list = slices.Compact(slices.Sorted(slices.Values(list)))
	}
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, string(s))
	}
	return dst
}

func ascending[S ~string](list []S) bool {
	for i := 1; i < len(list); i++ {
		if list[i-1] >= list[i] {
			return false
		}
	}
	return true
}

// ParseProfile reads the stored form back. Anything but the one form that
// [AppendProfile] writes is an error.
func ParseProfile(b []byte) (Profile, error) {
	if len(b) > maxProfile {
		return Profile{}, fmt.Errorf("profile of %d bytes: at most %d", len(b), maxProfile)
	}
	r := reader{b: b}
	p := Profile{Channel: r.text(16), Lang: "zh"}
	if r.byte() == 1 {
		p.Lang = "en"
	}
	p.MinLevel = alert.Level(r.byte())
	p.Quiet = Quiet{From: uint16(r.uvarint()), To: uint16(r.uvarint())}
	p.Areas = readList[string](&r, maxAreas, maxCodeBytes)
	p.Groups = readList[string](&r, maxGroups, maxGroupBytes)
	p.Hazards = readList[alert.Hazard](&r, maxHazards, maxCodeBytes)
	if r.bad || len(r.b) != 0 || p.MinLevel > alert.Red || p.Quiet.From >= 24*60 || p.Quiet.To >= 24*60 {
		return Profile{}, errProfile
	}
	if !bytes.Equal(AppendProfile(make([]byte, 0, len(b)), p), b) {
		return Profile{}, errProfile
	}
	return p, nil
}

func readList[S ~string](r *reader, most, bytesEach int) []S {
	n := r.uvarint()
	if n > uint64(most) {
		r.bad = true
	}
	if r.bad || n == 0 {
		return nil
	}
	list := make([]S, 0, n)
	for range n {
		list = append(list, S(r.text(bytesEach)))
	}
	return list
}

// validGroup refuses what could not be shown or would break a CSV list.
func validGroup(g string) bool {
	return g != "" && len(g) <= maxGroupBytes && g == strings.TrimSpace(g) && !strings.ContainsAny(g, listMarks+",") &&
		strings.IndexFunc(g, func(c rune) bool { return !unicode.IsGraphic(c) }) < 0
}

func validHazard(h alert.Hazard) bool {
	if h == "" || len(h) > maxCodeBytes {
		return false
	}
	return strings.IndexFunc(string(h), func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}

// reader takes a stored form apart. After the first fault it returns zeros and
// bad stays set, so that callers check once.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if r.bad || len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if r.bad || n <= 0 || n > 1 && r.b[n-1] == 0 { // a padded number would be a second form
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// bytes returns the next counted bytes, which alias the input.
func (r *reader) bytes(most int) []byte {
	n := r.uvarint()
	if r.bad || n > uint64(most) || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) text(most int) string { return string(r.bytes(most)) }
