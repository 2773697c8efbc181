package keep

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	sheetVersion = 1
	lineBytes    = 20 // eight groups of four letters
	maxLines     = 40
	checkLetters = 4
)

// letters are Crockford's: no I, L, O, U, so that nothing is mistaken for a digit
// or spells a word.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func encoding() *base32.Encoding {
	return base32.NewEncoding(letters).WithPadding(base32.NoPadding)
}

// Sheet writes the keys as lines that a person can type back. Each begins with
// its number and ends with four letters that check it.
func (k Kit) Sheet() ([]string, error) {
	b, err := k.pack()
	if err != nil {
		return nil, err
	}
	total := int(b[1])
	var out []string
	for no := 1; len(b) > 0; no++ {
		n := min(lineBytes, len(b))
		out = append(out, fmt.Sprintf("%d/%d  %s  =%s", no, total, group(encoding().EncodeToString(b[:n]), " "), check(no, b[:n])))
		b = b[n:]
	}
	return out, nil
}

func check(no int, data []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "mingluo sheet %d\n", no)
	h.Write(data)
	return encoding().EncodeToString(h.Sum(nil))[:checkLetters]
}

// LineError names the line of a sheet that is wrong.
type LineError struct {
	No  int
	Why string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d of the sheet: %s", e.No, e.Why) }

// Typing takes a sheet line by line.
type Typing struct {
	data  []byte
	taken int
}

// Next is the number of the line that is wanted.
func (t *Typing) Next() int { return t.taken + 1 }

// Total is how many lines there are; 0 before the first.
func (t *Typing) Total() int {
	if len(t.data) < 2 {
		return 0
	}
	return int(t.data[1])
}

// Done reports whether all lines are there.
func (t *Typing) Done() bool { return t.taken > 0 && t.taken == t.Total() }

// Line takes the next line. Small letters, O for 0, I and L for 1, and any
// blanks, dashes or missing number are forgiven. A line that does not fit is a
// [*LineError] and can be typed again.
func (t *Typing) Line(typed string) error {
	no := t.Next()
	rest, err := ownNumber(no, typed)
	if err != nil {
		return err
	}
	text, err := onlyLetters(no, rest)
	if err != nil {
		return err
	}
	if len(text) <= checkLetters || len(text) > checkLetters+(lineBytes*8+4)/5 {
		return &LineError{no, fmt.Sprintf("it has %d letters; a whole line has %d, the last one fewer", len(text), checkLetters+lineBytes*8/5)}
	}
	cut := len(text) - checkLetters
	data, err := encoding().DecodeString(text[:cut])
	if err != nil || check(no, data) != text[cut:] || encoding().EncodeToString(data) != text[:cut] {
		return &LineError{no, "its last four letters do not fit the others: a letter is mistyped, or it is another line"}
	}
	if no == 1 && (len(data) < 2 || data[0] != sheetVersion || data[1] < 1 || data[1] > maxLines) {
		return &LineError{no, "it is not the first line of a sheet that this program knows"}
	}
	t.data, t.taken = append(t.data, data...), no
	return nil
}

// ownNumber takes "3/6" off the front; when it is there it must be the line's.
func ownNumber(no int, typed string) (rest string, err error) {
	typed = strings.TrimSpace(typed)
	front, rest, ok := strings.Cut(typed, "/")
	if !ok {
		return typed, nil
	}
	if n, err := strconv.Atoi(strings.TrimSpace(front)); err != nil || n != no {
		return "", &LineError{no, fmt.Sprintf("line %q was typed", strings.TrimSpace(front))}
	}
	return strings.TrimLeft(strings.TrimSpace(rest), "0123456789"), nil
}

func onlyLetters(no int, typed string) (string, error) {
	var out strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch r {
		case ' ', '\t', '\r', '-', '=', '　':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if r > 'Z' || !strings.ContainsRune(letters, r) {
			return "", &LineError{no, fmt.Sprintf("%q does not stand on a sheet", r)}
		}
		out.WriteRune(r)
	}
	return out.String(), nil
}

// Kit returns the keys once every line is there.
func (t *Typing) Kit() (Kit, error) {
	if !t.Done() {
		return Kit{}, fmt.Errorf("the sheet has %d lines, %d were typed", t.Total(), t.taken)
	}
	return unpack(t.data)
}

// maxSheet bounds a typed sheet in a file.
const maxSheet = 64 << 10

// ReadSheet takes a whole sheet; empty lines, and lines that begin with # or are
// none of a sheet's, may stand around it.
func ReadSheet(r io.Reader) (Kit, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSheet+1))
	if err != nil {
		return Kit{}, fmt.Errorf("read sheet: %w", err)
	}
	if len(b) > maxSheet {
		return Kit{}, errors.New("read sheet: it is far too long for one")
	}
	var t Typing
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if !numbered(line) || t.Done() {
			continue
		}
		if err := t.Line(line); err != nil {
			return Kit{}, err
		}
	}
	return t.Kit()
}

// numbered reports whether a line begins as a sheet's do: "2/6 ".
func numbered(line string) bool {
	front, rest, ok := strings.Cut(line, "/")
	if !ok || rest == "" || rest[0] < '0' || rest[0] > '9' {
		return false
	}
	_, err := strconv.Atoi(front)
	return err == nil
}
