package roll

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Selection says whom an export is of; a zero field is no limit. Areas, groups,
// hazard and level are those of a notice, and select whoever it would be for.
type Selection struct {
	Channel string       `json:"channel,omitempty"`
	Areas   []string     `json:"areas,omitempty"` // codes or names
	Groups  []string     `json:"groups,omitempty"`
	Hazard  alert.Hazard `json:"hazard,omitempty"` // a code or a name
	Level   alert.Level  `json:"level,omitempty"`
}

// Resolve turns names into codes. It refuses a selection that nobody could mean:
// a channel, a place or a hazard that is not known selects nobody, and an empty
// list would look like an answer.
func (r *Roll) Resolve(s Selection) (Selection, error) {
	var ps alert.Problems
	if s.Channel = channelWord(s.Channel); s.Channel != "" && s.Channel != SMS && s.Channel != WeChat {
		ps = append(ps, problem("channel", "未知渠道，应为 sms 或 wechat", "unknown channel: want sms or wechat"))
	}
	codes, p := namePlaces(r.places).codes(s.Areas)
	if s.Areas = codes; p != nil {
		ps = append(ps, p)
	}
	if s.Hazard != "" {
		if s.Hazard = hazardCode(string(s.Hazard)); !validHazard(s.Hazard) {
			ps = append(ps, problem("hazard", "未知灾种："+quote(string(s.Hazard)), "unknown hazard: "+quote(string(s.Hazard))))
		}
	}
	return s, ps.Err()
}

// wants asks the same of a profile as the audience index does.
func (s Selection) wants(places *alert.Gazetteer, p Profile) bool {
	return (s.Channel == "" || s.Channel == p.Channel) &&
		(s.Level == alert.NoLevel || s.Level >= p.MinLevel) &&
		(len(s.Areas) == 0 || slices.ContainsFunc(p.Areas, func(theirs string) bool {
			return slices.ContainsFunc(s.Areas, func(asked string) bool { return places.Covers(asked, theirs) })
		})) &&
		(len(s.Groups) == 0 || slices.ContainsFunc(p.Groups, func(g string) bool { return slices.Contains(s.Groups, g) })) &&
		(s.Hazard == "" || len(p.Hazards) == 0 || slices.Contains(p.Hazards, s.Hazard))
}

// Export calls fn for everybody on the roll whom the selection is for, with
// their addresses in the open, and returns how many there are per channel.
// Whoever left is not among them. Only a person with the right to export may
// cause it, and it is for the caller to record that they did.
func (r *Roll) Export(ctx context.Context, sel Selection, fn func(Subscription) error) (map[string]int, error) {
	counts, err := r.selected(ctx, sel, func(id alert.RecipientID, rec Record) error {
		s, err := r.open(id, rec)
		if err != nil {
			return err
		}
		return fn(s)
	})
	if err != nil {
		return counts, fmt.Errorf("export the roll: %w", err)
	}
	return counts, nil
}

// CountSelected returns how many people an export would hold per channel.
func (r *Roll) CountSelected(ctx context.Context, sel Selection) (map[string]int, error) {
	counts, err := r.selected(ctx, sel, func(alert.RecipientID, Record) error { return nil })
	if err != nil {
		return counts, fmt.Errorf("count the roll: %w", err)
	}
	return counts, nil
}

func (r *Roll) selected(ctx context.Context, sel Selection, fn func(alert.RecipientID, Record) error) (map[string]int, error) {
	counts := map[string]int{}
	sel, err := r.Resolve(sel)
	if err != nil {
		return counts, err
	}
	_, err = r.scan(ctx, func(id alert.RecipientID, _ uint64, rec Record) error {
		if rec.State != Active {
			return nil
		}
		p, err := ParseProfile(rec.Profile)
		if err != nil {
			return fmt.Errorf("subscription %s: %w", id, err)
		}
		if !sel.wants(r.places, p) {
			return nil
		}
		counts[p.Channel]++
		return fn(id, rec)
	})
	return counts, err
}

// The forms of an export.
const (
	CSV    = "csv"    // for a spreadsheet, and to be imported again
	NDJSON = "ndjson" // to be imported again
	Plain  = "list"   // bare addresses, one a line, for a carrier's own page
)

// Writer writes subscriptions in one of the forms. CSV and NDJSON are what
// [ReadCSV] and [ReadNDJSON] read.
type Writer struct {
	out  *bufio.Writer
	csv  *csv.Writer
	json *json.Encoder
}

// NewWriter returns a writer of the form.
func NewWriter(w io.Writer, form string) (*Writer, error) {
	out := &Writer{out: bufio.NewWriterSize(w, chunk)}
	switch form {
	case CSV:
		out.csv = csv.NewWriter(out.out)
		_, _ = out.out.WriteString(byteOrderMark) // a bufio.Writer keeps its error for Flush
		var head []string
		for c := range column(columnCount) {
			head = append(head, c.names()[1])
		}
		return out, out.csv.Write(head)
	case NDJSON:
		out.json = json.NewEncoder(out.out)
		out.json.SetEscapeHTML(false)
		return out, nil
	case Plain:
		return out, nil
	}
	return nil, fmt.Errorf("export as %q: want %s, %s or %s", form, CSV, NDJSON, Plain)
}

// Write adds a subscription.
func (w *Writer) Write(s Subscription) error {
	switch {
	case w.csv != nil:
		return w.csv.Write(csvCells(s))
	case w.json != nil:
		return w.json.Encode(s)
	}
	_, err := w.out.WriteString(s.Address + "\n")
	return err
}

// Flush writes what is buffered and returns the first error there was.
func (w *Writer) Flush() error {
	if w.csv != nil {
		w.csv.Flush()
		return errors.Join(w.csv.Error(), w.out.Flush())
	}
	return w.out.Flush()
}

func csvCells(s Subscription) []string {
	hazards := make([]string, len(s.Hazards))
	for i, h := range s.Hazards {
		hazards[i] = string(h)
	}
	level := ""
	if s.MinLevel != alert.NoLevel {
		level = s.MinLevel.String()
	}
	return inert([]string{
		s.Channel, s.Address, strings.Join(s.Areas, ";"), strings.Join(s.Groups, ";"), level,
		strings.Join(hazards, ";"), s.Lang, s.Quiet.String(), s.Joined.In(chinaTime()).Format(time.RFC3339Nano),
	})
}
