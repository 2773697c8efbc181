package apptest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"mingluo/internal/app"
	"mingluo/internal/shared"
)

// The environment of a spawned service.
const (
	configEnv = "MINGLUO_APPTEST_CONFIG" // path of its configuration
	dieEnv    = "MINGLUO_APPTEST_DIE"    // a [Moment] at which it kills itself
)

// Main runs a package's tests, or, in a process that [Town.Spawn] started, the
// service.
func Main(m *testing.M) {
	shared.LogTo(slog.New(slog.DiscardHandler)) // the library's one logger
	if path := os.Getenv(configEnv); path != "" {
		if err := serve(path, Moment(os.Getenv(dieEnv))); err != nil {
			fmt.Fprintln(os.Stderr, "the spawned service:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serve is the service as the binary runs it, but for the options of a test.
func serve(path string, die Moment) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := app.Load(path)
	if err != nil {
		return err
	}
	c.AllowUnsafeStore = true
	a, err := app.New(c, appOptions(os.Stderr))
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	watching, enough := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); die.await(watching, a) }()
	fmt.Printf("ready %s %s\n", a.PublicURL, a.ConsoleURL)
	select {
	case <-ctx.Done():
	case err = <-a.Failed():
	}
	enough()
	<-watched
	stopping, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(err, a.Stop(stopping))
}

// Process is a service in a process of its own.
type Process struct {
	*Office
	cmd    *exec.Cmd
	ended  chan struct{}
	result error
}

// Spawn starts the service as a process on the town's folder and waits until it
// serves. The officers and people are brought in before the first.
func (w *Town) Spawn() *Process { w.t.Helper(); return w.SpawnToDie("") }

// SpawnToDie spawns a service that kills itself at a moment.
func (w *Town) SpawnToDie(at Moment) *Process {
	w.t.Helper()
	if w.tokens == nil {
		w.Start().Stop()
	}
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), configEnv+"="+w.writeConfig(), dieEnv+"="+string(at))
	cmd.Stderr = w.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatalf("spawn the service: %v", err)
	}
	p := &Process{cmd: cmd, ended: make(chan struct{}), Office: &Office{t: w.t, tokens: w.tokens, town: w}}
	ready := make(chan string, 1)
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				ready <- rest
			}
		}
		_, _ = io.Copy(io.Discard, out)
		p.result = cmd.Wait()
	}()
	w.t.Cleanup(p.Kill)
	select {
	case urls := <-ready:
		p.publicURL, p.consoleURL, _ = strings.Cut(urls, " ")
	case <-p.ended:
		w.t.Fatalf("the spawned service ended: %v", p.result)
	case <-time.After(patience):
		w.t.Fatal("the spawned service does not get ready")
	}
	w.Carriers.callBackTo(p.publicURL)
	return p
}

// Kill ends the process as a power cut would, as far as the process can tell,
// and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
}

// Freeze stops the process as a hypervisor does that moves or overcommits its
// machine: nothing of it runs, and it notices nothing. Thaw lets it go on.
func (p *Process) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (p *Process) Thaw() { p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// Died waits for a process that kills itself.
func (p *Process) Died() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("the spawned service does not die")
	}
}

// Terminate asks the process to stop (SIGTERM) and returns how long it took
// and how it ended; nil is exit status 0.
func (p *Process) Terminate() (time.Duration, error) {
	p.t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	p.Died()
	return time.Since(began), p.result
}
