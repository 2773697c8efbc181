package console_test

import (
	"net/http"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/templates"
)

// A template is proposed by one officer and judged by another, by the API: its
// author may not judge it, and another hash than the one looked at is refused.
func TestR1TemplatesByAPI(t *testing.T) {
	o := openOffice(t)
	set, err := templates.Foshan()
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Template string `json:"template"`
		Version  int    `json:"version"`
	}
	o.call(wang, "POST", "/templates", map[string]any{"template": set[0], "reason": "新的一年"}, &made).want(http.StatusCreated)
	var list struct {
		InUse, Waiting []struct {
			Template alert.Template `json:"template"`
			Hash     string         `json:"hash"`
		}
	}
	o.call(li, "GET", "/templates", nil, &list).want(http.StatusOK)
	if len(list.Waiting) != 1 {
		t.Fatalf("%+v", list)
	}
	act := map[string]any{"version": made.Version, "hash": list.Waiting[0].Hash}
	path := "/templates/" + made.Template
	o.call(wang, "POST", path+"/review", act, nil).want(http.StatusForbidden)
	o.call(li, "POST", path+"/approve", act, nil).want(http.StatusConflict) // the review comes first
	o.call(li, "POST", path+"/review", map[string]any{"version": 1, "hash": "0"}, nil).want(http.StatusConflict)
	o.call(li, "POST", path+"/review", act, nil).want(http.StatusOK)
	o.call(li, "POST", path+"/approve", act, nil).want(http.StatusOK)
	inUse, waiting := o.desk.Templates(alert.Drill)
	if len(inUse) != 1 || len(waiting) != 0 {
		t.Errorf("%d in use, %d waiting", len(inUse), len(waiting))
	}
	o.call(li, "POST", path+"/withdraw", map[string]any{"reason": "已有新的"}, nil).want(http.StatusOK)
}
