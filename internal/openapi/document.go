package openapi

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Document is an OpenAPI 3.1 description. Its fields are the specification's.
type Document struct {
	OpenAPI    string              `json:"openapi"`
	Info       Info                `json:"info"`
	Servers    []Server            `json:"servers"`
	Security   []map[string][]any  `json:"security"`
	Tags       []Tag               `json:"tags"`
	Paths      map[string]PathItem `json:"paths"`
	Components Components          `json:"components"`

	shapes *Shapes
	given  Settings
}

// Info names the API.
type Info struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
}

// Server is where the paths begin.
type Server struct {
	URL string `json:"url"`
}

// Tag is a group of calls.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// PathItem is a path's calls by method in lower case.
type PathItem map[string]*Operation

// Operation is one call.
type Operation struct {
	Tags        []string             `json:"tags"`
	Summary     string               `json:"summary"`
	Description string               `json:"description,omitempty"`
	ID          string               `json:"operationId"`
	Parameters  []Parameter          `json:"parameters,omitempty"`
	Body        *Body                `json:"requestBody,omitempty"`
	Responses   map[string]*Response `json:"responses"`
	// Both languages apart, and who may: for readers that know of them.
	SummaryEN string   `json:"x-summary-en"`
	Roles     []string `json:"x-roles,omitempty"`
}

// Parameter stands in a path, behind the question mark or in a header.
type Parameter struct {
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Required    bool    `json:"required,omitempty"`
	Description string  `json:"description"`
	Schema      *Schema `json:"schema"`
}

// Body is what a request carries.
type Body struct {
	Required bool             `json:"required"`
	Content  map[string]Media `json:"content"`
}

// Media is a body in one media type.
type Media struct {
	Schema  *Schema         `json:"schema,omitempty"`
	Example json.RawMessage `json:"example,omitempty"`
}

// Response is an answer.
type Response struct {
	Description string           `json:"description"`
	Content     map[string]Media `json:"content,omitempty"`
}

// Components holds the shapes that calls refer to.
type Components struct {
	Schemas         map[string]*Schema        `json:"schemas"`
	SecuritySchemes map[string]map[string]any `json:"securitySchemes"`
}

// Settings is what holds for the whole document.
type Settings struct {
	Info
	Base    string      // "/api/v1"
	Tags    []Tag       // in the order in which they are shown
	Headers []Parameter // of every call
	Params  []Parameter // parameters of paths, by name
	Problem any         // a value of the type that errors are told in
	Shapes  *Shapes     // nil: without enumerations
}

// New returns an empty document.
func New(s Settings) *Document {
	if s.Shapes == nil {
		s.Shapes = NewShapes(nil)
	}
	d := &Document{
		OpenAPI: "3.1.0", Info: s.Info, Servers: []Server{{s.Base}}, Tags: s.Tags, Paths: map[string]PathItem{},
		Security:   []map[string][]any{{"bearer": {}}},
		Components: Components{SecuritySchemes: map[string]map[string]any{"bearer": {"type": "http", "scheme": "bearer"}}},
		shapes:     s.Shapes, given: s,
	}
	d.Components.Schemas = d.shapes.Named
	return d
}

// Add describes a call, or says what is missing in its description.
func (d *Document) Add(c Call) error {
	if err := d.add(c); err != nil {
		return fmt.Errorf("describe %s %s: %w", c.Method, c.Path, err)
	}
	return nil
}

func (d *Document) add(c Call) error {
	if err := c.check(d.Tags); err != nil {
		return err
	}
	item := d.Paths[c.Path]
	if item == nil {
		item = PathItem{}
		d.Paths[c.Path] = item
	}
	method := strings.ToLower(c.Method)
	if item[method] != nil {
		return fmt.Errorf("it is described twice")
	}
	op, err := d.operation(c)
	if err == nil {
		item[method] = op
	}
	return err
}

// JSON writes the document.
func (d *Document) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write the API's description: %w", err)
	}
	return append(b, '\n'), nil
}
