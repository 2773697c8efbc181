package console

import (
	"net/http"
	"slices"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// apiBody is the API's description for people, rendered from the document that
// programs read.
type apiBody struct {
	Base   string
	Groups []apiGroup
	Shapes []apiShape
}

type apiGroup struct {
	Name, ZH, EN string
	Calls        []apiCallView
}

type apiCallView struct {
	ID, Method, Path string
	ZH, EN, Notes    string
	Roles            []alert.Role
	Params           []openapi.Parameter
	Body             *apiField
	Needs            []string
	Example          string
	Media            []string // bodies besides JSON
	Answer           *apiField
	Status           string
}

// apiField is one field, or a body as a whole; Shape is the named type it is of.
type apiField struct {
	Name, Type, Shape string
	Needed            bool
	Words             []string
}

type apiShape struct {
	Name   string
	Fields []apiField
}

func (c *Console) apiPage(w http.ResponseWriter, r *http.Request) error {
	return c.show(w, r, http.StatusOK, "api", &view{Title: "接口", Body: c.apiView()})
}

func (c *Console) apiView() apiBody {
	b := apiBody{Base: apiBase}
	for _, tag := range c.apiDoc.Tags {
		zh, en, _ := strings.Cut(tag.Description, " / ")
		g := apiGroup{Name: tag.Name, ZH: zh, EN: en}
		for path, item := range c.apiDoc.Paths {
			for method, op := range item {
				if slices.Contains(op.Tags, tag.Name) {
					g.Calls = append(g.Calls, viewCall(strings.ToUpper(method), path, op))
				}
			}
		}
		slices.SortFunc(g.Calls, func(x, y apiCallView) int { return strings.Compare(x.Path+x.Method, y.Path+y.Method) })
		if len(g.Calls) > 0 {
			b.Groups = append(b.Groups, g)
		}
	}
	for name, s := range c.apiDoc.Components.Schemas {
		b.Shapes = append(b.Shapes, apiShape{name, viewFields(s)})
	}
	slices.SortFunc(b.Shapes, func(x, y apiShape) int { return strings.Compare(x.Name, y.Name) })
	return b
}

func viewCall(method, path string, op *openapi.Operation) apiCallView {
	v := apiCallView{ID: op.ID, Method: method, Path: path, ZH: strings.TrimSuffix(op.Summary, " / "+op.SummaryEN), EN: op.SummaryEN, Notes: op.Description}
	for _, r := range op.Roles {
		v.Roles = append(v.Roles, alert.Role(r))
	}
	for _, p := range op.Parameters {
		if p.In != "path" {
			v.Params = append(v.Params, p)
		}
	}
	if op.Body != nil {
		for media, m := range op.Body.Content {
			if m.Schema == nil {
				v.Media = append(v.Media, media)
				continue
			}
			s := m.Schema
			if len(s.AllOf) == 2 {
				s, v.Needs = s.AllOf[0], s.AllOf[1].Required
			}
			f := viewField("", s, true)
			v.Body, v.Example = &f, string(m.Example)
		}
		slices.Sort(v.Media)
	}
	for status, answer := range op.Responses {
		if m, ok := answer.Content["application/json"]; ok && strings.HasPrefix(status, "2") {
			f := viewField("", m.Schema, true)
			v.Answer, v.Status = &f, status
		}
	}
	return v
}

func viewFields(s *openapi.Schema) (out []apiField) {
	for _, name := range s.Order {
		out = append(out, viewField(name, s.Properties[name], slices.Contains(s.Required, name)))
	}
	return out
}

// viewField says a schema in a few words: "Content", "Decision | null",
// "[string]", "{string: integer}".
func viewField(name string, s *openapi.Schema, needed bool) apiField {
	f := apiField{Name: name, Needed: needed, Words: s.Enum}
	f.Type, f.Shape = typeWords(s)
	return f
}

func typeWords(s *openapi.Schema) (say, shape string) {
	if s.Ref != "" {
		shape = s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return shape, shape
	}
	if len(s.AnyOf) > 0 {
		say, shape = typeWords(s.AnyOf[0])
		return say + " | null", shape
	}
	if s.Items != nil {
		say, shape = typeWords(s.Items)
		return "[" + say + "]", shape
	}
	if values, ok := s.Additional.(*openapi.Schema); ok {
		say, shape = typeWords(values)
		return "{string: " + say + "}", shape
	}
	if s.Format != "" {
		return s.Format, ""
	}
	return strings.Join(s.Type, " | "), ""
}
