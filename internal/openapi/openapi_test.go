package openapi_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"mingluo/internal/openapi"
	"mingluo/internal/openapi/openapitest"
)

type colour string

type part struct {
	Name string `json:"name"`
	Of   *part  `json:"of,omitempty"`
}

type base struct {
	ID string `json:"id"`
}

type everything struct {
	base
	Count  int             `json:"count"`
	Seq    uint64          `json:"seq,omitempty"`
	Rate   float64         `json:"rate"`
	At     time.Time       `json:"at"`
	Colour colour          `json:"colour"`
	Parts  []part          `json:"parts"`
	By     map[string]int  `json:"by"`
	Raw    json.RawMessage `json:"raw"`
	Bytes  []byte          `json:"bytes"`
	Maybe  *part           `json:"maybe"`
	Hidden string          `json:"-"`
	lower  int
}

type trouble struct {
	Status int `json:"status"`
}

func settings() openapi.Settings {
	return openapi.Settings{
		Info: openapi.Info{Title: "Test", Version: "1"}, Base: "/v1", Tags: []openapi.Tag{{Name: "things"}},
		Params: []openapi.Parameter{{Name: "thing", Description: "which"}}, Problem: trouble{},
		Shapes: openapi.NewShapes(map[reflect.Type][]string{reflect.TypeFor[colour](): {"red", "blue"}}),
	}
}

func contract(t *testing.T, calls ...openapi.Call) *openapitest.Contract {
	t.Helper()
	d := openapi.New(settings())
	for _, c := range calls {
		if err := d.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	b, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	c, err := openapitest.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What encoding/json writes of a value is what the description of its type
// says, and what it does not say is found.
func TestShapesAreWhatJSONWrites(t *testing.T) {
	c := contract(t, openapi.Call{Method: "GET", Path: "/things/{thing}", ZH: "一个", EN: "one", Answer: everything{}})
	good := everything{Colour: "red", Parts: []part{{Name: "a", Of: &part{Name: "b"}}}, By: map[string]int{"x": 1}, Raw: json.RawMessage(`{"free":[1]}`)}
	good.lower = 1
	b, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Answer("GET", "/things/7", 200, "application/json; charset=utf-8", b); err != nil {
		t.Error(err)
	}
	if err := c.Answer("GET", "/things/7", 404, "application/problem+json", []byte(`{"status":404}`)); err != nil {
		t.Error(err)
	}
	for _, wrong := range []struct{ from, to, says string }{
		{`"count":0`, `"count":"0"`, ".count"},
		{`"count":0`, `"count":1.5`, ".count"},
		{`"colour":"red"`, `"colour":"green"`, ".colour"},
		{`"rate":0,`, ``, "rate is missing"},
		{`"x":1`, `"x":"1"`, ".by.x"},
		{`"name":"b"`, `"nom":"b"`, ".parts[0].of"},
		{`"maybe":null`, `"maybe":7`, ".maybe"},
		{`"id":""`, `"id":"","more":1`, "more is not described"},
	} {
		if !strings.Contains(string(b), wrong.from) {
			t.Fatalf("%s does not stand in %s", wrong.from, b)
		}
		bad := strings.Replace(string(b), wrong.from, wrong.to, 1)
		if err := c.Answer("GET", "/things/7", 200, "application/json", []byte(bad)); err == nil || !strings.Contains(err.Error(), wrong.says) {
			t.Errorf("%s: got %v, want a word about %s", wrong.to, err, wrong.says)
		}
	}
	if err := c.Answer("GET", "/things/7", 201, "application/json", b); err == nil {
		t.Error("an undescribed status was let through")
	}
	if err := c.Answer("GET", "/other", 200, "application/json", b); err == nil {
		t.Error("an undescribed call was let through")
	}
}

// Whoever sends may leave fields out but those that are needed, and the two
// directions of one type are two shapes.
func TestWhatIsSentMayBeLess(t *testing.T) {
	c := contract(t, openapi.Call{Method: "POST", Path: "/things", ZH: "新", EN: "new", Body: everything{}, Needs: []string{"count"}, Example: `{"count": 1}`, Answer: everything{}})
	if err := c.Request("POST", "/things", []byte(`{"count": 3}`)); err != nil {
		t.Error(err)
	}
	if err := c.Request("POST", "/things", []byte(`{"rate": 3}`)); err == nil || !strings.Contains(err.Error(), "count is missing") {
		t.Errorf("got %v", err)
	}
	s := c.Document().Components.Schemas
	if s["Everything"] == nil || s["EverythingInput"] == nil || len(s["EverythingInput"].Required) != 0 || len(s["Everything"].Required) == 0 {
		t.Errorf("shapes %v", fmt.Sprint(s))
	}
}

// A call that tells its reader too little is refused when it is described.
func TestADescriptionThatSaysTooLittle(t *testing.T) {
	whole := openapi.Call{Method: "POST", Path: "/things/{thing}", ZH: "改", EN: "change", Body: part{}, Example: `{}`, Answer: part{}}
	for says, change := range map[string]func(*openapi.Call){
		"Chinese and in English": func(c *openapi.Call) { c.EN = "" },
		"no group":               func(c *openapi.Call) { c.Tag = "others" },
		"an example of the body": func(c *openapi.Call) { c.Example = "" },
		"not JSON":               func(c *openapi.Call) { c.Example = "{" },
		"what it answers":        func(c *openapi.Call) { c.Answer = nil },
		"{other}":                func(c *openapi.Call) { c.Path = "/things/{other}" },
		"parameter page":         func(c *openapi.Call) { c.Query = []openapi.Parameter{{Name: "page"}} },
		"no shape":               func(c *openapi.Call) { c.Answer = struct{ F func() }{} },
	} {
		c := whole
		change(&c)
		if err := openapi.New(settings()).Add(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want a word about %q", err, says)
		}
	}
	d := openapi.New(settings())
	if err := d.Add(whole); err != nil {
		t.Fatal(err)
	}
	if err := d.Add(whole); err == nil {
		t.Error("a call was described twice")
	}
}
