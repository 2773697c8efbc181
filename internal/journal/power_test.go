package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// The environment of a process that writes until it is stopped from outside.
const (
	writerDir  = "MINGLUO_JOURNAL_WRITER_DIR"
	writerSync = "MINGLUO_JOURNAL_WRITER_SYNC" // "always", or "never" for a server that does not sync
	writerActs = "MINGLUO_JOURNAL_WRITER_ACTS" // how many acts; none for as long as the process lives
)

// T04: the power goes while officers act and outcomes are recorded, again and
// again, on the same disk. After each cut the record opens without a person, its
// chain holds, a batch is there whole or not at all, and of what was acknowledged
// nothing is lost, whatever was in the middle of being written.
//
// The cut is that of [faulttest.Disk]: from one instant on nothing more reaches the
// image. The processor stops with it, as it does when the power goes: ext4 tells a
// process that lives on through its shutdown call now and then that a file is
// synced which is not. That it is a real one is shown by the same test with a server that does
// not sync: there acknowledged acts have to be lost, or this test proves nothing.
func TestT04PowerCut(t *testing.T) {
	run := faulttest.Begin(t, "T04")
	disk := faulttest.NewDisk(t, 2<<30)
	var said spoken
	lost := 0
	for range run.Times {
		said.append(writeUntilTheCut(t, disk, "always", 1+run.Rand.IntN(run.N/run.Times)))
		n, err := lostAfterACut(t, disk.Dir, true, said)
		if err != nil {
			t.Fatal(err)
		}
		lost += n
	}
	t.Logf("%d acts and %d batches were acknowledged before %d cuts, %d lost", len(said.acts), len(said.batches), run.Times, lost)
	if lost > 0 {
		t.Errorf("%d acknowledged acts and batches were lost in %d cuts", lost, run.Times)
	}
}

// The other half of T04: without syncing every write, a power cut loses what was
// acknowledged.
func TestT04PowerCutWithoutSyncLoses(t *testing.T) {
	run := faulttest.Begin(t, "T04")
	disk := faulttest.NewDisk(t, 2<<30)
	said := writeUntilTheCut(t, disk, "never", 50)
	lost, err := lostAfterACut(t, disk.Dir, false, said)
	t.Logf("%d of %d acts and batches that were acknowledged are lost (seed %d; opened with %v)", lost, len(said.acts)+len(said.batches), run.Seed, err)
	if lost == 0 && err == nil {
		t.Error("nothing is lost although nothing was synced: the cut is none")
	}
}

// spoken is what was acknowledged.
type spoken struct{ acts, batches []string }

func (s *spoken) append(more spoken) {
	s.acts, s.batches = append(s.acts, more.acts...), append(s.batches, more.batches...)
}

// writeUntilTheCut runs the writer, cuts the power after n acknowledged acts and
// plugs it in again. It returns everything that the writer ever said.
func writeUntilTheCut(t *testing.T, disk *faulttest.Disk, sync string, n int) (said spoken) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerDir+"="+disk.Dir, writerSync+"="+sync)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	cut := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		what, name, _ := strings.Cut(lines.Text(), " ")
		if what == "act" {
			said.acts = append(said.acts, name)
		} else {
			said.batches = append(said.batches, name)
		}
		if len(said.acts) >= n && !cut {
			cut = true
			still(t, cmd.Process)
			disk.Cut()
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait() // it was killed: the error is what we asked for
	if !cut {
		t.Fatalf("the writer ended by itself after %d acts: %s", len(said.acts), stderr.String())
	}
	disk.Plug()
	return said
}

// still stops a process and returns when none of its threads runs.
func still(t *testing.T, p *os.Process) {
	t.Helper()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(time.Minute); ; {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.Pid))
		if err != nil || len(threads) == 0 {
			t.Fatalf("the writer's threads are not to be seen: %v", err)
		}
		running := 0
		for _, path := range threads {
			b, err := os.ReadFile(path) // "pid (name) state …"
			if _, state, ok := strings.Cut(string(b), ") "); err == nil && (!ok || state[0] != 'T') {
				running++
			}
		}
		if running == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d threads of the writer do not stop", running)
		}
		runtime.Gosched()
	}
}

// lostAfterACut opens the record and counts what was said and is not there.
// Guarded, the journal is compared with its mirror and its signed head first, and
// nothing may be found damaged: a power cut is no damage.
func lostAfterACut(t *testing.T, dir string, guarded bool, said spoken) (lost int, err error) {
	t.Helper()
	began := time.Now()
	s, err := Open(t.Context(), Config{Dir: dir, AllowUnsafeStore: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	defer closeStore(t, s)
	b, report, err := openEither(t.Context(), s, guarded)
	if err != nil {
		return 0, err
	}
	if len(report.Damages) > 0 {
		t.Errorf("after a power cut the journal is taken for damaged: %+v", report.Damages)
	}
	took := time.Since(began)
	b.Read(func(st *alert.State) {
		for _, id := range said.acts {
			if _, ok := st.Milestones[id]; !ok {
				t.Logf("act %s is lost", id)
				lost++
			}
		}
	})
	count := map[string]int{}
	last, err := s.Scan(t.Context(), alert.StreamOutcomes, "", 1, func(r alert.Record) error {
		count[r.Subject[:strings.LastIndex(r.Subject, ".")]]++
		return nil
	})
	for _, subject := range said.batches {
		if count[subject] == 0 {
			t.Logf("batch %s is lost", subject)
			lost++
		}
	}
	for subject, n := range count {
		if n != outcomesAtOnce {
			t.Errorf("of batch %s %d messages are there: it is whole or nothing", subject, n)
		}
	}
	t.Logf("opened in %v: %d events, %d outcomes", took.Round(time.Millisecond), b.Seq(), last)
	return lost, err
}

// write is the process: it acts and records outcomes, and prints what was
// acknowledged.
func write(dir string) error {
	ctx := context.Background()
	c := Config{Dir: dir, AllowUnsafeStore: true, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if os.Getenv(writerSync) != "always" {
		url, err := unsyncedServer(filepath.Join(dir, "js"))
		if err != nil {
			return err
		}
		c.URL = url
	}
	s, err := Open(ctx, c)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(os.Getenv(writerActs)); err == nil {
		return writeCounted(s, n)
	}
	return writeForEver(ctx, s, os.Getenv(writerSync) == "always")
}

// openEither opens the journal with its guard, which runs until the store closes,
// or without.
func openEither(ctx context.Context, s *Store, guarded bool) (b *Book, r Report, err error) {
	if !guarded {
		b, err = s.OpenBook(ctx)
		return b, r, err
	}
	g, err := s.OpenGuarded(ctx, GuardConfig{Mode: alert.Drill})
	if err != nil {
		return nil, r, err
	}
	s.owned.Go(func() { _ = g.Run(s.root) }) // its end is the store's
	return g.Book(), g.Last(), nil
}

func writeForEver(ctx context.Context, s *Store, guarded bool) error {
	b, _, err := openEither(ctx, s, guarded)
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	var out sync.Mutex
	say := func(format string, a ...any) { out.Lock(); fmt.Printf(format, a...); out.Unlock() }
	go func() { ended <- actForEver(ctx, b, say) }()
	go func() { ended <- recordForEver(ctx, s, b.Seq(), say) }()
	return errors.Join(<-ended, <-ended)
}

func actForEver(ctx context.Context, b *Book, say func(string, ...any)) error {
	for {
		id := fmt.Sprintf("m%d", b.Seq()+1)
		events := make([]alert.Event, 1+b.Seq()%3)
		for i := range events {
			var err error
			if events[i], err = alert.NewEvent(time.Now(), "watch", alert.Drill, fmt.Sprintf("%s-%d", id, i), alert.Milestone{What: "due"}); err != nil {
				return err
			}
		}
		if _, err := b.Do(ctx, always(events...)); err != nil {
			return err
		}
		for _, e := range events {
			say("act %s\n", e.ID)
		}
	}
}

func recordForEver(ctx context.Context, s *Store, life uint64, say func(string, ...any)) error {
	for i := 0; ; i++ {
		subject := fmt.Sprintf("outcome.sms.n%d.%d", life, i)
		if _, err := s.PutBatch(ctx, puts(subject, outcomesAtOnce, strings.Repeat("x", 500))); err != nil {
			return err
		}
		say("batch %s\n", subject)
	}
}

// unsyncedServer is JetStream as it comes: it flushes every two minutes.
func unsyncedServer(dir string) (url string, err error) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoSigs: true, JetStreamMaxStore: sumLimits()})
	if err != nil {
		return "", err
	}
	go srv.Start() // it ends with the process
	if !srv.ReadyForConnections(10 * time.Second) {
		return "", errors.New("the server does not serve")
	}
	return srv.ClientURL(), nil
}
