package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/cap"
	"mingluo/internal/console"
)

// quick is a demo for tests: the usual one, with cheap passwords and free ports.
func quick(t *testing.T, dir string) *Demo {
	t.Helper()
	d, err := Start(t.Context(), quickConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

func quickConfig(dir string) Config {
	return Config{Dir: dir, Public: "127.0.0.1:0", Console: "127.0.0.1:0", Front: "127.0.0.1:0", SMS: 200, WeChat: 100,
		Log: slog.New(slog.DiscardHandler), Argon: console.Argon{MemoryKiB: 64, Passes: 1, Threads: 1}}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v %s", url, resp.Status, err, b)
	}
	return string(b)
}

// The whole story without a person: everybody settled, the carriers agree, the
// retraction went to the same people, one clock met and one missed.
func TestTheStoryPlays(t *testing.T) {
	c := quickConfig(t.TempDir())
	c.Bare = true
	r, err := Story(t.Context(), c, nil, false)
	if err != nil || !r.OK {
		t.Fatalf("%v, failures %v", err, r.Failures)
	}
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil || !strings.Contains(out.String(), "仿真通道") {
		t.Errorf("report %v: %s", err, out.String())
	}
	out.Reset()
	if err := r.WriteJSON(&out); err != nil || !json.Valid(out.Bytes()) {
		t.Errorf("JSON report %v: %s", err, out.String())
	}
	if r.SentNotice == 0 || r.SentNotice != r.SentRetraction {
		t.Errorf("sent to %d, retracted to %d", r.SentNotice, r.SentRetraction)
	}
}

// A foreign alert of the past is moved to now; where no area maps, the officer
// picks one (R11). Cancel, Ack and Error are refused with the reason.
func TestAForeignAlertPlaysAndACancelIsRefused(t *testing.T) {
	abroad := bytes.ReplaceAll(cap.SampleTyphoon(time.Date(2019, 7, 1, 0, 0, 0, 0, time.UTC)), []byte("佛山"), []byte("某地"))
	for _, name := range []string{"禅城区", "南海区", "顺德区", "三水区", "高明区"} {
		abroad = bytes.ReplaceAll(abroad, []byte(name), []byte("某区"))
	}
	c := quickConfig(t.TempDir())
	c.Bare = true
	r, err := Story(t.Context(), c, abroad, true)
	if err != nil || !r.OK || !r.CAP.Expires.After(time.Now()) {
		t.Fatalf("%v, failures %v, expires %v", err, r.Failures, r.CAP.Expires)
	}
	cancel := bytes.Replace(cap.SampleTyphoon(time.Now()), []byte("<msgType>Alert</msgType>"), []byte("<msgType>Cancel</msgType>"), 1)
	cancel = bytes.Replace(cancel, []byte("<info>"), []byte("<references>a@b,x,2026-11-24T05:20:00+08:00</references><info>"), 1)
	c = quickConfig(t.TempDir())
	c.Bare = true
	if _, err := Story(t.Context(), c, cancel, true); alert.AsProblems(err) == nil {
		t.Errorf("a Cancel was played: %v", err)
	}
}

// The first page is not empty; a stop and a start on the same folder keep
// everything, sign-ins and phones included.
func TestADemoIsFilledAndKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	d, err := Start(t.Context(), quickConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	if front := get(t, d.ConsoleURL+"/"); strings.Count(front, "<li>") != 5 || !strings.Contains(front, d.Officers[0].Password) {
		t.Errorf("the front page does not name five things and the sign-ins: %d", strings.Count(front, "<li>"))
	}
	var notices, incidents, seq = 0, 0, uint64(0)
	look := func(d *Demo) {
		d.Desk.Read(func(st *alert.State) { notices, incidents, seq = len(st.NoticeIDs), len(st.IncidentID), st.Seq })
	}
	look(d)
	if notices != 6 || incidents != 1 {
		t.Errorf("%d past drills and %d incidents, want 6 and 1", notices, incidents)
	}
	open := 0
	for _, duty := range d.Desk.Duties() {
		if duty.Open() {
			open++
		}
		if left := time.Until(duty.Due).Round(time.Minute); duty.Key() == "info5h" && left != 40*time.Minute {
			t.Errorf("the 5 h clock has %v left", left)
		}
	}
	if open != 3 { // the two of public information and the next report upward
		t.Errorf("%d open duties, want 3", open)
	}
	if info, err := os.Stat(filepath.Join(dir, "officers.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("officers.json: %v %v", info, err)
	}
	if page := get(t, d.PublicURL+"/phones"); strings.Count(page, `<section class="phone`) != 6 {
		t.Error("want three phones, a chat, and the phones of the two officers who sign")
	}
	before := d.Officers
	if err := d.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	was := seq
	d = quick(t, dir)
	look(d)
	if notices != 6 || incidents != 1 || seq < was || d.Officers[0].Password != before[0].Password || d.Officers[0].Token != before[0].Token {
		t.Errorf("after a restart: %d notices, %d incidents, event %d of %d", notices, incidents, seq, was)
	}
}

// A taken port becomes another, and the demo says so.
func TestATakenPortPicksAnother(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := quickConfig(t.TempDir())
	c.Public = taken.Addr().String()
	d, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(context.Background())
	if len(d.Moved) != 1 || !strings.Contains(d.Moved[0], c.Public) || strings.HasSuffix(d.PublicURL, c.Public) {
		t.Errorf("moved %v, public %s", d.Moved, d.PublicURL)
	}
}

// R18: the sign-ins are random, and a script can use a token.
func TestR18TokensWorkAndAreRandom(t *testing.T) {
	d := quick(t, t.TempDir())
	if d.Officers[0].Password == d.Officers[1].Password || len(d.Officers[0].Password) < 15 {
		t.Errorf("passwords %q, %q", d.Officers[0].Password, d.Officers[1].Password)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.ConsoleURL+"/api/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.Officers[1].Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || !bytes.Contains(b, []byte(`"li"`)) {
		t.Errorf("%s %s", resp.Status, b)
	}
}
