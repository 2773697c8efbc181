package roll

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Rejections writes the rows that an import did not take, for whoever corrects
// the file: a line of CSV for every problem, with the line and the column of the
// file, the field, and the reason in Chinese and English. It repeats no address
// and no cell that could be one.
type Rejections struct {
	out   io.Writer
	csv   *csv.Writer
	begun bool
}

// NewRejections returns a writer that writes nothing before the first rejection.
func NewRejections(w io.Writer) *Rejections { return &Rejections{out: w, csv: csv.NewWriter(w)} }

// Write adds a row.
func (r *Rejections) Write(x Rejection) error {
	if !r.begun {
		r.begun = true
		if _, err := io.WriteString(r.out, byteOrderMark); err != nil {
			return fmt.Errorf("write the rejected rows: %w", err)
		}
		r.record("行 line", "列 column", "字段 field", "原因", "reason")
	}
	for _, p := range x.Problems {
		column := ""
		if p.Column > 0 {
			column = strconv.Itoa(p.Column)
		}
		r.record(strconv.Itoa(max(p.Line, x.Line)), column, p.Field, p.ZH, p.EN)
	}
	return r.err()
}

// Flush writes what is buffered.
func (r *Rejections) Flush() error {
	r.csv.Flush()
	return r.err()
}

func (r *Rejections) record(cells ...string) {
	_ = r.csv.Write(inert(cells)) // its error stays and comes with err
}

func (r *Rejections) err() error {
	if err := r.csv.Error(); err != nil {
		return fmt.Errorf("write the rejected rows: %w", err)
	}
	return nil
}

// byteOrderMark makes Excel read a file as UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// inert keeps a spreadsheet from calculating with cells: what begins like a
// formula or a number with a sign gets an apostrophe before it, which reading
// takes off again (see [ReadCSV]).
func inert(cells []string) []string {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@'\t\r", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	return cells
}
