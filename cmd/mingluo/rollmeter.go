package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"mingluo/internal/roll"
)

// meter shows how an import goes: a bar that moves on a terminal, a line every
// few seconds elsewhere. It is the reader of the file, so it knows how far it is.
type meter struct {
	in    io.Reader
	out   io.Writer
	moves bool  // out is a terminal
	size  int64 // bytes; 0 when not known
	read  atomic.Int64
	began time.Time
	shown time.Time
}

const (
	redraw  = 100 * time.Millisecond // on a terminal
	restate = 5 * time.Second        // in a log
)

func newMeter(out *os.File, in io.Reader, size int64) *meter {
	m := &meter{in: in, out: out, size: size, began: time.Now()}
	if info, err := out.Stat(); err == nil {
		m.moves = info.Mode()&os.ModeCharDevice != 0
	}
	m.shown = m.began
	return m
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	m.read.Add(int64(n))
	return n, err
}

// show is called after every batch.
func (m *meter) show(r roll.Report) {
	now := time.Now()
	every := restate
	if m.moves {
		every = redraw
	}
	if now.Sub(m.shown) < every {
		return
	}
	m.shown = now
	if m.moves {
		fmt.Fprintf(m.out, "\r\x1b[K%s%s", m.bar(), m.words(r, now))
		return
	}
	fmt.Fprintln(m.out, "导入中 importing:"+m.words(r, now))
}

func (m *meter) bar() string {
	if m.size == 0 {
		return ""
	}
	const width = 30
	done := int(min(m.read.Load(), m.size) * width / m.size)
	return "[" + strings.Repeat("█", done) + strings.Repeat("·", width-done) + "]"
}

func (m *meter) words(r roll.Report, now time.Time) string {
	took := now.Sub(m.began)
	words := ""
	if m.size > 0 {
		words = fmt.Sprintf(" %d%%", min(m.read.Load(), m.size)*100/m.size)
	}
	words += fmt.Sprintf(" %d 行 rows，%.0f/s", r.Rows, float64(r.Rows)/took.Seconds())
	if done := m.read.Load(); m.size > 0 && done > 0 {
		words += fmt.Sprintf("，还需 left %v", (time.Duration(float64(took) * float64(m.size-done) / float64(done))).Round(time.Second))
	}
	if r.Rejected > 0 {
		words += fmt.Sprintf("，退回 rejected %d", r.Rejected)
	}
	return words
}

// end leaves the terminal's line.
func (m *meter) end() {
	if m.moves {
		fmt.Fprint(m.out, "\r\x1b[K")
	}
}

func (m *meter) took(rows int) string {
	took := time.Since(m.began)
	return fmt.Sprintf("%.1f s，%.0f/s", took.Seconds(), float64(rows)/took.Seconds())
}
