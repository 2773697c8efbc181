package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/faulttest"
)

// T05: the system calls of a process that acts are listened to. Between two
// acknowledgements of acts lies at least one completed fsync of the journal's
// file, however quickly they follow each other; a batch of 1,000 messages costs at
// most six, which is what makes bulk affordable. That the listening can tell is
// shown by a server that does not sync: there is none.
func TestT05SyncsBeforeEveryAcknowledgement(t *testing.T) {
	run := faulttest.Begin(t, "T05")
	h := hear(t, "always", run.N)
	t.Logf("%d acts with %d syncs of the journal each at least, %d batches of %d with %d syncs each at most", h.acts, h.least, h.batches, maxBatch, h.most)
	if h.acts != run.N || h.least < 1 {
		t.Errorf("%d acts, at least %d syncs of the journal before each was acknowledged; want %d acts and 1 sync", h.acts, h.least, run.N)
	}
	if h.batches == 0 || h.most < 1 || h.most > 6 {
		t.Errorf("%d batches, at most %d syncs each; want 1 to 6", h.batches, h.most)
	}
	if h := hear(t, "never", 20); h.acts != 20 || h.least != 0 {
		t.Errorf("without syncing %d acts had %d syncs each at least: what is counted is something else", h.acts, h.least)
	}
}

// heard is what was counted between the lines that the process printed.
type heard struct {
	acts, batches int
	least         int // syncs of the journal before one act was acknowledged
	most          int // syncs of anything before one batch was
}

// hear runs the process under strace.
func hear(t *testing.T, sync string, acts int) heard {
	t.Helper()
	strace := faulttest.Tool(t, "syncs between publish and acknowledgement", "strace")
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "--seccomp-bpf", "-y", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync,write", os.Args[0])
	cmd.Env = append(os.Environ(), writerDir+"="+t.TempDir(), writerSync+"="+sync, writerActs+"="+fmt.Sprint(acts))
	if out, err := cmd.CombinedOutput(); err != nil {
		faulttest.Skip(t, "syncs between publish and acknowledgement: the process cannot be traced here: %v %s", err, out)
	}
	h := heard{least: 1 << 30}
	listen(t, trace, func(said string, syncs map[string]int) {
		switch what, _, _ := strings.Cut(said, " "); what {
		case "act":
			h.acts++
			h.least = min(h.least, syncs[alert.StreamJournal])
		case "batch":
			h.batches++
			total := 0
			for _, n := range syncs {
				total += n
			}
			h.most = max(h.most, total)
		}
	})
	return h
}

// listen reads a trace and calls fn for every line that the process printed, with
// the syncs of each stream that were completed since the line before.
func listen(t *testing.T, trace string, fn func(said string, syncs map[string]int)) {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	call := regexp.MustCompile(`^(\d+) +(?:fsync|fdatasync)\(\d+<(.*?)>(?:\(deleted\))?(\) += 0| <unfinished)`)
	resumed := regexp.MustCompile(`^(\d+) +<\.\.\. f(?:data)?sync resumed>\) += 0`)
	printed := regexp.MustCompile(`write\(1<.*?>, "((?:begin|act|batch)[^"\\]*)`)
	syncs, open := map[string]int{}, map[string]string{} // open: by thread
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := call.FindStringSubmatch(line); m != nil {
			if strings.Contains(m[3], "unfinished") {
				open[m[1]] = m[2]
			} else {
				syncs[streamOfFile(m[2])]++
			}
		} else if m := resumed.FindStringSubmatch(line); m != nil {
			syncs[streamOfFile(open[m[1]])]++
		} else if m := printed.FindStringSubmatch(line); m != nil {
			fn(m[1], syncs)
			syncs = map[string]int{}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// streamOfFile names the stream whose file this is.
func streamOfFile(path string) string {
	_, rest, _ := strings.Cut(path, "/streams/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// writeCounted acts n times and records some batches, one after the other.
func writeCounted(s *Store, n int) error {
	ctx := context.Background()
	b, err := s.OpenBook(ctx)
	if err != nil {
		return err
	}
	fmt.Println("begin")
	for i := range n {
		e, err := alert.NewEvent(time.Now(), "watch", alert.Drill, fmt.Sprint("m", i), alert.Milestone{What: "due"})
		if err == nil {
			_, err = b.Do(ctx, always(e))
		}
		if err != nil {
			return err
		}
		fmt.Println("act", i)
	}
	for i := range 5 {
		if _, err := s.PutBatch(ctx, puts(fmt.Sprint("outcome.sms.n1.", i), maxBatch, "an outcome")); err != nil {
			return err
		}
		fmt.Println("batch", i)
	}
	return errors.Join(b.Close(), s.Close(ctx))
}
