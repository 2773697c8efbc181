package app_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/cap"
)

// soon bounds how long a refusal may take, also with the race detector on a
// machine that runs other tests. The bounds of a quiet machine are held by the
// tests of package cap.
const soon = 15 * time.Second

// A CAP file that is not well-formed, not CAP, not valid or hostile is refused
// with what is wrong and where, soon, and nothing of it is stored: no draft, no
// attachment, no event.
func TestBadCAPLeavesNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(2, 1))
	sound := string(cap.SampleTyphoon(time.Now()))
	changed := func(old, with string) string {
		if !strings.Contains(sound, old) {
			t.Fatalf("the sample has no %q", old)
		}
		return strings.Replace(sound, old, with, 1)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(sound)
	if err != nil {
		t.Fatal(err)
	}
	const declaration = `<?xml version="1.0" encoding="UTF-8"?>`
	for _, c := range []struct {
		name, file string
		says       string // in the English sentence
	}{
		{"nothing at all", "", ""},
		{"not XML", "预计未来6小时有台风", ""},
		{"JSON", `{"identifier": "x"}`, ""},
		{"not well-formed: cut short", sound[:len(sound)/2], ""},
		{"not well-formed: crossed tags", changed("</status>", "</state>"), ""},
		{"not CAP: a feed", declaration + `<rss version="2.0"><channel/></rss>`, ""},
		{"not CAP: another namespace", changed("urn:oasis:names:tc:emergency:cap:1.2", "urn:example:cap"), ""},
		{"not valid: no identifier", changed("<identifier>"+between(sound, "<identifier>", "</identifier>")+"</identifier>", ""), "identifier"},
		{"not valid: a word of its own", changed("<urgency>Expected</urgency>", "<urgency>Soon</urgency>"), "urgency"},
		{"not valid: no instant", changed("<sent>20", "<sent>year 20"), "sent"},
		{"unknown status", changed("<status>Exercise</status>", "<status>Serious</status>"), "status"},
		{"unknown msgType", changed("<msgType>Alert</msgType>", "<msgType>Warning</msgType>"), "msgType"},
		{"a cancellation of nothing", changed("<msgType>Alert</msgType>", "<msgType>Cancel</msgType>"), "references"},
		{"a cancellation", ofAnother(changed("<msgType>Alert</msgType>", "<msgType>Cancel</msgType>")), "msgType"},
		{"an acknowledgement", ofAnother(changed("<msgType>Alert</msgType>", "<msgType>Ack</msgType>")), "msgType"},
		{"an error message", ofAnother(changed("<msgType>Alert</msgType>", "<msgType>Error</msgType>")), "msgType"},
		{"an end before the start", strings.ReplaceAll(sound, "<expires>"+between(sound, "<expires>", "</expires>"), "<expires>2020-01-01T00:00:00+08:00"), "expires"},
		{"DOCTYPE", strings.Replace(sound, declaration, declaration+"<!DOCTYPE alert>", 1), ""},
		{"entities that multiply", strings.Replace(sound, declaration, declaration+`<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>`, 1), ""},
		{"an entity that reads a file", strings.Replace(changed("台风", "&x;"), declaration, declaration+`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>`, 1), ""},
		{"deep nesting", changed("<scope>", strings.Repeat("<x>", 200_000)), ""},
		{"wrong encoding", gb, ""},
		{"a broken character", changed("佛", "\xff"), ""},
		{"a NUL", changed("佛", "\x00"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, began := everything(s), time.Now()
			p := s.As("chen").Call(http.MethodPost, "/notices", apptest.CAP(c.file)).Refusal()
			if took := time.Since(began); took > soon {
				t.Errorf("refused after %v", took)
			}
			if p.Status != http.StatusUnprocessableEntity && p.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("refused with %d: %s", p.Status, p.DetailEN)
			}
			if len(p.Problems) == 0 || p.Problems[0].ZH == "" || !strings.Contains(p.DetailEN+p.Field, c.says) {
				t.Errorf("the refusal does not name what is wrong: %+v", p)
			}
			if after := everything(s); !maps.Equal(before, after) {
				t.Errorf("something was stored: %v, then %v", before, after)
			}
			t.Logf("%d %s line %d: %.100s", p.Status, p.Field, line(p), p.DetailEN)
		})
	}
	// The sound file is taken after all of this.
	s.As("chen").Draft(apptest.CAP(sound))
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	inner, _, _ := strings.Cut(rest, after)
	return inner
}

// ofAnother makes the file refer to an earlier message.
func ofAnother(file string) string {
	return strings.Replace(file, "</note>", "</note><references>them,their-1,2026-01-01T00:00:00+08:00</references>", 1)
}

func line(p apptest.Problem) int {
	if len(p.Problems) == 0 {
		return 0
	}
	return p.Problems[0].Line
}

func everything(s *apptest.Service) map[string]uint64 {
	return s.LastSeqs(alert.StreamJournal, alert.StreamDrafts, alert.StreamAttachments)
}

// Fifty megabytes are refused before they are read, as CAP and as JSON.
func TestFiftyMegabytesAreNotTaken(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(2, 1))
	before := everything(s)
	for _, media := range []string{"application/cap+xml", "application/json"} {
		began := time.Now()
		status, sent := pour(t, s, media, 50<<20)
		if status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: answered %d", media, status)
		}
		if took := time.Since(began); took > soon {
			t.Errorf("%s: answered after %v", media, took)
		}
		if sent > 32<<20 { // what fits into sockets' buffers is not the service's doing
			t.Errorf("%s: %d MiB were taken", media, sent>>20)
		}
	}
	if after := everything(s); !maps.Equal(before, after) {
		t.Errorf("something was stored: %v, then %v", before, after)
	}
	s.As("chen").Draft(apptest.Typhoon())
}

// pour sends a body and reads the answer meanwhile, as curl does. It returns the
// status and how much of the body was taken.
func pour(t *testing.T, s *apptest.Service, media string, size int) (status, sent int) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.ConsoleURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * soon))
	fmt.Fprintf(c, "POST /api/v1/notices HTTP/1.1\r\nHost: console\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", s.Token("chen"), media, size)
	done := make(chan int, 1)
	go func() {
		n, err := io.WriteString(c, `{"headline": "`)
		chunk := []byte(strings.Repeat("警", 20_000))
		for err == nil && n < size {
			var k int
			k, err = c.Write(chunk)
			n += k
		}
		done <- n
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%s: %v", media, err)
	}
	resp.Body.Close()
	c.Close()
	return resp.StatusCode, <-done
}

// A file whose place is nowhere in the city makes a draft without an area, and
// says so; it can be submitted only when an officer has picked one (R11).
func TestR11AFileWithoutAPlaceOfOurs(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(40, 20))
	chen := s.As("chen")
	sound := string(cap.SampleTyphoon(time.Now()))
	elsewhere := sound
	for _, area := range []string{"佛山市禅城区、南海区、顺德区、三水区、高明区", "Chancheng, Nanhai, Shunde, Sanshui and Gaoming Districts, Foshan"} {
		elsewhere = strings.ReplaceAll(elsewhere, area, "乌有镇")
	}
	for i := range 5 {
		elsewhere = strings.ReplaceAll(elsewhere, fmt.Sprintf("44060%d000000", 4+i), "999999000000")
	}
	elsewhere = strings.ReplaceAll(elsewhere, "22.65,112.54 22.69,112.39 22.77,112.38 23.58,112.82 23.58,112.91 23.28,113.18 22.81,113.40 22.68,113.20 22.65,112.54",
		"52.1,4.1 52.1,4.2 52.2,4.2 52.1,4.1")
	d := chen.Draft(apptest.CAP(elsewhere))
	if len(d.Content.Areas) != 0 || len(d.Warnings) == 0 {
		t.Errorf("the draft has the areas %v and warns %q", d.Content.Areas, d.Warnings)
	}
	before := everything(s)
	chen.TrySubmit(d).Refused(http.StatusUnprocessableEntity, "R11", "areas")
	if after := everything(s); !maps.Equal(before, after) {
		t.Errorf("something was stored: %v, then %v", before, after)
	}
	d.Content.Areas = []string{"440604"}
	d = chen.Save(d)
	d = chen.Confirm(d)
	n := s.Sign(chen.Submit(d))
	s.WaitSettled(n)
}

// A text that a route cannot carry is refused by the name of the field to
// shorten (W13), in the preview as well as at the submission.
func TestATextOverTheChannelsLimit(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(2, 1), apptest.Configure(func(c *app.Config) { c.SMS.MaxParts = 4 }))
	chen := s.As("chen")
	c := apptest.Typhoon()
	c.Headline = strings.Repeat("台风橙色预警信号", 15)
	c.Description = strings.Repeat("预计我市平均风力10级以上。", 100)
	d := chen.Draft(c)
	before := everything(s)
	chen.TrySubmit(d).Refused(http.StatusUnprocessableEntity, "W13", "description")
	if after := everything(s); !maps.Equal(before, after) {
		t.Errorf("something was stored: %v, then %v", before, after)
	}
	var preview struct{ Problems alert.Problems }
	chen.Call(http.MethodPost, "/preview", c).OK().JSON(&preview)
	if len(preview.Problems) == 0 || preview.Problems[0].Rule != "W13" {
		t.Errorf("the preview says %v", preview.Problems)
	}
	c.Headline, c.Description = "台风橙色预警信号", "预计我市平均风力10级以上。"
	d.Content = c
	chen.Submit(chen.Save(d))
}
