package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"mingluo/internal/alert"
)

// maxSocketPath is the longest path of a unix socket on Linux (sun_path).
const maxSocketPath = 107

func socketPath(dir string) (string, error) {
	p := filepath.Join(dir, "admin.sock")
	if len(p) > maxSocketPath {
		return "", fmt.Errorf("admin socket %s: the path has %d bytes, at most %d are possible; use a shorter data folder", p, len(p), maxSocketPath)
	}
	return p, nil
}

// ServeAdmin answers HTTP on DIR/admin.sock, which only this user can open, until
// ctx ends or the store closes; it returns when the last answer is finished or
// cut off, 2 s later at most.
func (s *Store) ServeAdmin(ctx context.Context, h http.Handler) error {
	path, err := socketPath(s.conf.Dir)
	if err != nil {
		return err
	}
	// The lock is ours, so a socket that is there was left by a process that died.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("admin socket: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil { // the folder is 0700 already
		return errors.Join(fmt.Errorf("admin socket: %w", err), l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.root, cancel)()
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("admin socket: %w", err)
	case <-ctx.Done():
	}
	bound, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	if err := srv.Shutdown(bound); err != nil {
		srv.Close()
	}
	<-ended
	return nil
}

// AdminClient returns a client for the process that owns the folder: whatever
// host a URL names ("http://mingluo/journal"), it goes to DIR/admin.sock. The
// error says so when no process answers there.
func AdminClient(dir string) (*http.Client, error) {
	path, err := socketPath(dir)
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "unix", path)
	}
	c, err := dial(context.Background(), "", "")
	if err != nil {
		return nil, fmt.Errorf("no running process answers in %s: %w", dir, err)
	}
	c.Close()
	return &http.Client{Transport: &http.Transport{DialContext: dial}}, nil
}

// AwaitAdmin is AdminClient for a process that has just begun to serve there.
func AwaitAdmin(ctx context.Context, dir string) (*http.Client, error) {
	for try := 0; ; try++ {
		c, err := AdminClient(dir)
		if err == nil || try == 100 {
			return c, err
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// AdminHandler serves the journal to subcommands: GET /journal gives the events as
// they are stored, one JSON object a line, from ?from=N (1), and with follow=1
// goes on until the client leaves.
func (b *Book) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /journal", b.serveJournal)
	return mux
}

// errEnd ends a Tail at the event that was the last when it began.
var errEnd = errors.New("end")

func (b *Book) serveJournal(w http.ResponseWriter, r *http.Request) {
	from := uint64(1)
	if v := r.URL.Query().Get("from"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil || n < 1 {
			http.Error(w, "from: want the number of an event, 1 or more", http.StatusBadRequest)
			return
		}
		from = n
	}
	if err := b.Err(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	last := b.Seq()
	follow := r.URL.Query().Get("follow") == "1"
	w.Header().Set("Content-Type", "application/x-ndjson")
	rc := http.NewResponseController(w)
	_ = rc.Flush() // the header, so that the client knows it is connected
	if !follow && from > last {
		return
	}
	_ = b.Tail(r.Context(), from-1, func(e alert.Event, stored []byte) error { // its end is the answer's end
		if err := writeLine(w, stored); err != nil {
			return err
		}
		if !follow && e.Seq == last {
			return errEnd
		}
		if e.Seq >= last {
			return rc.Flush()
		}
		return nil
	})
}

func writeLine(w io.Writer, stored []byte) error {
	if _, err := w.Write(stored); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
