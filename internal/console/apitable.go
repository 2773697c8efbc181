package console

import (
	"errors"
	"fmt"
	"net/http"

	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// apiBase is where the API's paths begin.
const apiBase = "/api/v1"

// apiTable registers the calls of the API, each together with what its
// description says of it (see openapi.Call): there is no other way to register
// one. A call that is not described keeps the console from starting.
type apiTable struct {
	c    *Console
	mux  *http.ServeMux
	doc  *openapi.Document
	errs []error
}

// apiAdd registers one call.
type apiAdd func(method, path string, h apiHandler, says openapi.Call)

func (c *Console) newAPITable(mux *http.ServeMux) *apiTable {
	return &apiTable{c: c, mux: mux, doc: openapi.New(c.apiSettings())}
}

// add registers a call that takes and answers JSON.
func (t *apiTable) add(method, path string, h apiHandler, says openapi.Call) {
	t.describe(method, path, says)
	t.mux.Handle(method+" "+apiBase+path, t.c.api(h))
}

// raw registers a call that reads and writes by itself.
func (t *apiTable) raw(method, path string, h http.HandlerFunc, says openapi.Call) {
	t.describe(method, path, says)
	t.mux.HandleFunc(method+" "+apiBase+path, h)
}

// acts registers the acts on one thing under one handler; says.Path is the
// act's word, and each is described as a call of its own.
func (t *apiTable) acts(path string, h apiHandler, says ...openapi.Call) {
	for _, s := range says {
		t.describe(http.MethodPost, path+"/"+s.Path, s)
	}
	t.mux.Handle("POST "+apiBase+path+"/{act}", t.c.api(h))
}

func (t *apiTable) describe(method, path string, says openapi.Call) {
	says.Method, says.Path = method, path
	if err := t.doc.Add(says); err != nil {
		t.errs = append(t.errs, err)
	}
}

// done returns the description as it is served.
func (t *apiTable) done() ([]byte, error) {
	if err := errors.Join(t.errs...); err != nil {
		return nil, err
	}
	return t.doc.JSON()
}

// apiSettings is what holds for every call.
func (c *Console) apiSettings() openapi.Settings {
	mode := openapi.Parameter{Name: modeHeader, In: "header", Required: len(c.Modes) > 1, Description: "演练 drill 还是实战 live / a drill or live (R4)", Schema: &openapi.Schema{Type: []string{"string"}}}
	for _, m := range c.Modes {
		mode.Schema.Enum = append(mode.Schema.Enum, string(m))
	}
	return openapi.Settings{
		Info: openapi.Info{Title: "鸣锣 Mingluo", Version: "1", Description: "值班台的每一步都可以由程序来做，规则与页面相同。错误按 RFC 9457（application/problem+json），中英文各一句。\n\n" +
			"What officers do at the desk, for programs, under the same rules. Errors are RFC 9457 problem documents with a sentence in Chinese and one in English."},
		Base: apiBase, Tags: apiTags(), Headers: []openapi.Parameter{mode}, Params: apiParams(), Problem: failure{}, Shapes: openapi.NewShapes(apiWords()),
	}
}

// roles are the words of roles in a description.
func roles(rs ...alert.Role) (out []string) {
	for _, r := range rs {
		out = append(out, string(r))
	}
	return out
}

// query describes a parameter behind the question mark.
func query(name, zh, en string, values ...string) openapi.Parameter {
	return openapi.Parameter{Name: name, Description: zh + " / " + en, Schema: &openapi.Schema{Type: []string{"string"}, Enum: values}}
}

// serveOpenAPI answers with the description of the API.
func (c *Console) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(c.openapi) // the client is gone if this fails
}

func (c *Console) describeAPI(t *apiTable) (err error) {
	if c.openapi, err = t.done(); err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	c.apiDoc = t.doc
	return nil
}
