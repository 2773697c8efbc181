package journal

import (
	"bufio"
	"errors"
	"io"
	"os"

	"mingluo/internal/alert"
)

// errTorn: the last line has no end. A crash in the middle of writing leaves such
// a line behind.
var errTorn = errors.New("the last line has no end")

// lines reads a file of events, one a line, whatever its state.
type lines struct {
	r    *bufio.Reader
	off  int64 // where the line that next returns begins
	size int64 // of the lines returned so far, with their ends
	buf  []byte
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 256<<10)} }

// next returns a line without its end; the bytes are good until the next call. Of
// a line that is longer than any event it returns the beginning, which no event
// begins with. It ends with io.EOF, or with errTorn and what there is.
func (l *lines) next() ([]byte, error) {
	l.buf, l.off = l.buf[:0], l.size
	for {
		part, err := l.r.ReadSlice('\n')
		l.size += int64(len(part))
		if room := alert.MaxEventBytes + 2 - len(l.buf); room > 0 {
			l.buf = append(l.buf, part[:min(room, len(part))]...)
		}
		switch {
		case err == nil:
			return trimEnd(l.buf), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && l.size == l.off:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			l.size = l.off
			return l.buf, errTorn
		default:
			return nil, err
		}
	}
}

func trimEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		return b[:n-1]
	}
	return b
}

// fileLinks reads the links of a file of events. Lines that are no events are
// passed over: they are holes.
func fileLinks(name string, f *os.File) (*copyLinks, error) {
	dropCache(f)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	c := &copyLinks{name: name, read: func(p placed) ([]byte, error) {
		b := make([]byte, p.size)
		_, err := f.ReadAt(b, p.off)
		return b, err
	}}
	for l := newLines(f); ; {
		b, err := l.next()
		if err == io.EOF || err == errTorn {
			c.sort()
			return c, nil
		}
		if err != nil {
			return nil, err
		}
		e, err := parseEntry(b)
		if err != nil {
			c.junk++
			continue
		}
		c.links = append(c.links, placed{seq: e.seq, hash: e.hash, prev: e.prev, off: l.off, size: len(b)})
	}
}
