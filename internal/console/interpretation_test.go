package console_test

import (
	"net/http"
	"strings"
	"testing"
)

// The form asks for an interpretation only of a policy document, keeps what was
// typed, and the approver reads it under the text.
func TestADocumentIsWrittenWithItsInterpretation(t *testing.T) {
	o := openOffice(t)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	if page := author.open("/new").want(http.StatusOK); !strings.Contains(page.body, `id="f-interpretation" hidden`) {
		t.Error("an interpretation is asked of a warning")
	}
	form := leakForm()
	form.Set("kind", "policy")
	form.Set("interpretation", "")
	form.Set("interpretation_none", "短")
	form.Set("act", "submit")
	page := author.send("/new", form)
	for _, want := range []string{"政策文件要和解读一起发布", `value="短"`, `id="f-interpretation"><legend>`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the refused form lacks %q", want)
		}
	}
	form.Set("interpretation", "对有液氨的企业有效。")
	form.Set("interpretation_none", "")
	at := author.send("/new", form).want(http.StatusSeeOther).header.Get("Location")
	id := at[strings.LastIndex(at, "/")+1:]
	for _, path := range []string{"/notices/" + id + "/approve", "/notices/" + id} {
		if page := judge.open(path).want(http.StatusOK); !strings.Contains(page.body, "对有液氨的企业有效") {
			t.Errorf("%s does not show the interpretation", path)
		}
	}
	form.Set("kind", "caution")
	if page := author.send("/new", form); strings.Contains(page.body, "只有政策文件才有解读") {
		t.Error("what was typed before the kind was changed stands in the way")
	}
}
