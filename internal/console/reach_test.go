package console_test

import (
	"net/http"
	"path"
	"testing"

	"mingluo/internal/alert"
)

// W5: an update's form asks whether it got worse; the answer is in the text that
// is signed, and the approver is told whom it disturbs. A new notice asks nothing.
func TestW5AnUpdateAsksWhetherItGotWorse(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	author.open("/new").without(`name="again"`)
	id := o.released(author, judge)
	p := author.press(author.open("/notices/"+id), "/notices/"+id+"/update", nil)
	p.want(http.StatusSeeOther)
	draft := path.Base(p.header.Get("Location"))
	page := author.open("/drafts/"+draft).want(http.StatusOK, `name="again"`)
	form := page.inputs()
	form.Set("headline", "泄漏扩大：请撤离")
	form.Set("again", "1")
	form.Set("act", "submit")
	author.send("/drafts/"+draft, form).want(http.StatusSeeOther)
	if r := o.notice(id); r.Revisions[1].Verb != alert.Update || !r.Revisions[1].Content.Again {
		t.Fatalf("%s, again %v", r.Revisions[1].Verb, r.Revisions[1].Content.Again)
	}
	judge.open("/notices/"+id+"/approve").want(http.StatusOK, "情况更严重了：已经收到的人也会再次收到。")
}
