package roll

import (
	"io"
	"iter"
	"strings"

	"mingluo/internal/alert"
)

// ReadCSV reads subscriptions from CSV (RFC 4180) as people and spreadsheets
// write it: in UTF-8, UTF-16 or GB18030, cells separated by commas, semicolons
// or tabs. The first line names the columns, in any order, in English or Chinese:
//
//	channel 渠道 | address 地址 手机号 openid | areas 区域 镇街 | groups 分组 | min_level 最低级别 |
//	hazards 灾种 | lang 语言 | quiet 免打扰 | joined 加入时间
//
// Address and areas are needed, and channel, unless the address is called 手机号
// or openid. Lists are separated by ";", "、" or a line break within quotes.
// Cells missing at a row's end are empty, as spreadsheets leave them out. An
// apostrophe before a cell, which keeps spreadsheets from calculating with it,
// is dropped.
//
// Rows that cannot be understood come with what is wrong and where. The error
// is the reader's, or a head that cannot be used (alert.Problems), and ends it.
func ReadCSV(r io.Reader, places *alert.Gazetteer) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		f := csvFile{lines: readLines(r), names: namePlaces(places)}
		if line, err := f.readHead(); err != nil {
			yield(Row{Line: line}, err)
			return
		}
		for {
			row, err := f.row()
			if err == io.EOF || !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// csvFile is a file being read, behind its head.
type csvFile struct {
	lines   *lines
	names   placeNames
	sep     byte
	head    []column
	channel string // what the address column's name says; "" when it says nothing
	cells   []cell // of the present row
}

// row returns the next row that holds anything, or io.EOF.
func (f *csvFile) row() (Row, error) {
	for {
		l, err := f.lines.next()
		if err != nil {
			return Row{Line: l.n}, err
		}
		if l.wrong != nil {
			return Row{Line: l.n, Wrong: alert.Problems{l.wrong}}, nil
		}
		l, fault := f.split(l)
		row := Row{Line: l.n, text: l.text}
		switch {
		case fault >= 0:
			row.wrongAt(fault, problem("", "引号未闭合或位置不对", "a quote is not closed or stands in the wrong place"))
		case f.empty():
			continue
		default:
			f.fill(&row)
		}
		return row, nil
	}
}

// split takes a line apart into f.cells. Where a quote is still open at its end,
// the lines up to the closing quote belong to it; where none closes it, the line
// alone is at fault and the others are read again.
func (f *csvFile) split(l line) (_ line, fault int) {
	var open bool
	f.cells, fault, open = splitCSV(f.cells[:0], l.text, f.sep)
	if !open {
		return l, fault
	}
	whole, taken := f.closing(l.text)
	if whole != "" {
		var wrong int
		if f.cells, wrong, _ = splitCSV(f.cells[:0], whole, f.sep); wrong < 0 {
			return line{n: l.n, text: whole}, -1
		}
	}
	f.lines.unread(taken)
	return l, fault
}

// closing reads on to the line that closes a quote. It returns the whole row, ""
// when there is no such line within the limit, and the lines it took.
func (f *csvFile) closing(text string) (whole string, taken []line) {
	var b strings.Builder
	b.WriteString(text)
	for {
		l, err := f.lines.next()
		if err != nil {
			return "", taken // an error comes again with the next row
		}
		taken = append(taken, l)
		if l.wrong != nil || b.Len()+len(l.text) >= maxLine {
			return "", taken
		}
		b.WriteByte('\n')
		b.WriteString(l.text)
		if strings.Count(l.text, `"`)%2 == 1 {
			return b.String(), taken
		}
	}
}

// empty reports whether the row holds nothing: spreadsheets write such rows.
func (f *csvFile) empty() bool {
	for _, c := range f.cells {
		if c.text != "" {
			return false
		}
	}
	return true
}

// fill understands the cells.
func (f *csvFile) fill(row *Row) {
	in := fields{Channel: f.channel}
	for i, c := range f.cells {
		col := unused
		if i < len(f.head) {
			col = f.head[i]
		}
		if col == unused {
			if c.text != "" {
				row.wrongAt(c.at, problem("", "这一格没有列名，或这一行比表头多出列", "a cell without a heading: there are more cells than in the head line"))
				return
			}
			continue
		}
		row.at[col] = int32(c.at) + 1
		in.set(col, c.text)
	}
	row.understood(&in, f.names)
}

// cell is one field of a row and where it begins in the row's text.
type cell struct {
	text string
	at   int
}

// splitCSV appends a row's cells. fault is where a cell begins that breaks the
// rules of quotes, -1 when none does; open says that it lacks its closing quote.
func splitCSV(cells []cell, text string, sep byte) (_ []cell, fault int, open bool) {
	for at := 0; ; {
		body, used, open := csvCell(text[at:], sep)
		if used < 0 {
			return cells, at, open
		}
		cells = append(cells, cell{plain(body), at})
		if at += used; at == len(text) {
			return cells, -1, false
		}
		at++ // the separator
	}
}

// csvCell returns the first cell and how many bytes it takes up before the
// separator or the end; -1 when its quotes are wrong.
func csvCell(s string, sep byte) (text string, used int, open bool) {
	if !strings.HasPrefix(s, `"`) {
		used = strings.IndexByte(s, sep)
		if used < 0 {
			used = len(s)
		}
		if strings.IndexByte(s[:used], '"') >= 0 {
			return "", -1, false
		}
		return s[:used], used, false
	}
	from, doubled := 1, false
	for {
		i := strings.IndexByte(s[from:], '"')
		if i < 0 {
			return "", -1, true
		}
		from += i + 1
		if from == len(s) || s[from] != '"' {
			break
		}
		from, doubled = from+1, true
	}
	if from < len(s) && s[from] != sep {
		return "", -1, false
	}
	text = s[1 : from-1]
	if doubled {
		text = strings.ReplaceAll(text, `""`, `"`)
	}
	return text, from, false
}

// plain takes off what is put around a cell so that a spreadsheet takes it for a
// text: an apostrophe before it, or ="…".
func plain(s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) {
		return strings.TrimSuffix(inner, `"`)
	}
	return strings.TrimPrefix(s, "'")
}
