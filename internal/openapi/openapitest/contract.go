// Package openapitest compares what a service really says with what its
// description promises. Read it off the running service with [Read], then give
// [Contract.Request] and [Contract.Answer] what went over the wire.
package openapitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mingluo/internal/openapi"
)

// Contract is a description as a reader finds it: nothing but its JSON.
type Contract struct{ doc openapi.Document }

// Read reads a description.
func Read(b []byte) (*Contract, error) {
	c := &Contract{}
	if err := json.Unmarshal(b, &c.doc); err != nil {
		return nil, fmt.Errorf("read the API's description: %w", err)
	}
	if c.doc.OpenAPI != "3.1.0" || len(c.doc.Paths) == 0 {
		return nil, fmt.Errorf("it is not an OpenAPI 3.1 description with paths: %q, %d paths", c.doc.OpenAPI, len(c.doc.Paths))
	}
	return c, nil
}

// Document returns what was read.
func (c *Contract) Document() *openapi.Document { return &c.doc }

// Find returns the call that a request is; a path without variables goes before
// one with them.
func (c *Contract) Find(method, path string) (*openapi.Operation, error) {
	path, _, _ = strings.Cut(path, "?")
	var best *openapi.Operation
	variables := 99
	for template, item := range c.doc.Paths {
		op := item[strings.ToLower(method)]
		if n := strings.Count(template, "{"); op != nil && n < variables && fits(template, path) {
			best, variables = op, n
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s %s is not described", method, path)
	}
	return best, nil
}

func fits(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		if w != have[i] && (!strings.HasPrefix(w, "{") || have[i] == "") {
			return false
		}
	}
	return true
}

// Request says how a body that the service took differs from the description.
func (c *Contract) Request(method, path string, body []byte) error {
	op, err := c.Find(method, path)
	if err != nil {
		return err
	}
	if op.Body == nil {
		return fmt.Errorf("%s %s takes no body", method, path)
	}
	return c.media(op.Body.Content, "application/json", body)
}

// Answer says how an answer differs from the description.
func (c *Contract) Answer(method, path string, status int, contentType string, body []byte) error {
	op, err := c.Find(method, path)
	if err != nil {
		return err
	}
	r := op.Responses[strconv.Itoa(status)]
	if r == nil && status >= 400 {
		r = op.Responses["default"]
	}
	if r == nil {
		return fmt.Errorf("%s %s: the status %d is not described", method, path, status)
	}
	media, _, _ := strings.Cut(contentType, ";")
	if err := c.media(r.Content, media, body); err != nil {
		return fmt.Errorf("%s %s, status %d: %w", method, path, status, err)
	}
	return nil
}

func (c *Contract) media(content map[string]openapi.Media, media string, body []byte) error {
	m, ok := content[media]
	if !ok {
		return fmt.Errorf("the media type %q is not described", media)
	}
	if m.Schema == nil {
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	return c.Check(m.Schema, v, "")
}

// Check says how a decoded value differs from a schema, with the place.
func (c *Contract) Check(s *openapi.Schema, v any, at string) error {
	if s == nil {
		return nil
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		def := c.doc.Components.Schemas[name]
		if def == nil {
			return fmt.Errorf("%s: there is no schema %s", at, name)
		}
		return c.Check(def, v, at)
	}
	if len(s.AnyOf) > 0 && !slices.ContainsFunc(s.AnyOf, func(x *openapi.Schema) bool { return c.Check(x, v, at) == nil }) {
		return fmt.Errorf("%s: it is none of the shapes: %v", at, c.Check(s.AnyOf[0], v, at))
	}
	for _, part := range s.AllOf {
		if err := c.Check(part, v, at); err != nil {
			return err
		}
	}
	if len(s.Type) > 0 && !slices.Contains(s.Type, typeOf(v)) && !(typeOf(v) == "integer" && slices.Contains(s.Type, "number")) {
		return fmt.Errorf("%s: it is %s, described as %v", at, typeOf(v), s.Type)
	}
	switch v := v.(type) {
	case string:
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
			return fmt.Errorf("%s: %q is none of %v", at, v, s.Enum)
		}
	case []any:
		for i, x := range v {
			if err := c.Check(s.Items, x, at+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	case map[string]any:
		return c.object(s, v, at)
	}
	return nil
}

func (c *Contract) object(s *openapi.Schema, v map[string]any, at string) error {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s: %s is missing", at, name)
		}
	}
	for name, x := range v {
		if p := s.Properties[name]; p != nil {
			if err := c.Check(p, x, at+"."+name); err != nil {
				return err
			}
			continue
		}
		switch more := s.Additional.(type) {
		case bool:
			if !more {
				return fmt.Errorf("%s: %s is not described", at, name)
			}
		case map[string]any: // as JSON reads a schema of unknown type
			b, err := json.Marshal(more)
			var values openapi.Schema
			if err == nil {
				err = json.Unmarshal(b, &values)
			}
			if err == nil {
				err = c.Check(&values, x, at+"."+name)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// typeOf is JSON Schema's word for a decoded value.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
