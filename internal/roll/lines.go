package roll

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// maxLine bounds one row of an import. A quote that is never closed therefore
// costs one row, not the rest of the file.
const maxLine = chunk // bytes

// line is one physical line of a file without its end; wrong is set when it
// cannot be read.
type line struct {
	n     int
	text  string
	wrong *alert.Problem
}

// lines reads a file line by line, and can take lines back.
type lines struct {
	in     *bufio.Reader
	n      int
	back   []line // to be read again before what is in the file
	failed error
}

func readLines(r io.Reader) *lines {
	return &lines{in: bufio.NewReaderSize(decode(r), maxLine)}
}

// next returns the next line, or io.EOF, or the reader's error.
func (ls *lines) next() (line, error) {
	if len(ls.back) > 0 {
		l := ls.back[0]
		ls.back = ls.back[1:]
		return l, nil
	}
	if ls.failed != nil {
		return line{n: ls.n}, ls.failed
	}
	b, err := ls.in.ReadSlice('\n')
	long := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = ls.in.ReadSlice('\n')
	}
	ls.n++
	if ls.failed = err; err != nil && (err != io.EOF || len(b) == 0) {
		return line{n: ls.n}, err
	}
	if long {
		p := problem("", "该行过长（最多 64 KiB）", "the line is too long, at most 64 KiB")
		p.Kind = alert.TooLarge
		return line{n: ls.n, wrong: p}, nil
	}
	l := line{n: ls.n}
	l.text, l.wrong = cleanLine(b)
	return l, nil
}

// unread gives lines back in the order they were read.
func (ls *lines) unread(taken []line) { ls.back = append(taken, ls.back...) }

func cleanLine(b []byte) (string, *alert.Problem) {
	b = bytes.TrimRight(b, "\r\n")
	if !utf8.Valid(b) || bytes.Contains(b, []byte("\uFFFD")) {
		return "", problem("", "有字符无法解码：不是 UTF-8，也不是 GB18030（Excel 请另存为“CSV UTF-8”）", "holds a character that is neither UTF-8 nor GB18030 (in Excel save as CSV UTF-8)")
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return "", problem("", "含空字符", "holds a NUL character")
	}
	return string(b), nil
}
