package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/roll"
)

// emptyDemo makes a demo's data folder with nobody on the roll.
func emptyDemo(t *testing.T) string {
	t.Helper()
	c := app.Defaults()
	c.Mode, c.Data, c.AllowUnsafeStore = alert.Drill, t.TempDir(), true
	o := quiet()
	o.SampleAddresses = true
	office, err := app.Reach(t.Context(), c, o)
	if err == nil {
		err = closeOffice(t.Context(), office)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.Data
}

// mingluo runs a command in this process and returns what it printed and its
// exit status.
func mingluo(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	if err == nil {
		return out.String(), 0
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return out.String() + e.Error(), e.status
	}
	return out.String() + err.Error(), 1
}

// peopleFile writes made-up people as an office would.
func peopleFile(t *testing.T, form string, sms, wechat int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people."+form)
	var b bytes.Buffer
	w, err := roll.NewWriter(&b, form)
	for s := range roll.Samples(alert.Foshan(), sms, wechat) {
		err = errors.Join(err, w.Write(s))
	}
	if err = errors.Join(err, w.Flush(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

// onRoll counts who is on a stopped roll, and how many messages its stream ever had.
func onRoll(t *testing.T, dir string) (people, messages int) {
	t.Helper()
	c := app.Defaults()
	c.Mode, c.Data, c.AllowUnsafeStore = alert.Drill, dir, true
	a, err := app.New(c, quiet())
	if err == nil {
		err = a.StartQuietly(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop(context.WithoutCancel(t.Context()))
	counts, err := a.Roll.CountSelected(t.Context(), roll.Selection{})
	last, lastErr := a.Store.LastSeq(t.Context(), alert.StreamRoll)
	if err = errors.Join(err, lastErr); err != nil {
		t.Fatal(err)
	}
	return counts[roll.SMS] + counts[roll.WeChat], int(last)
}

// An import is killed three times in the middle (SIGKILL), each time at another
// place, and begun again. In the end exactly the people of the file are on the
// roll, and none of them was ever written twice.
func TestAnImportKilledInTheMiddleGoesOn(t *testing.T) {
	const n = 20_000
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	dir, file := emptyDemo(t), peopleFile(t, roll.CSV, n, 0)
	before := 0
	for range 3 {
		killImport(t, dir, file, before+1000+rnd.IntN(2500))
		people, messages := onRoll(t, dir)
		if people != messages || people < before || people >= n {
			t.Fatalf("after a kill %d people in %d messages, %d before", people, messages, before)
		}
		before = people
	}
	said, status := mingluo(t, "roll", "import", "-dir", dir, file)
	if status != 0 || !strings.Contains(said, fmt.Sprintf("新增 new %d", n-before)) || !strings.Contains(said, fmt.Sprintf("不变 unchanged %d", before)) {
		t.Fatalf("status %d: %s", status, said)
	}
	if people, messages := onRoll(t, dir); people != n || messages != n {
		t.Fatalf("%d people in %d messages, the file has %d", people, messages, n)
	}
	if said, status := mingluo(t, "roll", "import", "-dir", dir, file); status != 0 || !strings.Contains(said, "没有变化 / nothing changed") {
		t.Fatalf("the same file again: status %d: %s", status, said)
	}
}

// killImport runs an import as a process and kills it once so many are on the
// roll. It is given a few thousand rows more and no end, so that it is always
// killed in the middle.
func killImport(t *testing.T, dir, file string, at int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows := bytes.SplitAfter(data, []byte("\n"))
	data = bytes.Join(rows[:1+at+2500], nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "roll", "import", "-dir", dir, "-rejected", filepath.Join(t.TempDir(), "rejected.csv"), "-")
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = in.Write(data) // it may be killed meanwhile
	}()
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
		<-written
	}()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the import does not come to %d people", at)
		}
		office, err := app.Reach(t.Context(), app.Config{Data: dir}, quiet())
		if err != nil {
			continue // the process does not answer yet
		}
		n, err := office.CountRoll(t.Context(), roll.Selection{})
		office.CloseIdleConnections()
		if err == nil && n.Channels[roll.SMS] >= at {
			return
		}
	}
}

// The second way to send (R22): everybody is exported, all data is lost, and the
// file brings everybody back as they were. The file is its owner's alone, asks
// for -yes, is recorded with who made it, and no spreadsheet calculates with it.
func TestR22AnExportBringsEverybodyBack(t *testing.T) {
	dir := emptyDemo(t)
	strange := filepath.Join(t.TempDir(), "strange.ndjson")
	if err := os.WriteFile(strange, []byte(`{"channel":"sms","address":"15499999999","areas":["祖庙"],"groups":["=1+1","@学校"],"joined":"2026-05-01T08:00:00.123+08:00"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{peopleFile(t, roll.NDJSON, 600, 300), strange} {
		if said, status := mingluo(t, "roll", "import", "-dir", dir, file); status != 0 {
			t.Fatal(said)
		}
	}
	for _, form := range []string{roll.CSV, roll.NDJSON} {
		first := filepath.Join(t.TempDir(), "all."+form)
		if said, status := mingluo(t, "roll", "export", "-dir", dir, "-o", first, "-format", form); status != 2 || !strings.Contains(said, "-yes") {
			t.Fatalf("without -yes: %d %s", status, said)
		}
		if said, status := mingluo(t, "roll", "export", "-dir", dir, "-o", first, "-format", form, "-yes", "-reason", "演练"); status != 0 || !strings.Contains(said, "901 人") {
			t.Fatalf("%d %s", status, said)
		}
		if info, err := os.Stat(first); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v", info.Mode(), err)
		}
		other := emptyDemo(t)
		if said, status := mingluo(t, "roll", "import", "-dir", other, first); status != 0 || !strings.Contains(said, "新增 new 901") {
			t.Fatalf("%d %s", status, said)
		}
		second := filepath.Join(t.TempDir(), "again."+form)
		if said, status := mingluo(t, "roll", "export", "-dir", other, "-o", second, "-format", form, "-yes"); status != 0 {
			t.Fatal(said)
		}
		a, b := sortedLines(t, first), sortedLines(t, second)
		if !slices.Equal(a, b) {
			t.Errorf("%s: %d lines went out and %d other ones came back", form, len(a), len(b))
		}
		if text := strings.Join(a, "\n"); form == roll.CSV && (!strings.Contains(text, "'+86154") || !strings.Contains(text, "'=1+1;@学校")) {
			t.Error("a spreadsheet would calculate with the file")
		}
	}
	events, _ := mingluo(t, "journal", "tail", "-once", "-dir", dir)
	if !strings.Contains(events, `"type":"exported"`) || !strings.Contains(events, `"by":"operator:`) || !strings.Contains(events, `"counts":{"sms":601,"wechat":300}`) || strings.Contains(events, "8615") {
		t.Errorf("the journal says\n%s", events)
	}
}

func sortedLines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(strings.SplitSeq(string(b), "\n"))
}

// Parts of the roll: a count and a list are of the same people, and a bare list
// holds nothing but addresses.
func TestAListIsOfWhomANoticeWouldBeFor(t *testing.T) {
	dir := emptyDemo(t)
	if said, status := mingluo(t, "roll", "import", "-dir", dir, peopleFile(t, roll.CSV, 900, 400)); status != 0 {
		t.Fatal(said)
	}
	for _, of := range [][]string{{"-area", "祖庙"}, {"-area", "禅城,南海", "-group", "学校"}, {"-hazard", "暴雨", "-level", "yellow"}, {}} {
		of = append(of, "-channel", "sms")
		path := filepath.Join(t.TempDir(), "list.txt")
		counted, _ := mingluo(t, append([]string{"roll", "count", "-dir", dir}, of...)...)
		said, status := mingluo(t, append([]string{"roll", "export", "-dir", dir, "-o", path, "-format", "list", "-yes"}, of...)...)
		if status != 0 {
			t.Fatal(said)
		}
		list := strings.Fields(strings.Join(sortedLines(t, path), "\n"))
		if want, _, _ := strings.Cut(counted, "\n"); want != fmt.Sprintf("sms %d", len(list)) || len(list) == 0 {
			t.Errorf("%v: counted %q, listed %d", of, want, len(list))
		}
		for _, a := range list {
			if !strings.HasPrefix(a, roll.SamplePhonePrefix) {
				t.Fatalf("%v: a line is %q", of, a)
			}
		}
	}
	for _, wrong := range [][]string{{"-area", "火星"}, {"-channel", "fax"}, {"-hazard", "外星人"}} {
		if said, status := mingluo(t, append([]string{"roll", "count", "-dir", dir}, wrong...)...); status != 2 {
			t.Errorf("%v: %d %s", wrong, status, said)
		}
	}
}

// Somebody is taken off and somebody erased by an operator. The journal knows
// that it was done and not to whom, and no later import brings them back.
func TestWhoWasTakenOffIsNotBroughtBack(t *testing.T) {
	dir, file := emptyDemo(t), peopleFile(t, roll.CSV, 10, 0)
	mingluo(t, "roll", "import", "-dir", dir, file)
	for _, c := range [][]string{{"leave", "15400000001"}, {"erase", "+86 154-0000-0002"}} {
		if said, status := mingluo(t, "roll", c[0], "-dir", dir, "-yes", "-reason", "本人来函", c[1]); status != 0 {
			t.Fatal(said)
		}
	}
	said, status := mingluo(t, "roll", "import", "-dir", dir, file)
	if status != 0 || !strings.Contains(said, "left or erased 2，") || !strings.Contains(said, "不变 unchanged 8") {
		t.Fatalf("%d %s", status, said)
	}
	for address, want := range map[string]string{"15400000001": "已退订 left", "15400000002": "已删除 erased", "15400000003": "订阅中 active"} {
		if said, status := mingluo(t, "roll", "find", "-dir", dir, address); status != 0 || !strings.Contains(said, want) || strings.Contains(said, address) {
			t.Errorf("%s: %d %s", address, status, said)
		}
	}
	if said, status := mingluo(t, "roll", "find", "-dir", dir, "15400000099"); status != 1 {
		t.Errorf("a stranger: %d %s", status, said)
	}
	events, _ := mingluo(t, "journal", "tail", "-once", "-dir", dir)
	if strings.Count(events, "本人来函") != 2 || strings.Contains(events, "1540000") {
		t.Errorf("the journal says\n%s", events)
	}
}

// The rejected rows are listed in a file beside the input. When the file has been
// corrected the list is gone.
func TestRejectedRowsAreListedBesideTheFile(t *testing.T) {
	dir := emptyDemo(t)
	file := filepath.Join(t.TempDir(), "people.csv")
	list := file + ".rejected.csv"
	write := func(rows string) {
		if err := os.WriteFile(file, []byte("手机号,镇街\n15400000001,祖庙\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1.54E+10,禅城\n15400000003,火星\n")
	said, status := mingluo(t, "roll", "import", "-dir", dir, file)
	if status != rejectedStatus || !strings.Contains(said, list) || !strings.Contains(said, "退回 rejected 2") {
		t.Fatalf("%d %s", status, said)
	}
	b, err := os.ReadFile(list)
	if err != nil || !bytes.Contains(b, []byte("\n3,1,address,")) || !bytes.Contains(b, []byte("\n4,13,areas,")) || bytes.Contains(b, []byte("154")) {
		t.Fatalf("%v\n%s", err, b)
	}
	write("15400000002,禅城\n15400000003,禅城\n")
	if said, status := mingluo(t, "roll", "import", "-dir", dir, file); status != 0 || !strings.Contains(said, "新增 new 2") {
		t.Fatalf("%d %s", status, said)
	}
	if _, err := os.Stat(list); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the list of a file without faults: %v", err)
	}
	if err := os.WriteFile(file, []byte("名字\n张三\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, status := mingluo(t, "roll", "import", "-dir", dir, file); status != 2 {
		t.Errorf("a head that cannot be used: %d %s", status, said)
	}
	if said, status := mingluo(t, "roll", "import", "-dir", dir, file+".nowhere"); status != 2 {
		t.Errorf("a file that is not there: %d %s", status, said)
	}
}

// A meter that writes to a log says a line now and then, one on a terminal moves.
func TestTheMeterSaysHowFarItIs(t *testing.T) {
	var out bytes.Buffer
	m := &meter{in: strings.NewReader(strings.Repeat("x", 400)), out: &out, size: 1000, began: time.Now().Add(-2 * time.Second)}
	if _, err := io.Copy(io.Discard, m); err != nil {
		t.Fatal(err)
	}
	m.show(roll.Report{Rows: 4000})
	if m.show(roll.Report{Rows: 5000}); strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "40% 4000 行 rows，") || !strings.Contains(out.String(), "left 3s") {
		t.Errorf("in a log: %q", out.String())
	}
	out.Reset()
	m.moves, m.shown = true, time.Time{}
	if m.show(roll.Report{Rows: 4000, Rejected: 7}); !strings.HasPrefix(out.String(), "\r\x1b[K[████████████··················] 40%") || !strings.HasSuffix(out.String(), "rejected 7") {
		t.Errorf("on a terminal: %q", out.String())
	}
}
