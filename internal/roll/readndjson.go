package roll

import (
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"

	"mingluo/internal/alert"
)

// ReadNDJSON reads subscriptions from JSON, an object a line, with the keys of
// [Subscription]; areas and hazards may be names. Unknown keys are refused: a
// misspelled min_level would otherwise warn people of everything.
func ReadNDJSON(r io.Reader, places *alert.Gazetteer) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		in, names := readLines(r), namePlaces(places)
		for {
			l, err := in.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Row{Line: l.n}, err)
				return
			}
			if l.wrong == nil && strings.TrimSpace(l.text) == "" {
				continue
			}
			if !yield(jsonRow(l, names), nil) {
				return
			}
		}
	}
}

func jsonRow(l line, names placeNames) Row {
	row := Row{Line: l.n, text: strings.TrimRight(l.text, " \t")}
	if l.wrong != nil {
		row.Wrong = alert.Problems{l.wrong}
		return row
	}
	var f fields
	if row.decodeStrict(&f) {
		row.understood(&f, names)
	}
	return row
}

// decodeStrict reads exactly one object. Its problems say where, and never
// quote a value: it could be an address.
func (r *Row) decodeStrict(f *fields) bool {
	if !strings.HasPrefix(strings.TrimLeft(r.text, " \t"), "{") {
		r.wrongAt(0, problem("", "每行应为一个 JSON 对象", "every line is one JSON object"))
		return false
	}
	d := json.NewDecoder(strings.NewReader(r.text))
	d.DisallowUnknownFields()
	err := d.Decode(f)
	if err == nil {
		if d.InputOffset() != int64(len(r.text)) {
			r.wrongAt(int(d.InputOffset()), problem("", "对象之后还有内容", "something follows the object"))
			return false
		}
		return true
	}
	r.explain(err)
	return false
}

func (r *Row) explain(err error) {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		r.wrongAt(int(e.Offset), problem(e.Field, "类型不对，应为 "+e.Type.String(), "of the wrong type, want "+e.Type.String()))
		return
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		r.wrongAt(int(e.Offset)-1, problem("", "JSON 格式错误", "not valid JSON"))
		return
	}
	if key, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		r.wrongAt(max(0, strings.Index(r.text, key)), problem("", "含未知的键："+quote(strings.Trim(key, `"`)), "holds a key that is not known: "+quote(strings.Trim(key, `"`))))
		return
	}
	r.wrongAt(len(r.text), problem("", "JSON 不完整", "the JSON ends too early"))
}
