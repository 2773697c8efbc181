package roll

import (
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// ReadCSV reads subscriptions from CSV (RFC 4180, UTF-8, a row a line). The
// first line names the columns, in any order, in English or Chinese:
//
//	channel 渠道 | address 地址 手机号 openid | areas 区域 | groups 分组 | min_level 最低级别 |
//	hazards 灾种 | lang 语言 | quiet 免打扰 | joined 加入时间
//
// Channel, address and areas are needed; lists are separated by ";" or "、".
// Rows that cannot be understood come with what is wrong and where. The error
// is the reader's, or a head that cannot be used (alert.Problems), and ends it.
func ReadCSV(r io.Reader, places *alert.Gazetteer) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var head []string
		for l, err := range lines(r) {
			if err != nil {
				yield(Row{Line: l.n}, err)
				return
			}
			if head == nil {
				if head, err = csvHead(l); err != nil {
					yield(Row{Line: l.n}, err)
					return
				}
				continue
			}
			if !yield(csvRow(l, head, places), nil) {
				return
			}
		}
	}
}

// columnName returns a column's English name, "" when it is unknown.
func columnName(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "channel", "渠道":
		return "channel"
	case "address", "地址", "手机号", "手机", "号码", "phone", "openid":
		return "address"
	case "areas", "area", "区域", "区划", "镇街":
		return "areas"
	case "groups", "group", "分组", "群体":
		return "groups"
	case "min_level", "最低级别", "级别":
		return "min_level"
	case "hazards", "hazard", "灾种":
		return "hazards"
	case "lang", "语言":
		return "lang"
	case "quiet", "免打扰":
		return "quiet"
	case "joined", "加入时间":
		return "joined"
	}
	return ""
}

func csvHead(l line) ([]string, error) {
	if l.wrong != nil {
		l.wrong.Line = l.n
		return nil, l.wrong
	}
	cells, p := splitCSV(l.text)
	if p != nil {
		p.Line = l.n
		return nil, p
	}
	var head []string
	have := map[string]bool{}
	for _, c := range cells {
		name := columnName(c.text)
		if name == "" || have[name] {
			p := problem("", "表头列名未知或重复："+clip(c.text), "unknown or repeated column: "+clip(c.text))
			p.Line, p.Column = l.n, c.column
			return nil, p
		}
		have[name] = true
		head = append(head, name)
	}
	for _, need := range []string{"channel", "address", "areas"} {
		if !have[need] {
			p := problem(need, "表头缺少列："+need, "the head line lacks the column "+need)
			p.Line = l.n
			return nil, p
		}
	}
	return head, nil
}

func csvRow(l line, head []string, places *alert.Gazetteer) Row {
	row := Row{Line: l.n}
	if l.wrong != nil {
		row.Wrong = alert.Problems{l.wrong}
		return row
	}
	cells, p := splitCSV(l.text)
	if p == nil && len(cells) != len(head) {
		p = problem("", "列数与表头不符", "not as many columns as in the head line")
	}
	if p != nil {
		row.Wrong = alert.Problems{p}
		return row
	}
	var f fields
	row.Columns = make(map[string]int, len(head))
	for i, name := range head {
		row.Columns[name] = cells[i].column
		f.set(name, cells[i].text)
	}
	row.Sub, row.Wrong = f.understand(places)
	return row
}

func (f *fields) set(column, text string) {
	switch column {
	case "channel":
		f.Channel = text
	case "address":
		f.Address = text
	case "areas":
		f.Areas = splitList(text)
	case "groups":
		f.Groups = splitList(text)
	case "min_level":
		f.MinLevel = text
	case "hazards":
		f.Hazards = splitList(text)
	case "lang":
		f.Lang = text
	case "quiet":
		f.Quiet = text
	case "joined":
		f.Joined = text
	}
}

func splitList(s string) []string {
	var list []string
	for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return c == ';' || c == '；' || c == '、' || c == '|' }) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// cell is one field of a line and where it begins, in characters from 1.
type cell struct {
	text   string
	column int
}

// splitCSV splits one line. Quotes may hold commas and doubled quotes, not
// line ends: no field of ours has any.
func splitCSV(s string) ([]cell, *alert.Problem) {
	var cells []cell
	column := 1
	for {
		text, used, ok := csvCell(s)
		if !ok {
			p := problem("", "引号未闭合或位置不对", "a quote is not closed or stands in the wrong place")
			p.Column = column
			return nil, p
		}
		cells = append(cells, cell{text, column})
		column += utf8.RuneCountInString(s[:used]) + 1
		if s = s[used:]; s == "" {
			return cells, nil
		}
		s = s[1:] // the comma
	}
}

// csvCell returns the first field and how many bytes it takes up before the
// comma or the end.
func csvCell(s string) (text string, used int, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		used = strings.IndexByte(s, ',')
		if used < 0 {
			used = len(s)
		}
		return s[:used], used, !strings.Contains(s[:used], `"`)
	}
	rest := s[1:]
	var b strings.Builder
	for {
		i := strings.IndexByte(rest, '"')
		if i < 0 {
			return "", 0, false
		}
		b.WriteString(rest[:i])
		rest = rest[i+1:]
		if !strings.HasPrefix(rest, `"`) {
			break
		}
		b.WriteByte('"')
		rest = rest[1:]
	}
	return b.String(), len(s) - len(rest), rest == "" || rest[0] == ','
}
