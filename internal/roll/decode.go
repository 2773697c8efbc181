package roll

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// chunk is how much of a file is looked at to tell its encoding, and the
// longest row of an import.
const chunk = 64 << 10 // bytes

// decode returns the file as UTF-8, whatever a spreadsheet wrote it in: UTF-8
// with or without a mark, UTF-16 with one ("Unicode text"), or GB18030, which
// holds GBK and GB 2312 (a Chinese Excel's plain "CSV"). The first bytes beyond
// ASCII decide. Bytes that cannot be decoded come out as U+FFFD or as they are;
// the row that holds them is refused later.
func decode(r io.Reader) io.Reader {
	in := bufio.NewReaderSize(r, chunk)
	head, _ := in.Peek(3) // an error comes again with the first read
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3)
		return in
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(in)
	}
	return &undecided{in: in}
}

// undecided passes ASCII on until the bytes say what the file is written in.
type undecided struct {
	in      *bufio.Reader
	decided io.Reader
}

func (u *undecided) Read(p []byte) (int, error) {
	if u.decided != nil {
		return u.decided.Read(p)
	}
	if _, err := u.in.Peek(1); err != nil {
		return 0, err
	}
	there, _ := u.in.Peek(u.in.Buffered())
	if n := ascii(there); n > 0 {
		n = copy(p, there[:n])
		_, err := u.in.Discard(n)
		return n, err
	}
	there, _ = u.in.Peek(chunk) // as much as there is; an error comes again later
	u.decided = u.in
	if mostlyNotUTF8(there) {
		u.decided = encoding.Encoding(simplifiedchinese.GB18030).NewDecoder().Reader(u.in)
	}
	return u.decided.Read(p)
}

// ascii returns how many bytes at the beginning are ASCII.
func ascii(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// mostlyNotUTF8 tells GB18030 from UTF-8 with a bad byte in it: read as UTF-8,
// nearly every character of the former is wrong, nearly none of the latter.
func mostlyNotUTF8(b []byte) bool {
	right, wrong := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			if !utf8.FullRune(b) { // cut off by the end of what we look at
				return wrong > right
			}
			wrong++
		case n > 1:
			right++
		}
		b = b[n:]
	}
	return wrong > right
}
