package journal

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
)

// A stream at its limit refuses and says so; what was stored stays, and other
// streams go on.
func TestFullStreamRefuses(t *testing.T) {
	s := openStore(t, t.TempDir())
	for _, d := range streamTable() {
		if d.name == alert.StreamOutcomes {
			d.limit = 64 << 10
			if _, err := s.js.UpdateStream(t.Context(), d.config(1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	data := strings.Repeat("x", 1000)
	if _, err := s.PutBatch(t.Context(), puts("outcome.sms.n1.1", 40, data)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutBatch(t.Context(), puts("outcome.sms.n1.2", 40, data)); !errors.Is(err, alert.ErrFull) {
		t.Errorf("a batch beyond the limit: %v", err)
	}
	if last, err := s.LastSeq(t.Context(), alert.StreamOutcomes); last != 40 || err != nil {
		t.Errorf("last is %d, %v", last, err)
	}
	if _, err := s.Put(t.Context(), alert.Put{Subject: "tally.n1.1.sms.x"}); err != nil {
		t.Errorf("another stream: %v", err)
	}
}

func TestHealthEndsWithTheStore(t *testing.T) {
	s := openStore(t, t.TempDir())
	if err := s.Health(t.Context()); err != nil {
		t.Errorf("while open: %v", err)
	}
	if free, err := s.Free(); free == 0 || err != nil {
		t.Errorf("free: %d, %v", free, err)
	}
	closeStore(t, s)
	if s.Health(t.Context()) == nil {
		t.Error("closed and healthy")
	}
	if _, err := s.OpenBook(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("a book of a closed store: %v", err)
	}
	if err := s.Follow(t.Context(), alert.StreamDrafts, "", 1, func(alert.Record) error { return nil }); err == nil {
		t.Error("a closed store was followed")
	}
}

// A context that ends while somebody waits for the journal ends the waiting only.
func TestWaitingHearsItsContext(t *testing.T) {
	b := openBook(t, openStore(t, t.TempDir()))
	b.turn <- struct{}{} // somebody is appending
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Do(ctx, always(keySet(t, "x"))); !errors.Is(err, context.Canceled) {
		t.Errorf("Do: %v", err)
	}
	if _, err := b.Wait(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
	<-b.turn
	if _, err := b.Do(ctx, always(keySet(t, "x"))); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Do afterwards: %v", err)
	}
}

// A taken port ends the start with the reason, not the process, and leaves the
// folder free.
func TestTakenPortIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	if _, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Listen: l.Addr().String()}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("it says: %v", err)
	}
	openStore(t, dir)
}

func TestCheckGround(t *testing.T) {
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(os.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"/dev/shm/x", "/var/tmp/x/y", os.TempDir(), filepath.Join(t.TempDir(), "not", "there"), filepath.Join(link, "x")} {
		if len(CheckGround(dir)) == 0 {
			t.Errorf("%s passed", dir)
		}
	}
	if reasons := CheckGround(filepath.Join(home, "not", "there")); len(reasons) > 0 {
		t.Logf("the tests' own folder: %q", reasons) // in a container it may well be unsafe
	}
}

func FuzzCheckSubject(f *testing.F) {
	for _, s := range []string{"draft.d1", "a", "", ".", "a..b", "a.*", "a.>", "a b", "roll.0f3a.x_-", "\x00", "你"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkSubject(s) == nil && !server.IsValidPublishSubject(s) {
			t.Errorf("%q passed, but nats does not take it", s)
		}
		if checkToken("id", s) == nil && (checkSubject("x."+s) != nil || strings.Contains(s, ".")) {
			t.Errorf("%q passed as one token", s)
		}
	})
}

func FuzzReadAck(f *testing.F) {
	for _, s := range []string{
		`{"stream":"JOURNAL","seq":7}`, `{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"X","seq":0}`,
		`{"error":{"code":503,"err_code":10077,"description":"maximum messages per subject exceeded"}}`, ``, `{}`, `null`, `[]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		seq, err := readAck(b)
		if (seq == 0) != (err != nil) {
			t.Errorf("%q: sequence %d and %v", b, seq, err)
		}
	})
}

func FuzzReadJsz(f *testing.F) {
	f.Add([]byte(`{"server_id":"N","config":{"sync_always":true}}`))
	f.Add([]byte(`{"server_id":"N","config":{}}`))
	f.Add([]byte(`{"server_id":"N","disabled":true,"config":{"sync_always":true}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := readJsz(b)
		if err == nil && (a.id == "" || a.synced && !strings.Contains(string(b), "true")) {
			t.Errorf("%q passed", b)
		}
	})
}
