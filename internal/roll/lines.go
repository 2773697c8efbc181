package roll

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// maxLine bounds one row of an import. A quote that is never closed therefore
// costs one row, not the rest of the file.
const maxLine = 64 << 10 // bytes

// line is one line of a file without its end; wrong is set when it cannot be read.
type line struct {
	n     int
	text  string
	wrong *alert.Problem
}

// lines yields the non-empty lines of a file. A line that is too long or not
// UTF-8 is yielded as wrong; an error of the reader is yielded last.
func lines(r io.Reader) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		in := bufio.NewReaderSize(r, maxLine)
		for n := 1; ; n++ {
			b, err := in.ReadSlice('\n')
			long := errors.Is(err, bufio.ErrBufferFull)
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
			if err != nil && err != io.EOF {
				yield(line{n: n}, err)
				return
			}
			l := line{n: n}
			switch {
			case long:
				l.wrong = problem("", "该行过长", "the line is too long")
				l.wrong.Kind = alert.TooLarge
			default:
				l.text, l.wrong = cleanLine(b, n)
			}
			if (l.text != "" || l.wrong != nil) && !yield(l, nil) {
				return
			}
			if err == io.EOF {
				return
			}
		}
	}
}

func cleanLine(b []byte, n int) (string, *alert.Problem) {
	if n == 1 {
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // Excel's mark
	}
	b = bytes.TrimRight(b, "\r\n")
	if !utf8.Valid(b) {
		return "", problem("", "不是 UTF-8 编码（Excel 请另存为“CSV UTF-8”）", "not UTF-8 (in Excel save as CSV UTF-8)")
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return "", problem("", "含空字符", "holds a NUL character")
	}
	return string(bytes.TrimSpace(b)), nil
}
