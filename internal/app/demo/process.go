package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is the service in a process of its own.
type process struct {
	cmd    *exec.Cmd
	input  io.WriteCloser // closed when the process is to end; the system closes it when we die
	report report         // where it serves
	ended  chan struct{}  // closed when the process is gone and waited for
	err    error          // how it ended; to be read after that
}

// readyWithin bounds a start; on a machine with nothing else to do it takes less
// than a second.
const readyWithin = time.Minute

// spawn starts the service and waits until it serves. It is this binary again,
// with the same subcommand.
func spawn(ctx context.Context, o orders, log io.Writer) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the serving process: %w", err)
	}
	cmd := exec.Command(self, "demo")
	cmd.Env = append(os.Environ(), servesEnv+"=1")
	cmd.Stderr = log
	cmd.SysProcAttr = apart()
	p := &process{cmd: cmd, ended: make(chan struct{})}
	if p.input, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started, ready := make(chan error, 1), make(chan error, 1)
	go p.attend(out, started, ready)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the serving process: %w", err)
	}
	err = json.NewEncoder(p.input).Encode(o)
	if err == nil {
		select {
		case err = <-ready:
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(readyWithin):
			err = fmt.Errorf("it is not ready after %s", readyWithin)
		}
	}
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("start the serving process: %w", errors.Join(err, p.err))
	}
	return p, nil
}

// attend starts the process, reads its report and waits for its end. It keeps
// its thread: on Linux the process is killed when the thread that started it ends,
// which is how it dies with us.
func (p *process) attend(out io.Reader, started, ready chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = json.NewDecoder(out).Decode(&p.report)
	if errors.Is(err, io.EOF) {
		err = errors.New("it ended before it served")
	}
	ready <- err
	_, _ = io.Copy(io.Discard, out)
	p.err = p.cmd.Wait()
	close(p.ended)
}

// kill ends the process as a power cut would, as far as the process can tell, and
// returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
	p.input.Close()
}

// stop asks the process to end and waits; it is killed when it takes too long.
func (p *process) stop(ctx context.Context) error {
	select {
	case <-p.ended: // killed on purpose, or its end was reported already
		p.input.Close()
		return nil
	default:
	}
	err := p.cmd.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	p.input.Close()
	select {
	case <-p.ended:
		return errors.Join(err, p.err)
	case <-ctx.Done():
		p.kill()
		return errors.Join(err, fmt.Errorf("the serving process did not stop in time: %w", ctx.Err()))
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }
