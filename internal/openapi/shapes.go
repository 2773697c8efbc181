package openapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Schema is the part of JSON Schema that Go types can say.
type Schema struct {
	Ref         string             `json:"$ref,omitempty"`
	Type        []string           `json:"type,omitempty"`
	Format      string             `json:"format,omitempty"`
	Encoding    string             `json:"contentEncoding,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Items       *Schema            `json:"items,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // false, or the schema of a map's values
	AnyOf       []*Schema          `json:"anyOf,omitempty"`
	AllOf       []*Schema          `json:"allOf,omitempty"`
	Description string             `json:"description,omitempty"`

	Order []string `json:"-"` // the properties as the Go type has them
}

// Way is whether a body comes in or goes out. A field that is always written
// may be left out by whoever sends it.
type Way bool

const (
	In  Way = true
	Out Way = false
)

// Shapes reads schemas off Go types. Structs with a name are written once.
type Shapes struct {
	Named map[string]*Schema
	enums map[reflect.Type][]string
	names map[shape]string
}

type shape struct {
	t   reflect.Type
	way Way
}

// NewShapes returns none; enums are the values of types that are written as one
// of a few words.
func NewShapes(enums map[reflect.Type][]string) *Shapes {
	return &Shapes{Named: map[string]*Schema{}, enums: enums, names: map[shape]string{}}
}

const refs = "#/components/schemas/"

// Of returns the schema of a value's type.
func (s *Shapes) Of(v any, way Way) (*Schema, error) {
	if v == nil {
		return nil, fmt.Errorf("a body without a type")
	}
	return s.of(reflect.TypeOf(v), way)
}

func kind(words ...string) *Schema { return &Schema{Type: words} }

func (s *Shapes) of(t reflect.Type, way Way) (*Schema, error) {
	if words, ok := s.enums[t]; ok {
		return &Schema{Type: []string{"string"}, Enum: words}, nil
	}
	if known := wellKnown(t); known != nil {
		return known, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return kind("boolean"), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return kind("integer"), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		zero := 0
		return &Schema{Type: []string{"integer"}, Minimum: &zero}, nil
	case reflect.Float32, reflect.Float64:
		return kind("number"), nil
	case reflect.String:
		return kind("string"), nil
	case reflect.Interface:
		return &Schema{}, nil
	case reflect.Pointer:
		return s.pointer(t, way)
	case reflect.Slice, reflect.Array:
		items, err := s.of(t.Elem(), way)
		return &Schema{Type: []string{"array", "null"}, Items: items}, err
	case reflect.Map:
		values, err := s.of(t.Elem(), way)
		return &Schema{Type: []string{"object", "null"}, Additional: values}, err
	case reflect.Struct:
		return s.structure(t, way)
	}
	return nil, fmt.Errorf("JSON has no shape for %s", t)
}

// wellKnown are types that write themselves.
func wellKnown(t reflect.Type) *Schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return &Schema{Type: []string{"string"}, Format: "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return &Schema{}
	case t == reflect.TypeFor[[]byte]():
		return &Schema{Type: []string{"string", "null"}, Encoding: "base64"}
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return &Schema{}
	case t.Kind() != reflect.Pointer && t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return kind("string")
	}
	return nil
}

func (s *Shapes) pointer(t reflect.Type, way Way) (*Schema, error) {
	inner, err := s.of(t.Elem(), way)
	if err != nil {
		return nil, err
	}
	return &Schema{AnyOf: []*Schema{inner, kind("null")}}, nil
}

func (s *Shapes) structure(t reflect.Type, way Way) (*Schema, error) {
	if t.Name() == "" {
		return s.fields(t, way)
	}
	key := shape{t, way}
	if name, ok := s.names[key]; ok {
		return &Schema{Ref: refs + name}, nil
	}
	name := s.name(t, way)
	s.names[key] = name
	s.Named[name] = &Schema{} // stands there while its own fields refer to it
	made, err := s.fields(t, way)
	if err != nil {
		return nil, err
	}
	*s.Named[name] = *made
	return &Schema{Ref: refs + name}, nil
}

// name is the type's own, with its package's where two have the same.
func (s *Shapes) name(t reflect.Type, way Way) string {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if way == In {
		name += "Input"
	}
	if s.Named[name] != nil {
		pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return name
}

func (s *Shapes) fields(t reflect.Type, way Way) (*Schema, error) {
	out := &Schema{Type: []string{"object"}, Properties: map[string]*Schema{}, Additional: false}
	if err := s.addFields(out, t, way); err != nil {
		return nil, err
	}
	slices.Sort(out.Required)
	return out, nil
}

func (s *Shapes) addFields(out *Schema, t reflect.Type, way Way) error {
	for f := range fieldsOf(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			if err := s.addFields(out, f.Type, way); err != nil {
				return err
			}
			continue
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		made, err := s.of(f.Type, way)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t.Name(), f.Name, err)
		}
		out.Properties[name] = made
		out.Order = append(out.Order, name)
		if way == Out && !strings.Contains(options, "omit") {
			out.Required = append(out.Required, name)
		}
	}
	return nil
}

func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
