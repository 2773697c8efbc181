package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// mirrorCheck compares a mirror with the stream while the stream is read.
type mirrorCheck struct {
	m     *mirror
	file  *os.File
	lines *lines
	inUse bool
	until Chain // in use: how far the mirror was synced when the comparison began
	held  Chain // the events that are the same
	size  int64
	ended bool   // the mirror has no more lines; it may be behind
	torn  bool   // its last line has no end
	why   string // what is wrong with it; empty while all is well
	at    uint64 // and with which event
}

// check begins a comparison; the caller closes it. A mirror in use is compared as
// far as it is synced. The file is opened by its name: it is what others find.
func (m *mirror) check(inUse bool) (*mirrorCheck, error) {
	f, err := os.Open(m.path)
	if err != nil {
		return nil, fmt.Errorf("read mirror: %w", err)
	}
	dropCache(f)
	c := &mirrorCheck{m: m, file: f, lines: newLines(f), inUse: inUse}
	if inUse {
		var size int64
		c.until, size = m.held()
		c.lines = newLines(io.LimitReader(f, size))
	}
	return c, nil
}

func (c *mirrorCheck) close() { c.file.Close() }

// next compares the stream's next event.
func (c *mirrorCheck) next(e *entry, stored []byte) {
	if c.ended || c.why != "" {
		return
	}
	line, err := c.lines.next()
	switch {
	case errors.Is(err, io.EOF):
		c.ended = true
	case errors.Is(err, errTorn):
		c.ended, c.torn = true, true
	case err != nil:
		c.fault(e.seq, err.Error())
	case !bytes.Equal(line, stored):
		c.fault(e.seq, differs(line, e))
	default:
		c.held, c.size = Chain{seq: e.seq, head: e.hash}, c.lines.size
	}
}

func differs(line []byte, e *entry) string {
	got, err := parseEntry(line)
	switch {
	case err != nil:
		return fmt.Sprintf("its line of event %d (%s) cannot be read", e.seq, e.name())
	case got.seq != e.seq:
		return fmt.Sprintf("event %d stands where event %d (%s) belongs", got.seq, e.seq, e.name())
	}
	return fmt.Sprintf("its event %d (%s) is not the stream's", e.seq, e.name())
}

func (c *mirrorCheck) fault(at uint64, why string) { c.at, c.why = at, why }

// finish looks for what is behind the stream's last event, and for what a mirror
// in use has lost.
func (c *mirrorCheck) finish(last uint64) {
	if c.why != "" {
		return
	}
	if c.inUse && c.held.seq < min(c.until.seq, last) {
		c.fault(c.held.seq+1, fmt.Sprintf("it was written up to event %d and ends with event %d now", c.until.seq, c.held.seq))
		return
	}
	if c.ended || c.inUse {
		return
	}
	_, err := c.lines.next()
	switch {
	case errors.Is(err, io.EOF):
	case errors.Is(err, errTorn):
		c.torn = true
	case err != nil:
		c.fault(last+1, err.Error())
	default:
		c.fault(last+1, fmt.Sprintf("it goes on behind the stream's last event, %d", last))
	}
}
