package web

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"mingluo/internal/alert"
)

func TestHeadersAndConditionalRequests(t *testing.T) {
	d := newDesk(t, alert.Live)
	d.release("n1", typhoon())
	r := open(t, d, nil)
	r.settled()
	for _, path := range []string{"/", "/n/n1", "/n/n1.json", "/n/n1.xml", "/feed.atom", "/api/public/v1/notices", "/api/public/v1/areas", "/v"} {
		status, body, h := r.get(path, "Accept-Encoding", "identity")
		if status != http.StatusOK || h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: status %d, headers %v", path, status, h)
		}
		if status, again, _ := r.get(path, "If-None-Match", h.Get("Etag")); status != http.StatusNotModified || again != "" {
			t.Errorf("%s: asked again: %d, %d bytes", path, status, len(again))
		}
		_, packed, h := r.get(path, "Accept-Encoding", "gzip")
		if h.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(z); err != nil || string(b) != body {
				t.Errorf("%s: the packed form is another one: %v", path, err)
			}
		}
	}
	res, err := http.Post(r.base+"/n/n1", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
}

// The first view stays within 30 KB on the wire, with three notices in force.
func TestFirstViewIsSmall(t *testing.T) {
	d := newDesk(t, alert.Live)
	for i := range 3 {
		d.release("n"+strconv.Itoa(i), typhoon())
	}
	for i := range 12 {
		d.release("old"+strconv.Itoa(i), chemical(alert.Blue, "以往的一条通知，标题不长不短"))
		d.follow("old"+strconv.Itoa(i), alert.Lift, "结束。")
	}
	r := open(t, d, nil)
	r.settled()
	for _, page := range []string{"/", "/n/n1"} {
		total := 0
		body := r.page(page)
		for _, path := range append(assetsIn(body), page) {
			_, b, _ := r.get(path, "Accept-Encoding", "gzip")
			total += len(b)
		}
		t.Logf("%s: %d bytes on the wire, %d bytes of HTML before packing", page, total, len(body))
		if total > 30<<10 {
			t.Errorf("%s: %d bytes", page, total)
		}
	}
}

func assetsIn(page string) []string {
	var out []string
	seen := map[string]bool{}
	for _, part := range strings.Split(page, `"/assets/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if !seen[name] {
			seen[name] = true
			out = append(out, "/assets/"+name)
		}
	}
	return out
}

// Lists go by pages, and nothing is lost at their edges.
func TestListsGoByPages(t *testing.T) {
	d := newDesk(t, alert.Live)
	for i := range 120 {
		id := "n" + strconv.Itoa(i)
		d.release(id, chemical(alert.Blue, "通知"))
		d.follow(id, alert.Lift, "结束。")
	}
	r := open(t, d, nil)
	r.settled()
	seen := map[string]bool{}
	for page := 1; page <= 3; page++ {
		body := r.page("/past?page=" + strconv.Itoa(page))
		for _, part := range strings.Split(body, `href="/n/`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			seen[id] = true
		}
	}
	if len(seen) != 120 {
		t.Errorf("the archive lists %d of 120", len(seen))
	}
	seen = map[string]bool{}
	for next := "/api/public/v1/notices?limit=50"; next != ""; {
		var list listing
		if err := json.Unmarshal([]byte(r.page(next)), &list); err != nil {
			t.Fatal(err)
		}
		for _, n := range list.Notices {
			seen[n.ID] = true
		}
		next = strings.TrimPrefix(list.Next, r.base)
	}
	if len(seen) != 120 {
		t.Errorf("the JSON lists %d of 120", len(seen))
	}
	for _, q := range []string{"limit=0", "limit=501", "limit=x", "state=all", "before=none"} {
		if status, _, _ := r.get("/api/public/v1/notices?" + q); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", q, status)
		}
	}
}
