package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/templates"
)

// equip puts the shipped templates into use.
func (o *office) equip() {
	o.t.Helper()
	ctx := o.t.Context()
	set, err := templates.Foshan()
	if err != nil {
		o.t.Fatal(err)
	}
	as := func(who alert.Officer) alert.Actor { return alert.Actor{Officer: who, Mode: alert.Drill} }
	for _, t := range set {
		if t.Quick == 0 && t.ID != "winter-spring" {
			continue
		}
		v, err := o.desk.ProposeTemplate(ctx, as(wang), t, "")
		if err != nil {
			o.t.Fatal(t.ID, err)
		}
		t.Version = v
		if err := o.desk.ReviewTemplate(ctx, as(li), t.ID, v, t.Hash(), "", alert.Checked()...); err != nil {
			o.t.Fatal(err)
		}
		if err := o.desk.ApproveTemplate(ctx, as(li), t.ID, v, t.Hash(), false); err != nil {
			o.t.Fatal(err)
		}
	}
}

// TestThreeEntriesFromABigButton: the officer presses a button, fills two gaps
// and a place, and the approver needs no reviewer.
func TestThreeEntriesFromABigButton(t *testing.T) {
	o := openOffice(t)
	o.equip()
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)

	author.open("/new").want(http.StatusOK, "危化品泄漏", `data-key="5"`, "节后复工")
	author.open("/templates/find?q=mq").want(http.StatusOK, "燃气泄漏").without("<html")
	p := author.open("/new?template=chem-leak").want(http.StatusOK, "泄漏的物质", "撤离范围", "保密审查随模板而来")

	form := p.inputs()
	form.Set("value.位置", "顺安化工仓库")
	form.Set("value.物质", "液氨")
	form["areas"] = []string{"440604011"}
	form.Set("act", "submit")
	sent := author.send("/new", form)
	sent.want(http.StatusSeeOther)
	id := strings.TrimPrefix(sent.header.Get("Location"), "/desk/chen/notices/")
	o.desk.Read(func(st *alert.State) {
		r := st.Notices[id].Rev(1)
		if r.Reviewed == nil || !strings.Contains(r.Content.Description, "张槎街道顺安化工仓库发生液氨泄漏") || !strings.Contains(r.Content.Instruction, "500米") || r.Content.Level != alert.Orange {
			t.Errorf("%+v", r.Content)
		}
	})
	judge.press(judge.open("/notices/"+id+"/approve"), "/notices/"+id+"/sign", nil).want(http.StatusSeeOther)
	o.desk.Read(func(st *alert.State) {
		if st.Notices[id].Current() == nil {
			t.Error("signed, but not released")
		}
	})
}

// TestAGapThatStaysEmptyIsKeptAndBlocks: nothing typed is lost, nothing goes out.
func TestAGapThatStaysEmptyIsKeptAndBlocks(t *testing.T) {
	o := openOffice(t)
	o.equip()
	author := o.browser().signIn(chen)
	form := author.open("/new?template=chem-leak").inputs()
	form.Set("value.物质", "液氨")
	form["areas"] = []string{"440604011"}
	form.Set("act", "submit")
	p := author.send("/new", form)
	p.want(http.StatusUnprocessableEntity, "{{位置}}", `value="液氨"`)

	form.Set("act", "free")
	saved := author.send("/new", form)
	saved.want(http.StatusSeeOther)
	author.get(saved.header.Get("Location")).want(http.StatusOK, `<textarea name="description"`).without(`name="template"`)
}

// TestASignalThatArrivedIsOneClickAway: it stands on top, seen by whoever
// looks, and becomes a draft once.
func TestASignalThatArrivedIsOneClickAway(t *testing.T) {
	o := openOffice(t)
	o.equip()
	c, warnings, err := importCAP(t.Context(), sampleTyphoon(), alert.Drill, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := o.desk.Receive(t.Context(), alert.Drill, alert.InboxReceived{From: "cap", Name: c.Source.Name, Sent: c.Source.Sent, Content: c, Warnings: warnings})
	if err != nil {
		t.Fatal(err)
	}
	author := o.browser().signIn(chen)
	author.open("/new").want(http.StatusOK, c.Headline)
	box := author.open("/inbox").want(http.StatusOK, c.Headline, "据此起草")
	author.press(box, "/inbox/"+id+"/draft", nil).want(http.StatusSeeOther)
	author.press(box, "/inbox/"+id+"/draft", nil).want(http.StatusConflict)
	author.open("/inbox").want(http.StatusOK, "已起草")
	o.desk.Read(func(st *alert.State) {
		if it := st.Inbox[id]; it.Seen == nil || it.Seen.By != "chen" || it.Handled.Draft == "" {
			t.Errorf("%+v", it)
		}
	})
}
