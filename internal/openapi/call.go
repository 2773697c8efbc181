package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Call is what there is to say of one route. Its bodies are given as values of
// the Go types that are read and written.
type Call struct {
	Method, Path string   // below the document's base: GET, /notices/{notice}
	ZH, EN       string   // one line: what it does
	Notes        string   // more about it, if one line is not enough; either language
	Tag          string   // default: the path's first part
	Roles        []string // who may; none: everybody who is signed in
	Query        []Parameter
	Body         any      // nil: nothing is sent
	Needs        []string // fields of the body that have to be there
	Example      string   // a body as JSON; needed where there is one
	Media        []string // other media types that are taken
	Answer       any      // nil: not JSON
	AnswerMedia  []string // other media types that are answered with
	Status       int      // of a success; default 200
}

func (c *Call) tag() string {
	if c.Tag != "" {
		return c.Tag
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(c.Path, "/"), "/")
	return first
}

// check refuses a description that tells a reader too little.
func (c *Call) check(tags []Tag) error {
	known := func(t Tag) bool { return t.Name == c.tag() }
	switch {
	case c.ZH == "" || c.EN == "":
		return errors.New("it says what it does in Chinese and in English")
	case !slices.ContainsFunc(tags, known):
		return fmt.Errorf("there is no group %q", c.tag())
	case c.Body != nil && c.Example == "":
		return errors.New("an example of the body is missing")
	case c.Example != "" && !json.Valid([]byte(c.Example)):
		return errors.New("the example is not JSON")
	case c.Answer == nil && len(c.AnswerMedia) == 0:
		return errors.New("it says what it answers")
	}
	for _, p := range c.Query {
		if p.Description == "" {
			return fmt.Errorf("the parameter %s is not described", p.Name)
		}
	}
	return nil
}

func (d *Document) operation(c Call) (*Operation, error) {
	op := &Operation{
		Tags: []string{c.tag()}, Summary: c.ZH + " / " + c.EN, SummaryEN: c.EN, Description: c.Notes, Roles: c.Roles,
		ID: operationID(c.Method, c.Path), Responses: map[string]*Response{},
	}
	if err := d.parameters(op, c); err != nil {
		return nil, err
	}
	if err := d.body(op, c); err != nil {
		return nil, err
	}
	return op, d.responses(op, c)
}

func (d *Document) parameters(op *Operation, c Call) error {
	for part := range strings.SplitSeq(c.Path, "/") {
		name, ok := strings.CutPrefix(part, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		i := slices.IndexFunc(d.given.Params, func(p Parameter) bool { return p.Name == name })
		if i < 0 {
			return fmt.Errorf("the part {%s} is not described", name)
		}
		p := d.given.Params[i]
		p.In, p.Required = "path", true
		op.Parameters = append(op.Parameters, withText(p))
	}
	for _, p := range c.Query {
		p.In = "query"
		op.Parameters = append(op.Parameters, withText(p))
	}
	op.Parameters = append(op.Parameters, d.given.Headers...)
	return nil
}

func withText(p Parameter) Parameter {
	if p.Schema == nil {
		p.Schema = &Schema{Type: []string{"string"}}
	}
	return p
}

func (d *Document) body(op *Operation, c Call) error {
	if c.Body == nil && len(c.Media) == 0 {
		return nil
	}
	op.Body = &Body{Required: true, Content: map[string]Media{}}
	if c.Body != nil {
		s, err := d.shapes.Of(c.Body, In)
		if err != nil {
			return err
		}
		if len(c.Needs) > 0 {
			s = &Schema{AllOf: []*Schema{s, {Required: c.Needs}}}
		}
		op.Body.Content["application/json"] = Media{Schema: s, Example: json.RawMessage(c.Example)}
	}
	for _, media := range c.Media {
		op.Body.Content[media] = Media{}
	}
	return nil
}

func (d *Document) responses(op *Operation, c Call) error {
	good := &Response{Description: "成功 / done", Content: map[string]Media{}}
	if c.Answer != nil {
		s, err := d.shapes.Of(c.Answer, Out)
		if err != nil {
			return err
		}
		good.Content["application/json"] = Media{Schema: s}
	}
	for _, media := range c.AnswerMedia {
		good.Content[media] = Media{}
	}
	status := c.Status
	if status == 0 {
		status = http.StatusOK
	}
	op.Responses[strconv.Itoa(status)] = good
	problem, err := d.shapes.Of(d.given.Problem, Out)
	if err != nil {
		return err
	}
	told := map[string]Media{"application/problem+json": {Schema: problem}}
	for _, e := range errorsOf(c) {
		op.Responses[strconv.Itoa(e.status)] = &Response{Description: e.words, Content: told}
	}
	op.Responses["default"] = &Response{Description: "没有完成 / not done", Content: told}
	return nil
}

type errorAnswer struct {
	status int
	words  string
}

// errorsOf is what can stand against a call; all are told in the same form.
func errorsOf(c Call) []errorAnswer {
	out := []errorAnswer{
		{http.StatusUnauthorized, "没有令牌或令牌无效 / no token, or not a valid one"},
		{http.StatusForbidden, "这位值班员不能这样做 / this officer may not do this"},
		{http.StatusServiceUnavailable, "记录暂时不可用 / the record cannot answer at the moment"},
	}
	if strings.Contains(c.Path, "{") {
		out = append(out, errorAnswer{http.StatusNotFound, "没有找到 / not found"})
	}
	if c.Method != http.MethodGet {
		out = append(out, errorAnswer{http.StatusConflict, "有人先一步，或现在还不能 / somebody was quicker, or not now"})
	}
	if c.Body != nil || len(c.Media) > 0 {
		out = append(out, errorAnswer{http.StatusUnprocessableEntity, "内容有缺失或错误 / something is missing or wrong"},
			errorAnswer{http.StatusRequestEntityTooLarge, "太大 / too large"})
	}
	return out
}

// operationID is a name for generated clients: getNoticesByNotice.
func operationID(method, path string) string {
	id := strings.ToLower(method)
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			part = "by-" + strings.TrimSuffix(name, "}")
		}
		for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return r == '-' || r == '.' || r == '_' }) {
			id += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return id
}
