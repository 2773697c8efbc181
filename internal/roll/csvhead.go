package roll

import (
	"errors"
	"io"
	"strings"

	"mingluo/internal/alert"
)

// readHead reads the first line: which columns there are, and what separates
// them. It returns the line it is about.
func (f *csvFile) readHead() (int, error) {
	l, err := f.lines.next()
	if named, ok := strings.CutPrefix(strings.ToLower(l.text), "sep="); ok && len(named) == 1 {
		l, err = f.lines.next() // Excel's own way to name the separator
	}
	if errors.Is(err, io.EOF) || err == nil && l.wrong == nil && strings.TrimSpace(l.text) == "" {
		err = problem("", "文件是空的，或第一行是空行：第一行应为列名", "the file or its first line is empty: the first line names the columns")
	}
	if err == nil && l.wrong != nil {
		err = l.wrong
	}
	if err != nil {
		if p, ok := errors.AsType[*alert.Problem](err); ok {
			p.Line = max(l.n, 1)
		}
		return max(l.n, 1), err
	}
	f.sep = separator(l.text)
	l, fault := f.split(l)
	row := Row{Line: l.n, text: l.text}
	if fault >= 0 {
		row.wrongAt(fault, problem("", "表头的引号未闭合或位置不对", "a quote of the head line is not closed or stands in the wrong place"))
	} else {
		f.nameColumns(&row)
	}
	if len(row.Wrong) > 0 {
		return l.n, row.Wrong[0]
	}
	return l.n, nil
}

// separator is the one that makes the most known columns of a head line.
func separator(head string) byte {
	best, most := byte(','), -1
	for _, sep := range []byte(",;\t|") {
		known := 0
		for name := range strings.SplitSeq(head, string(sep)) {
			if columnOf(strings.Trim(strings.TrimSpace(name), `"`)) != unused {
				known++
			}
		}
		if known > most {
			best, most = sep, known
		}
	}
	return best
}

const knownColumns = "channel 渠道、address 地址/手机号/openid、areas 区域、groups 分组、min_level 最低级别、hazards 灾种、lang 语言、quiet 免打扰、joined 加入时间"

// nameColumns understands the head's cells. A column that nobody knows is
// refused: a misspelt min_level would otherwise warn people of everything.
func (f *csvFile) nameColumns(row *Row) {
	var have [columnCount]bool
	for _, c := range f.cells {
		col := columnOf(c.text)
		switch {
		case c.text != "" && col == unused:
			row.wrongAt(c.at, problem("", "列名未知："+quote(c.text)+"。第一行应为列名，可用："+knownColumns+"；不需要的列请删去",
				"unknown column "+quote(c.text)+": the first line names the columns, which may be "+knownColumns+"; delete the others"))
			return
		case col != unused && have[col]:
			row.wrongAt(c.at, problem(col.String(), "列重复："+quote(c.text), "the column stands twice: "+quote(c.text)))
			return
		case col != unused:
			have[col] = true
		}
		if col == colAddress {
			f.channel = impliedChannel(c.text)
		}
		f.head = append(f.head, col)
	}
	have[colChannel] = have[colChannel] || f.channel != ""
	for _, need := range []column{colChannel, colAddress, colAreas} {
		if !have[need] {
			p := problem(need.String(), "表头缺少列："+strings.Join(need.names()[:2], " "), "the head line lacks the column "+need.String())
			p.Line = row.Line
			row.Wrong = append(row.Wrong, p)
			return
		}
	}
}

// impliedChannel is the channel whose addresses an address column's name means.
func impliedChannel(name string) string {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "手机号", "手机号码", "手机", "电话", "联系电话", "号码", "phone", "mobile":
		return SMS
	case "openid", "微信号openid":
		return WeChat
	}
	return ""
}
