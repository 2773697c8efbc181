package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats-server/v2/server/archive"
	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/alert"
)

// unfinished is the file that stands in the folder while a record is being
// restored into it. A folder with it is not opened: what is in it is not whole.
const unfinished = "restoring"

// Restorer fills an empty record from copies of its streams, with the sequences
// and times that they had.
type Restorer struct {
	store *Store
}

// NotEmptyError says that a record is there already.
type NotEmptyError struct{ Where string }

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%s holds a record already; restoring is for an empty one only", e.Where)
}

// OpenEmpty opens a folder, or an external NATS, that holds no record, to be
// filled by [Restorer.Restore]. Until [EndRestore] the folder carries a mark that
// keeps everybody else from opening it.
//
// The embedded server does not sync each message here: a million would take ten
// minutes, and nobody was promised anything yet. Finish syncs everything.
func OpenEmpty(ctx context.Context, c Config) (*Restorer, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "js")); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("restore: %w", errors.Join(&NotEmptyError{Where: c.Dir}, err))
	}
	if err := unsafeGround(CheckGround(c.Dir)); err != nil && !c.AllowUnsafeStore {
		return nil, fmt.Errorf("restore: %w", err)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	s := newStore(c)
	if err := s.openEmpty(ctx); err != nil {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("restore: %w", err), s.Close(bound))
	}
	return &Restorer{store: s}, nil
}

func (s *Store) openEmpty(ctx context.Context) (err error) {
	if s.lock, err = lockFolder(s.conf.Dir); err != nil {
		return err
	}
	if err := markUnfinished(s.conf.Dir); err != nil {
		return err
	}
	if s.conf.embedded() {
		if s.emb, err = startUnsynced(ctx, s.conf); err == nil {
			s.nc, err = s.emb.connect(s.conf, s.link.renew)
		}
	} else {
		err = s.connectExternal(ctx)
	}
	if err != nil {
		return err
	}
	if s.js, err = jetstream.New(s.nc, jetstream.WithDefaultTimeout(ackWait)); err != nil {
		return err
	}
	for _, d := range streamTable() {
		_, err := s.js.Stream(ctx, d.name)
		if err == nil {
			return &NotEmptyError{Where: "the server, in stream " + d.name + ","}
		}
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
	}
	return nil
}

func markUnfinished(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, unfinished), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("a record is being restored into this folder; it cannot be opened until that is finished\n")
	return errors.Join(err, f.Sync(), f.Close(), syncPath(dir))
}

// checkFinished refuses a folder whose restoring did not end.
func checkFinished(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, unfinished)); err == nil {
		return fmt.Errorf("open record: restoring into %s was not finished, so the record in it is not whole: empty the folder and restore again", dir)
	}
	return nil
}

// startUnsynced starts the embedded server for filling it.
func startUnsynced(ctx context.Context, c Config) (*embedded, error) {
	e, err := newEmbedded(c)
	if err != nil {
		return nil, err
	}
	e.bulk, e.tune = true, func(o *server.Options) { o.SyncAlways, o.DontListen = false, true }
	if err := e.start(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

// Restore fills one stream. src is what [Store.Snapshot] wrote.
func (r *Restorer) Restore(ctx context.Context, snap Snapshot, src io.Reader) error {
	if err := r.restore(ctx, snap, src); err != nil {
		return fmt.Errorf("restore %s: %w", snap.Stream, err)
	}
	return nil
}

func (r *Restorer) restore(ctx context.Context, snap Snapshot, src io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	to, err := r.begin(ctx, snap)
	if err != nil {
		return err
	}
	pr, pw := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := rewrite(pw, snap, src)
		pw.CloseWithError(err)
		written <- err
	}()
	err = r.send(ctx, to, pr)
	pr.CloseWithError(io.ErrClosedPipe) // lets the writer end when sending did
	if werr := <-written; err == nil || !errors.Is(werr, io.ErrClosedPipe) {
		err = errors.Join(werr, err)
	}
	return err
}

// begin asks the server to take a stream, and returns where it takes it.
func (r *Restorer) begin(ctx context.Context, snap Snapshot) (to string, err error) {
	conf, err := r.store.streamConfig(snap.Stream)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(struct {
		Config jetstream.StreamConfig `json:"config"`
		State  server.StreamState     `json:"state"`
	}{conf, snap.state()})
	if err != nil {
		return "", err
	}
	var a struct {
		Error *refusal `json:"error"`
		To    string   `json:"deliver_subject"`
	}
	if err := r.ask(ctx, "$JS.API.STREAM.RESTORE."+snap.Stream, body, &a); err != nil {
		return "", err
	}
	if a.Error != nil {
		return "", a.Error
	}
	return a.To, nil
}

// ask sends a request; an answer without content leaves a as it is.
func (r *Restorer) ask(ctx context.Context, subject string, body []byte, a any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // the last question is answered when everything is stored
	defer cancel()
	m, err := r.store.nc.RequestWithContext(ctx, subject, body)
	if err != nil || len(m.Data) == 0 {
		return err
	}
	return json.Unmarshal(m.Data, a)
}

// send hands the archive over, piece by piece, each confirmed.
func (r *Restorer) send(ctx context.Context, to string, src io.Reader) error {
	piece := make([]byte, 128<<10)
	for {
		n, err := io.ReadFull(src, piece)
		var a struct {
			Error *refusal `json:"error"`
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			_ = r.ask(ctx, to, nil, &a) // what came does not end well, and the server says so; it need not wait for more
			return err
		}
		if n > 0 {
			if err := r.ask(ctx, to, piece[:n], &a); err != nil {
				return err
			}
		}
		if a.Error == nil && err != nil { // the end: an empty piece says so
			if err := r.ask(ctx, to, nil, &a); err != nil {
				return err
			}
		}
		if a.Error != nil {
			return a.Error
		}
		if err != nil {
			return nil
		}
	}
}

// state is what the server wants to know of a stream before its messages.
func (p Snapshot) state() server.StreamState {
	st := server.StreamState{Msgs: p.Messages, Bytes: uint64(p.Bytes), FirstSeq: p.First, LastSeq: p.Last}
	if p.Messages == 0 && p.Last > 0 {
		st.FirstSeq = p.Last + 1
	}
	return st
}

// rewrite puts the stream's state before its messages, as the server wants it:
// when they were copied it was not known yet.
func rewrite(w io.Writer, snap Snapshot, src io.Reader) error {
	enc := s2.NewWriter(w, s2.WriterUncompressed(), s2.WriterConcurrency(1))
	out := archive.NewWriter(enc)
	state, err := json.Marshal(snap.state())
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&archive.Header{Name: "state.json", Timestamp: time.Now().UnixNano(), PayloadSize: int64(len(state))}); err != nil {
		return err
	}
	if _, err := io.Copy(out, bytes.NewReader(state)); err != nil {
		return err
	}
	if err := ReadSnapshot(src, func(r alert.Record) error { return writeRecord(out, r) }); err != nil {
		return err
	}
	return errors.Join(out.WriteHeader(&archive.Header{}), enc.Close())
}

// Compare checks a restored stream against its copy; see [Store.Compare].
func (r *Restorer) Compare(ctx context.Context, snap Snapshot, src io.Reader) error {
	return r.store.Compare(ctx, snap, src)
}

// Finish closes the record and syncs every file of the embedded one. The folder
// keeps its mark: it is opened with Config.Restoring, brought into order, and
// freed by [EndRestore].
func (r *Restorer) Finish(ctx context.Context) error {
	if err := r.Close(ctx); err != nil {
		return err
	}
	if err := syncTree(filepath.Join(r.store.conf.Dir, "js")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// EndRestore takes the mark away: the folder can be opened by everybody.
func EndRestore(dir string) error {
	if err := errors.Join(os.Remove(filepath.Join(dir, unfinished)), syncPath(dir)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// Close closes the record without saying that it is whole.
func (r *Restorer) Close(ctx context.Context) error { return r.store.Close(ctx) }

func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() && !d.Type().IsRegular() {
			return err
		}
		return syncPath(path)
	})
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Compare checks that a stream holds what its copy says, message by message.
// What the copy has and the stream has not must have been overwritten by a later
// message of the copy.
func (s *Store) Compare(ctx context.Context, snap Snapshot, src io.Reader) error {
	c := &comparison{stored: make(chan alert.Record), over: map[string]bool{}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	scanned := make(chan error, 1)
	go func() {
		defer close(c.stored)
		scanned <- s.scanTo(ctx, snap.Stream, "", 1, snap.Last, func(r alert.Record) error {
			select {
			case c.stored <- r:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	err := ReadSnapshot(src, c.check)
	if err == nil {
		err = c.rest()
	}
	cancel()
	for range c.stored { // lets the reader end
	}
	if serr := <-scanned; err == nil && !errors.Is(serr, context.Canceled) {
		err = serr
	}
	if err != nil {
		return fmt.Errorf("compare %s: %w", snap.Stream, err)
	}
	return nil
}

// comparison walks a stream and its copy side by side.
type comparison struct {
	stored chan alert.Record
	ahead  *alert.Record   // read from the stream, not yet met in the copy
	over   map[string]bool // subjects whose message is not in the stream: a later one must be
}

func (c *comparison) check(copied alert.Record) error {
	if c.ahead == nil {
		if r, ok := <-c.stored; ok {
			c.ahead = &r
		}
	}
	switch {
	case c.ahead != nil && c.ahead.Seq < copied.Seq:
		return fmt.Errorf("message %d is in the stream, not in the copy", c.ahead.Seq)
	case c.ahead == nil || c.ahead.Seq > copied.Seq:
		c.over[copied.Subject] = true
		return nil
	case !sameMessage(*c.ahead, copied):
		return fmt.Errorf("message %d differs", copied.Seq)
	}
	delete(c.over, copied.Subject)
	c.ahead = nil
	return nil
}

func (c *comparison) rest() error {
	if c.ahead == nil {
		if r, ok := <-c.stored; ok {
			c.ahead = &r
		}
	}
	if c.ahead != nil {
		return fmt.Errorf("message %d is in the stream, not in the copy", c.ahead.Seq)
	}
	for subject := range c.over {
		return fmt.Errorf("%s (of %d) is in the copy, not in the stream", subject, len(c.over))
	}
	return nil
}
