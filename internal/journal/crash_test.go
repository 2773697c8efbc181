package journal

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// crashDir tells the test binary, started once more, that it is the process to be
// killed.
const crashDir = "MINGLUO_JOURNAL_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		if err := write(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, appendForEver(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(healDir); dir != "" {
		if err := healOnce(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// appendForEver acts until it is killed and prints every act that was
// acknowledged.
func appendForEver(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Dir: dir, AllowUnsafeStore: true, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	b, err := s.OpenBook(ctx)
	if err != nil {
		return err
	}
	for {
		id := fmt.Sprintf("m%d", b.Seq()+1)
		events := make([]alert.Event, 1+b.Seq()%3)
		for i := range events {
			events[i], err = alert.NewEvent(time.Now(), "watch", alert.Drill, fmt.Sprintf("%s-%d", id, i), alert.Milestone{What: "due"})
			if err != nil {
				return err
			}
		}
		if _, err := b.Do(ctx, always(events...)); err != nil {
			return err
		}
		for _, e := range events {
			fmt.Println(e.ID)
		}
	}
}

// The process is killed in the middle of its acts, three times over; every act that
// was acknowledged is there afterwards, the chain holds, and the folder is free.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	var acked []string
	for round := range 3 {
		acked = append(acked, killAfter(t, dir, 40+round*25)...)
	}
	b := openBook(t, openStore(t, dir))
	b.Read(func(st *alert.State) {
		for _, id := range acked {
			if _, ok := st.Milestones[id]; !ok {
				t.Errorf("%s was acknowledged and is gone", id)
			}
		}
		t.Logf("%d acknowledged, %d in the journal", len(acked), len(st.Milestones))
	})
}

// killAfter starts the process, kills it after n acknowledged events and returns
// all that it said.
func killAfter(t *testing.T, dir string, n int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if acked = append(acked, lines.Text()); len(acked) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait() // it was killed: the error is what we asked for
	if len(acked) < n {
		t.Fatalf("it ended by itself after %d events: %s", len(acked), stderr.String())
	}
	return acked
}
