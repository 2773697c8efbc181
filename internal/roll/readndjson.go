package roll

import (
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// ReadNDJSON reads subscriptions from JSON, an object a line, with the keys of
// [Subscription]; areas and hazards may be names. Unknown keys are refused: a
// misspelled min_level would otherwise warn people of everything.
func ReadNDJSON(r io.Reader, places *alert.Gazetteer) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for l, err := range lines(r) {
			if err != nil {
				yield(Row{Line: l.n}, err)
				return
			}
			if !yield(jsonRow(l, places), nil) {
				return
			}
		}
	}
}

func jsonRow(l line, places *alert.Gazetteer) Row {
	row := Row{Line: l.n}
	if l.wrong != nil {
		row.Wrong = alert.Problems{l.wrong}
		return row
	}
	var f fields
	if p := decodeStrict(l.text, &f); p != nil {
		row.Wrong = alert.Problems{p}
		return row
	}
	row.Sub, row.Wrong = f.understand(places)
	return row
}

// decodeStrict reads exactly one object. Its problems say where, and never
// quote a value: it could be an address.
func decodeStrict(text string, f *fields) *alert.Problem {
	if !strings.HasPrefix(text, "{") {
		return problem("", "每行应为一个 JSON 对象", "every line is one JSON object")
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(f)
	if err == nil {
		if d.InputOffset() != int64(len(text)) {
			p := problem("", "对象之后还有内容", "something follows the object")
			p.Column = columnAt(text, d.InputOffset())
			return p
		}
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		p := problem(e.Field, "类型不对，应为 "+e.Type.String(), "of the wrong type, want "+e.Type.String())
		p.Column = columnAt(text, e.Offset)
		return p
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		p := problem("", "JSON 格式错误", "not valid JSON")
		p.Column = columnAt(text, e.Offset-1)
		return p
	}
	if strings.Contains(err.Error(), "unknown field") {
		return problem("", "含未知的键", "holds a key that is not known")
	}
	return problem("", "JSON 不完整", "the JSON ends too early")
}

func columnAt(text string, offset int64) int {
	offset = max(0, min(offset, int64(len(text))))
	return utf8.RuneCountInString(text[:offset]) + 1
}
