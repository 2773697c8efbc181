package roll

import (
	"bufio"
	"bytes"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// Row is one subscription of an import, or what was wrong with it.
type Row struct {
	Line  int // in the file, from 1: where the row begins
	Sub   Subscription
	Wrong alert.Problems // what the reader found; the roll adds what it finds

	text string             // the row as it stands in the file
	at   [columnCount]int32 // where each field begins in text, from 1; 0 where that is not known
}

// File is a file of subscriptions being read.
type File struct {
	Name string // as its owner calls it; may be empty
	Form string // [CSV] or [NDJSON]; "" is told from the first character, which begins an object or does not
	Body io.Reader
}

// Rows reads the file. An unknown form is an *alert.Problem.
func (f File) Rows(places *alert.Gazetteer) (iter.Seq2[Row, error], error) {
	in := bufio.NewReaderSize(f.Body, chunk)
	f.Body = in
	head, _ := in.Peek(16) // an error comes again with the first read
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")) {
		return nil, problem("file", "这是 Excel 工作簿：请在 Excel 里另存为“CSV UTF-8”再导入", "this is an Excel workbook: save it as CSV UTF-8 in Excel first")
	}
	if f.Form == "" {
		f.Form = CSV
		if head = bytes.TrimPrefix(head, []byte(byteOrderMark)); bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) {
			f.Form = NDJSON
		}
	}
	switch f.Form {
	case CSV:
		return ReadCSV(f.Body, places), nil
	case NDJSON:
		return ReadNDJSON(f.Body, places), nil
	}
	return nil, problem("format", "格式应为 csv 或 ndjson", "want the format csv or ndjson")
}

// column is a field of a row.
type column int8

const (
	unused      column = iota - 1 // a column of a file that holds nothing
	colChannel                    // sms or wechat
	colAddress                    // phone number or openid
	colAreas                      // codes or names
	colGroups                     //
	colMinLevel                   //
	colHazards                    //
	colLang                       //
	colQuiet                      //
	colJoined                     //
	columnCount = 9
)

// names returns what a column may be called; the first is the API's spelling,
// the second what an export in Chinese calls it.
func (c column) names() []string {
	return [columnCount][]string{
		{"channel", "渠道", "通道", "方式"},
		{"address", "地址", "手机号", "手机号码", "手机", "电话", "联系电话", "号码", "phone", "mobile", "openid", "微信号openid"},
		{"areas", "区域", "area", "区划", "镇街", "街道", "所在区域", "关注区域"},
		{"groups", "分组", "group", "群体", "人群", "类别"},
		{"min_level", "最低级别", "级别", "level", "预警级别"},
		{"hazards", "灾种", "hazard", "灾害"},
		{"lang", "语言", "language"},
		{"quiet", "免打扰", "免打扰时段", "quiet_hours"},
		{"joined", "加入时间", "订阅时间", "登记时间"},
	}[c]
}

func (c column) String() string { return c.names()[0] }

// columnOf finds a column by one of its names; it is unused when nobody knows it.
func columnOf(name string) column {
	name = strings.ToLower(strings.TrimSpace(narrow(name)))
	for c := range column(columnCount) {
		for _, n := range c.names() {
			if n == name {
				return c
			}
		}
	}
	return unused
}

// locate sets where a problem with a field stands, unless the reader knew.
func (r *Row) locate(p *alert.Problem) {
	if p.Line != 0 {
		return
	}
	p.Line = r.Line
	if at, ok := r.find(p.Field); ok {
		p.Line, p.Column = r.place(at)
	}
}

// find returns where a field stands in the row's text: where the cell begins,
// or the key of a JSON object.
func (r *Row) find(field string) (offset int, ok bool) {
	c := columnOf(field)
	if c == unused {
		return 0, false
	}
	if strings.HasPrefix(r.text, "{") {
		at := strings.Index(r.text, `"`+field+`"`)
		return at, at >= 0
	}
	return int(r.at[c]) - 1, r.at[c] > 0
}

// understood takes over what a reader made of the fields.
func (r *Row) understood(f *fields, names placeNames) {
	var wrong alert.Problems
	r.Sub, wrong = f.understand(names)
	for _, p := range wrong {
		r.locate(p)
	}
	r.Wrong = append(r.Wrong, wrong...)
}

// place turns an offset in the row's text into a line of the file and a column
// in characters from 1.
func (r *Row) place(offset int) (line, column int) {
	before := r.text[:min(max(offset, 0), len(r.text))]
	line = r.Line + strings.Count(before, "\n")
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// wrongAt is a problem at an offset in the row's text.
func (r *Row) wrongAt(offset int, p *alert.Problem) {
	p.Line, p.Column = r.place(offset)
	r.Wrong = append(r.Wrong, p)
}

// Rejection is a row that was not taken and why. It holds no address.
type Rejection struct {
	Line     int            `json:"line"`
	Problems alert.Problems `json:"problems"` // Line is set, Column where known
}
