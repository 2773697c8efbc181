package audit

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Writer writes entries to a file, one after the other.
type Writer interface {
	Write(e Entry) error
	Flush() error
}

// NewCSV writes a table with a line of names first. A byte order mark stands
// before it, without which the office's spreadsheets take Chinese for something
// else; a text that a spreadsheet would take for a formula gets an apostrophe.
func NewCSV(w io.Writer) (Writer, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := csvWriter{csv.NewWriter(w)}
	return c, c.csv.Write([]string{"seq", "at", "last", "count", "officer", "proven", "mode", "from", "via", "act", "object", "outcome", "rule", "zh", "en"})
}

type csvWriter struct{ csv *csv.Writer }

func (c csvWriter) Write(e Entry) error {
	row := []string{
		strconv.FormatUint(e.Seq, 10), e.At.Format(time.RFC3339), e.Last.Format(time.RFC3339), strconv.Itoa(e.Count), e.Officer, strconv.FormatBool(e.Proven),
		string(e.Mode), e.From, e.Via, e.Act, e.Object, string(e.Outcome), e.Rule, e.ZH, e.EN,
	}
	for i := range row {
		row[i] = inert(row[i])
	}
	if err := c.csv.Write(row); err != nil {
		return fmt.Errorf("write the audit's table: %w", err)
	}
	return nil
}

func (c csvWriter) Flush() error {
	c.csv.Flush()
	return c.csv.Error()
}

func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// NewNDJSON writes a JSON object on each line.
func NewNDJSON(w io.Writer) Writer { return ndjson{json.NewEncoder(w)} }

type ndjson struct{ enc *json.Encoder }

func (n ndjson) Write(e Entry) error {
	if err := n.enc.Encode(e); err != nil {
		return fmt.Errorf("write the audit's lines: %w", err)
	}
	return nil
}

func (ndjson) Flush() error { return nil }
