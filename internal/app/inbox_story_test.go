package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/cap"
)

const cityToken = "a-token-of-the-weather-service-0123456789"

// Signals come by themselves: over the API with the sending system's own token
// and through a watched folder, each once, however often they come. What cannot
// be read is refused with the reason, and nothing of it is stored. An officer is
// told, looks, and the sender's receipt says so.
func TestSignalsComeByThemselves(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := apptest.Start(t, apptest.People(10, 10), apptest.Configure(func(c *app.Config) {
		c.Inbox = app.InboxConfig{Folder: folder, Senders: []string{"佛山市气象台 " + cityToken, "市住建局 another-token-of-another-system-987654"}}
	}))
	send := func(token, media string, body []byte) (int, map[string]any) {
		t.Helper()
		r, err := http.NewRequest("POST", s.ConsoleURL+"/api/v1/inbox", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", media)
		return answered(t, r)
	}
	signal := cap.SampleTyphoon(time.Now())
	status, first := send(cityToken, "application/cap+xml", signal)
	if status != http.StatusCreated || first["state"] != "received" {
		t.Fatalf("%d %v", status, first)
	}
	if status, again := send(cityToken, "application/cap+xml", signal); status != http.StatusOK || again["item"] != first["item"] || again["known"] != true {
		t.Errorf("the same signal again: %d %v", status, again)
	}
	for what, bad := range map[string]struct {
		token, media string
		body         string
		status       int
	}{
		"a token of nobody":           {"a-token-of-nobody-at-all-0123456789abcdef", "application/cap+xml", string(signal), 401},
		"no CAP":                      {cityToken, "application/cap+xml", "<alert/>", 422},
		"too large":                   {cityToken, "application/cap+xml", strings.Repeat(" ", 5<<20), 413},
		"another form":                {cityToken, "text/plain", "hello", 422},
		"an application of yesterday": {cityToken, "application/json", `{"identifier": "1", "sent": "2020-01-01T00:00:00Z", "content": {"headline": "a", "description": "b"}}`, 422},
	} {
		if status, got := send(bad.token, bad.media, []byte(bad.body)); status != bad.status {
			t.Errorf("%s: %d %v", what, status, got)
		}
	}
	sent := time.Now().UTC().Format(time.RFC3339)
	if status, got := send("another-token-of-another-system-987654", "application/json", []byte(`{"identifier": "住建-17", "sent": "`+sent+`", "content": {"kind": "caution", "hazard": "XSITE", "level": "yellow", "headline": "塔吊防风", "description": "请全市工地检查塔吊。", "areas": ["440604"]}}`)); status != http.StatusCreated {
		t.Errorf("an application: %d %v", status, got)
	}

	put := func(name string, data []byte) {
		t.Helper()
		old := time.Now().Add(-time.Minute)
		at := filepath.Join(folder, name)
		if err := os.WriteFile(at, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(at, old, old); err != nil {
			t.Fatal(err)
		}
	}
	put("typhoon.xml", cap.SampleTyphoon(time.Now().Add(time.Second)))
	put("broken.xml", []byte("<alert>"))
	s.Until("the folder is taken", func() bool {
		_, done := os.Stat(filepath.Join(folder, "done", "typhoon.xml"))
		_, refused := os.Stat(filepath.Join(folder, "refused", "broken.xml.txt"))
		return done == nil && refused == nil
	})
	var list struct {
		Items []struct {
			Item, From, Name string
			Told             []alert.InboxTold
		}
	}
	s.Until("somebody is told of each", func() bool {
		s.As("chen").Call("GET", "/inbox", nil).OK().JSON(&list)
		for _, it := range list.Items {
			if len(it.Told) != 1 {
				return false
			}
		}
		return len(list.Items) == 3
	})
	s.As("chen").Call("POST", "/inbox/"+first["item"].(string)+"/decline", map[string]string{"reason": "与本市无关"}).OK()
	r, err := http.NewRequest("GET", s.ConsoleURL+"/api/v1/inbox/"+first["item"].(string)+"/receipt", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+cityToken)
	if _, got := answered(t, r); got["state"] != "declined" || got["reason"] != "与本市无关" {
		t.Errorf("the receipt says %v", got)
	}
}

func answered(t *testing.T, r *http.Request) (int, map[string]any) {
	t.Helper()
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(a.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, out
}
