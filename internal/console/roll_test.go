package console_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/console"
	"mingluo/internal/roll"
)

var sun = alert.Officer{ID: "sun", Name: "孙敏", Roles: []alert.Role{alert.RoleAdmin}}

// rollOffice is an office with an administrator and a roll in the same record.
func rollOffice(t *testing.T) *office {
	t.Helper()
	o := openOffice(t, func(c *console.Config) { c.Roll = &door{} })
	o.roll.Roll = roll.New(o.store, roll.NewKeys(), alert.Foshan(), roll.Rules{Sample: true})
	var err error
	if o.tokens[sun.ID], err = o.accounts.Create(t.Context(), sun, password); err != nil {
		t.Fatal(err)
	}
	return o
}

// door is the roll as the console reaches it.
type door struct{ *roll.Roll }

func (d *door) Import(ctx context.Context, by string, f roll.File, tell roll.ImportOptions) (roll.Report, error) {
	rows, err := f.Rows(alert.Foshan())
	if err != nil {
		return roll.Report{}, err
	}
	if by != sun.ID {
		return roll.Report{}, fmt.Errorf("imported by %q", by)
	}
	return d.Roll.Import(ctx, time.Now(), rows, tell)
}

const subscribers = "手机号,镇街,分组\n15400000001,祖庙,市民\n1.54E+10,禅城,\n15400000003,火星,\n15400000004,南海;禅城,学校\n"

// send sends a file of subscribers as the page's form does.
func (s *seated) sendRoll(csrf, name, content string) *page {
	s.o.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.WriteField("csrf", csrf)
	w.WriteField("job", "a-job-that-the-page-chose")
	f, err := w.CreateFormFile("file", name)
	if err != nil {
		s.o.t.Fatal(err)
	}
	io.WriteString(f, content)
	w.Close()
	r, err := http.NewRequest("POST", s.o.url+"/desk/"+s.who.ID+"/roll/import", &b)
	if err != nil {
		s.o.t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.do(r)
}

// shows ends the test unless the page's source holds every one of the texts.
func (p *page) shows(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			p.t.Errorf("the page does not show %q:\n%s", text, p.body)
		}
	}
}

// An administrator brings in a file in which two of four rows are wrong. The good
// ones are in, the wrong ones are listed with line and column, to be read on the
// page and to be downloaded; nowhere is there a number.
func TestAnAdministratorImportsAFileOnThePage(t *testing.T) {
	o := rollOffice(t)
	admin := o.browser().signIn(sun)
	form := admin.open("/roll")
	form.shows("导入", "CSV", "已退订或已删除的人不会被加回来")
	after := admin.sendRoll(form.field("csrf"), `C:\名单\people.csv`, subscribers)
	if after.status != http.StatusSeeOther || !strings.HasSuffix(after.header.Get("Location"), "/roll/imports/a-job-that-the-page-chose") {
		t.Fatalf("%d to %s\n%s", after.status, after.header.Get("Location"), after.body)
	}
	result := admin.open("/roll/imports/a-job-that-the-page-chose")
	result.shows("people.csv", "导完了", "共 4 行", "新增 2", "退回 2", "<td>3</td><td>1</td><td>address</td>", "科学计数", "<td>4</td><td>13</td><td>areas</td>", "未知区划：火星")
	if strings.Contains(result.body, "15400000") {
		t.Error("the page shows a number")
	}
	list := admin.open("/roll/imports/a-job-that-the-page-chose/rejected.csv")
	if list.header.Get("Content-Disposition") != `attachment; filename="rejected.csv"` || strings.Count(list.body, "\n") != 3 {
		t.Errorf("the list: %v\n%s", list.header, list.body)
	}
	again := admin.sendRoll(form.field("csrf"), "people.csv", subscribers)
	admin.open(strings.TrimPrefix(again.header.Get("Location"), "/desk/sun")).shows("不变 2")
	admin.open("/roll").shows("people.csv", "新增 2", "不变 2")
}

// Who is not an administrator sees no link, no page and no import; neither does a
// form of another session, one without a file, or another site's page.
func TestOnlyAdministratorsImport(t *testing.T) {
	o := rollOffice(t)
	admin, writer := o.browser().signIn(sun), o.browser().signIn(chen)
	if strings.Contains(writer.open("/").body, "/roll") {
		t.Error("a writer sees the link")
	}
	for _, path := range []string{"/roll", "/roll/imports/x", "/roll/imports/x/rejected.csv"} {
		if p := writer.open(path); p.status != http.StatusForbidden {
			t.Errorf("a writer opens %s: %d", path, p.status)
		}
	}
	if p := writer.sendRoll(writer.open("/").field("csrf"), "a.csv", subscribers); p.status != http.StatusForbidden {
		t.Errorf("a writer imports: %d", p.status)
	}
	if p := admin.sendRoll("another", "a.csv", subscribers); p.status != http.StatusConflict {
		t.Errorf("a form of another session: %d", p.status)
	}
	if p := admin.sendRoll(admin.open("/roll").field("csrf"), "", subscribers); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a form without a file: %d", p.status)
	}
	if p := o.call(chen, "POST", "/roll/import", subscribers, nil); p.status != http.StatusForbidden {
		t.Errorf("a writer's script imports: %d", p.status)
	}
	if p := o.call(chen, "GET", "/roll/imports", nil, nil); p.status != http.StatusForbidden {
		t.Errorf("a writer's script looks at imports: %d", p.status)
	}
	if counts, err := o.roll.Count(t.Context()); err != nil || len(counts) != 0 {
		t.Errorf("somebody is on the roll: %v, %v", counts, err)
	}
}

// importRequest is a script's import.
func (o *office) importRequest(media string, body io.Reader) *http.Request {
	o.t.Helper()
	r, err := http.NewRequest("POST", o.url+"/api/v1/roll/import?name=people.csv", body)
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+o.tokens[sun.ID])
	r.Header.Set("Content-Type", media)
	return r
}

type imported struct {
	ID       string           `json:"id"`
	By       string           `json:"by"`
	Report   roll.Report      `json:"report"`
	Rejected []roll.Rejection `json:"rejected"`
}

func TestAScriptImportsAndIsToldWhatIsWrong(t *testing.T) {
	o := rollOffice(t)
	var got imported
	p := o.browser().do(o.importRequest("text/csv", strings.NewReader(subscribers)))
	if err := json.Unmarshal([]byte(p.body), &got); err != nil || p.status != http.StatusOK {
		t.Fatalf("%d %v\n%s", p.status, err, p.body)
	}
	if got.By != "sun" || got.Report.Joined != 2 || len(got.Rejected) != 2 || got.Rejected[0].Line != 3 || got.Rejected[1].Problems[0].Column != 13 {
		t.Fatalf("%s", p.body)
	}
	var same imported
	if o.call(sun, "GET", "/roll/imports/"+got.ID, nil, &same); same.Report != got.Report || len(same.Rejected) != 2 {
		t.Errorf("asked again: %+v", same)
	}
	for _, c := range []struct {
		media, body string
		status      int
		says        string
	}{
		{"text/csv", "手机号,颜色\n", http.StatusUnprocessableEntity, `"line":1,"column":5`},
		{"text/csv", "", http.StatusUnprocessableEntity, "文件是空的"},
		{"application/json", "{}", http.StatusUnprocessableEntity, "Content-Type"},
		{"text/plain", "PK\x03\x04 and so on", http.StatusUnprocessableEntity, "CSV UTF-8"},
	} {
		p := o.browser().do(o.importRequest(c.media, strings.NewReader(c.body)))
		if p.status != c.status || !strings.HasPrefix(p.header.Get("Content-Type"), "application/problem+json") || !strings.Contains(p.body, c.says) {
			t.Errorf("%s %q: %d %s", c.media, c.body, p.status, p.body)
		}
	}
}

// A file that says it is larger than the limit is refused before any of it is read.
func TestAFileBeyondTheLimitIsRefusedUnread(t *testing.T) {
	o := rollOffice(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(o.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/roll/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n", o.tokens[sun.ID], 1<<30+1)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Fatalf("%v, %v", answer, err)
	}
}

// A script that asks for lines hears of every batch while it is still sending;
// another one sees the import in the list meanwhile.
func TestAnImportAnswersWhileTheFileStillComesIn(t *testing.T) {
	o := rollOffice(t)
	in, out := io.Pipe()
	r := o.importRequest("application/x-ndjson", in)
	r.Header.Set("Accept", "application/x-ndjson")
	row := func(n int) {
		fmt.Fprintf(out, `{"channel":"sms","address":"154%08d","areas":["禅城"]}`+"\n", n)
	}
	go func() {
		for n := range 1500 {
			row(n)
		}
	}()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	type event struct {
		Progress *roll.Report
		Rejected *roll.Rejection
		Done     *imported
	}
	var e event
	lines := json.NewDecoder(answer.Body)
	if err := lines.Decode(&e); err != nil || e.Progress == nil || e.Progress.Joined != 1000 {
		t.Fatalf("%+v, %v", e, err)
	}
	var list struct{ Imports []imported }
	if o.call(sun, "GET", "/roll/imports", nil, &list); len(list.Imports) != 1 || list.Imports[0].Report.Joined != 1000 {
		t.Fatalf("meanwhile: %+v", list)
	}
	go func() {
		fmt.Fprintln(out, `{"channel":"sms"}`)
		row(1500)
		out.Close()
	}()
	rejected := 0
	for e.Done == nil {
		e = event{}
		if err := lines.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.Rejected != nil {
			rejected++
		}
	}
	if rejected != 1 || e.Done.Report.Joined != 1501 || e.Done.Report.Line != 1502 {
		t.Fatalf("%d rejected, %+v", rejected, e.Done)
	}
}

// The listener gives a request 15 s; a file may take as long as it comes.
func TestASlowFileIsWaitedFor(t *testing.T) {
	o := rollOffice(t)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = o.console.Server()
	srv.Config.ReadTimeout = 150 * time.Millisecond
	srv.Start()
	defer srv.Close()
	o.url = srv.URL
	in, out := io.Pipe()
	go func() {
		for _, line := range strings.SplitAfter(subscribers, "\n") {
			io.WriteString(out, line)
			time.Sleep(60 * time.Millisecond) // the slowness is what is tested
		}
		out.Close()
	}()
	if p := o.browser().do(o.importRequest("text/csv", in)); p.status != http.StatusOK || !strings.Contains(p.body, `"joined":2`) {
		t.Fatalf("%d %s", p.status, p.body)
	}
}
