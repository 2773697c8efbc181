// Package openapi describes an HTTP API as OpenAPI 3.1, from the routes and the
// Go types that carry it.
//
// A [Document] is filled with one [Call] for each route, by the same line of
// code that registers the route; the shapes of bodies are read off the Go types
// by reflection ([Shapes]), exactly as encoding/json writes and reads them. So
// there is no second description that could fall behind the first.
//
// What it promises: the document is the same bytes for the same calls; a call
// without words, an unknown role of a body, or an example that is not JSON is an
// error when the document is made, not when a reader stumbles over it. What it
// does not do: it checks no requests (the handlers do, with better words), and
// it knows no more of JSON Schema than Go types can say. Tests compare real
// answers with it by package openapitest.
package openapi
