package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/keep"
	"mingluo/internal/roll"
)

// A backup is made while a fan-out runs, officers issue and people join and
// leave. The machine is lost. On an empty one the keys come from their export,
// the record from the backup: the journal and the roll are as they were, the
// officers' sign-ins hold, and the fan-out that was under way does not go on by
// itself, because nobody there knows what was sent after the backup.
func TestABackupUnderLoadIsRestoredOnAnEmptyMachine(t *testing.T) {
	t.Parallel()
	town := apptest.NewTown(t, apptest.People(240, 160), apptest.Configure(func(c *app.Config) { c.WeChat.Timeout = app.Duration(time.Minute) }))
	service := town.Start()
	ended := service.Issue(apptest.Typhoon())
	service.WaitSettled(ended)
	town.Carriers.Hold(60, 40)
	running := service.Issue(apptest.Typhoon())
	service.Until("the fan-out is under way", town.Carriers.Holding)

	load := startOfficeLoad(t, service)
	joined, left := load.joined.Load(), load.left.Load()
	path := saveBackup(t, town)
	joinedAfter, leftAfter := load.joined.Load()+1, load.left.Load()+1
	load.stop()
	kit, err := app.ReadKit(town.Dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := app.ReadKeyFiles(town.Dir)
	if err != nil {
		t.Fatal(err)
	}
	noKeyIn(t, path, files, kit)
	town.Carriers.Slow(400*time.Millisecond, 400*time.Millisecond)
	town.Carriers.Release()
	service.Stop()
	heldBefore := len(town.Carriers.Held("sms", running.ID, alert.Issue)) + len(town.Carriers.Held("wechat", running.ID, alert.Issue))

	town.Dir = t.TempDir()
	if _, err := app.Restore(t.Context(), town.Config(), quietOptions(), path); err == nil || !strings.Contains(err.Error(), "keys import") {
		t.Fatalf("restored without keys: %v", err)
	}
	if err := app.PlaceKeyFiles(town.Dir, files); err != nil {
		t.Fatal(err)
	}
	restored, err := app.Restore(t.Context(), town.Config(), quietOptions(), path)
	if err != nil {
		t.Fatal(err)
	}
	if restored.Officers != len(apptest.Officers()) || len(restored.Paused) < 1 || restored.Paused[0].Notice != running.ID {
		t.Errorf("restored: %+v", restored)
	}
	town.Carriers.Slow(0, 0)
	again := town.Start()
	counts, err := again.Roll.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sms := counts[roll.SMS]
	if all := int64(sms.Active + sms.Left - 240); all < joined || all > joinedAfter || int64(sms.Left) < left || int64(sms.Left) > leftAfter {
		t.Errorf("%d joined and %d left on the restored roll; when the copy began it was %d and %d, when it ended %d and %d", all, sms.Left, joined, left, joinedAfter, leftAfter)
	}
	old := again.Look(ended.ID)
	again.WaitSettled(old)
	again.As("li").Call("GET", "/me", nil).OK().Says("li")
	p, found := again.Progress(running)
	if !found || !p.Paused || p.Done {
		t.Fatalf("the fan-out that was under way: %+v", p)
	}
	again.As("wang").Call("GET", "/notices/"+running.ID+"/trail", nil).OK().Says(alert.RestoredPause)
	if held := len(town.Carriers.Held("sms", running.ID, alert.Issue)) + len(town.Carriers.Held("wechat", running.ID, alert.Issue)); held != heldBefore {
		t.Errorf("%d more messages of the old fan-out were sent by themselves", held-heldBefore)
	}
	again.As("li").Resume(again.Look(running.ID))
	again.WaitSettled(running)
	sms240 := town.Carriers.Held("sms", running.ID, alert.Issue)
	for address := range town.Everybody("sms") {
		if sms240[address] == 0 {
			t.Errorf("%s was missed", address)
		}
	}
	sameAddresses(t, "after resuming", addresses(town.Carriers.Held("wechat", running.ID, alert.Issue)), town.Everybody("wechat"))

	if _, err := app.Restore(t.Context(), town.Config(), quietOptions(), path); err == nil {
		t.Error("a backup was restored over a record")
	}
}

func quietOptions() app.Options {
	return app.Options{SampleAddresses: true, Argon: apptest.CheapPasswords()}
}

func saveBackup(t *testing.T, town *apptest.Town) string {
	t.Helper()
	office, err := app.Reach(t.Context(), town.Config(), quietOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer office.Close(context.WithoutCancel(t.Context()))
	if !office.Running {
		t.Error("the running service was not found")
	}
	s, err := office.Backup(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s.Path
}

// officeLoad is people who join and leave and officers who issue.
type officeLoad struct {
	cancel       context.CancelFunc
	done         sync.WaitGroup
	joined, left atomic.Int64 // acknowledged
}

func startOfficeLoad(t *testing.T, s *apptest.Service) *officeLoad {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &officeLoad{cancel: cancel}
	var begun sync.WaitGroup
	loop := func(what func(i int) error) {
		begun.Add(1)
		l.done.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := what(i); err != nil {
					t.Error(err)
				}
				if i == 0 {
					begun.Done()
				}
			}
		})
	}
	phone := func(i int) string { return fmt.Sprintf("%s%08d", roll.SamplePhonePrefix, 50_000_000+i) }
	loop(func(i int) error {
		_, _, err := s.Roll.Join(t.Context(), roll.Subscription{Channel: roll.SMS, Address: phone(i), Areas: []string{"440604"}, Joined: time.Now()})
		if err == nil {
			l.joined.Add(1)
		}
		if err == nil && i%3 == 0 {
			if err = s.Roll.Leave(t.Context(), roll.SMS, phone(i), time.Now(), time.Now().Add(time.Hour)); err == nil {
				l.left.Add(1)
			}
		}
		return err
	})
	loop(func(int) error { s.Issue(apptest.Typhoon()); return nil })
	begun.Wait()
	t.Cleanup(l.stop)
	return l
}

func (l *officeLoad) stop() { l.cancel(); l.done.Wait() }

// noKeyIn looks for every key in the backup, raw, in hexadecimal and in base64,
// in the file as it lies there and in what its streams unpack to.
func noKeyIn(t *testing.T, path string, files keep.Files, kit keep.Kit) {
	t.Helper()
	var secrets [][]byte
	for name, file := range files {
		var tree any
		if err := json.Unmarshal(file, &tree); err != nil {
			t.Fatal(err)
		}
		keys := keysIn(tree)
		if len(keys) == 0 {
			t.Fatalf("no key was found in %s", name)
		}
		secrets = append(secrets, keys...)
	}
	secrets = append(secrets, kit.Accounts, []byte(kit.Phrase()))
	b, err := keep.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	haystack := whole
	for _, s := range b.Streams {
		var plain bytes.Buffer
		if _, err := plain.ReadFrom(s2.NewReader(b.Stream(s.Stream))); err != nil {
			t.Fatal(err)
		}
		haystack = append(haystack, plain.Bytes()...)
	}
	for _, key := range secrets {
		for _, form := range [][]byte{key, []byte(hex.EncodeToString(key)), []byte(base64.StdEncoding.EncodeToString(key)), []byte(base64.RawURLEncoding.EncodeToString(key))} {
			if bytes.Contains(haystack, form) {
				t.Errorf("a key of %d bytes (%x…) is in the backup", len(key), sha256.Sum256(key))
			}
		}
	}
	for _, secret := range []string{"loopback", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"} { // the carriers' passwords
		if bytes.Contains(haystack, []byte(secret)) {
			t.Errorf("a carrier's secret is in the backup: %q", secret)
		}
	}
}

// keysIn finds the keys of a key file: everything in base64 of 32 bytes.
func keysIn(tree any) (out [][]byte) {
	switch v := tree.(type) {
	case map[string]any:
		for _, x := range v {
			out = append(out, keysIn(x)...)
		}
	case []any:
		for _, x := range v {
			out = append(out, keysIn(x)...)
		}
	case string:
		if b, err := base64.StdEncoding.DecodeString(v); err == nil && len(b) == 32 {
			out = append(out, b)
		}
	}
	return out
}
