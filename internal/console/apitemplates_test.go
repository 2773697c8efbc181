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
	o.call(li, "POST", path+"/review", act, nil).want(http.StatusUnprocessableEntity) // item by item
	act["checklist"] = alert.Checked()
	o.call(li, "POST", path+"/review", act, nil).want(http.StatusOK)
	o.call(li, "POST", path+"/approve", act, nil).want(http.StatusOK)
	inUse, waiting := o.desk.Templates(alert.Drill)
	if len(inUse) != 1 || len(waiting) != 0 {
		t.Errorf("%d in use, %d waiting", len(inUse), len(waiting))
	}
	o.call(li, "POST", path+"/withdraw", map[string]any{"reason": "已有新的"}, nil).want(http.StatusOK)
	o.call(wang, "POST", path+"/restore", map[string]any{"reason": "还要用"}, nil).want(http.StatusForbidden) // its author
	o.call(li, "POST", path+"/restore", map[string]any{"reason": "还要用"}, nil).want(http.StatusOK)

	next := set[0]
	next.Instruction += "请互相转告。"
	o.call(wang, "POST", "/templates", map[string]any{"template": next}, &made).want(http.StatusCreated)
	next.Version = made.Version
	o.call(li, "POST", path+"/return", map[string]any{"version": 2, "hash": next.Hash(), "reason": "太长"}, nil).want(http.StatusOK)
	act["version"], act["hash"] = 2, next.Hash()
	o.call(li, "POST", path+"/approve", act, nil).want(http.StatusConflict)
	var all struct {
		InUse    int `json:"in_use"`
		Versions []struct {
			Checklist          []string
			Returned, Approved *alert.Decision
		}
	}
	o.call(li, "GET", path, nil, &all).want(http.StatusOK)
	if all.InUse != 1 || len(all.Versions) != 2 || len(all.Versions[0].Checklist) != len(alert.Checked()) || all.Versions[1].Returned == nil || all.Versions[1].Returned.Reason != "太长" {
		t.Errorf("%+v", all)
	}
}
