package console

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// Roll brings a file of subscribers onto the roll, and records by whom.
type Roll interface {
	Import(ctx context.Context, by string, f roll.File, tell roll.ImportOptions) (roll.Report, error)
}

const (
	maxRoll     = 1 << 30 // bytes of a file of subscribers: some ten million people
	maxJobs     = 20      // imports that are remembered
	maxRejected = 1000    // rejected rows that are remembered of each; importing again tells the others
	bodyWait    = 30 * time.Second
)

// importJobs are the imports of this process, the newest first. They are only a
// view: what came of an import is in the journal, whom it brought in on the roll.
type importJobs struct {
	mu   sync.Mutex
	list []*importJob
}

// importJob is one import as it goes.
type importJob struct {
	read atomic.Int64 // bytes of the body

	mu    sync.Mutex
	state importState
}

// importState is what an import has come to. It names no address.
type importState struct {
	ID       string           `json:"id"`
	Name     string           `json:"name,omitempty"` // the file's
	By       string           `json:"by"`
	Began    time.Time        `json:"began"`
	Ended    time.Time        `json:"ended,omitzero"`
	Read     int64            `json:"read"`           // bytes
	Size     int64            `json:"size,omitempty"` // bytes of the request; missing when not known
	Report   roll.Report      `json:"report"`
	Rejected []roll.Rejection `json:"rejected,omitempty"`
	More     int              `json:"rejected_more,omitempty"` // rejected rows beyond those listed
	Problem  *failure         `json:"problem,omitempty"`       // why it stopped behind report.line
}

// Done reports whether it has ended.
func (s importState) Done() bool { return !s.Ended.IsZero() }

// Percent is how much of the file was read, 100 when it has ended.
func (s importState) Percent() int64 {
	switch {
	case s.Done():
		return 100
	case s.Size == 0:
		return 0
	}
	return min(99, s.Read*100/s.Size)
}

func (j *importJob) now() importState {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.state
	s.Read, s.Rejected = j.read.Load(), slices.Clone(s.Rejected)
	return s
}

func (j *importJob) change(f func(s *importState)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(&j.state)
}

// begin remembers an import. A page may choose the id so that it can ask how it
// goes; one that is taken, or no id, is given anew.
func (js *importJobs) begin(id, name, by string, size int64) *importJob {
	js.mu.Lock()
	defer js.mu.Unlock()
	if len(id) < 16 || len(id) > 64 || js.find(id) != nil {
		id = rand.Text()
	}
	j := &importJob{state: importState{ID: id, Name: name, By: by, Began: time.Now(), Size: max(size, 0)}}
	js.list = slices.Insert(js.list, 0, j)
	js.list = js.list[:min(len(js.list), maxJobs)]
	return j
}

// find looks for an import; the lock is held.
func (js *importJobs) find(id string) *importJob {
	for _, j := range js.list {
		if j.state.ID == id { // set once, before the job is in the list
			return j
		}
	}
	return nil
}

func (js *importJobs) get(id string) (importState, error) {
	js.mu.Lock()
	j := js.find(id)
	js.mu.Unlock()
	if j == nil {
		return importState{}, &alert.Problem{Kind: alert.NotFound, ZH: "没有这次导入，或服务重启过。导入的结果在日志里。", EN: "There is no such import, or the service was started anew. What came of it is in the journal."}
	}
	return j.now(), nil
}

// all returns the imports without their rejected rows.
func (js *importJobs) all() []importState {
	js.mu.Lock()
	defer js.mu.Unlock()
	out := []importState{}
	for _, j := range js.list {
		s := j.now()
		s.Rejected = nil
		out = append(out, s)
	}
	return out
}

// rollBody reads a file as it comes in: a slow one is waited for as long as
// something comes, and what was read is counted.
type rollBody struct {
	in  io.Reader
	ctl *http.ResponseController
	job *importJob
}

func (b *rollBody) Read(p []byte) (int, error) {
	if err := b.ctl.SetReadDeadline(time.Now().Add(bodyWait)); err != nil {
		return 0, err
	}
	n, err := b.in.Read(p)
	b.job.read.Add(int64(n))
	return n, err
}

// runImport imports a body and keeps the job current; tell hears of it as well.
func (c *Console) runImport(w http.ResponseWriter, r *http.Request, job *importJob, f roll.File, tell roll.ImportOptions) error {
	f.Body = &rollBody{in: f.Body, ctl: http.NewResponseController(w), job: job}
	by := job.now().By
	rep, err := c.Roll.Import(r.Context(), by, f, roll.ImportOptions{
		Rejected: func(x roll.Rejection) error {
			job.change(func(s *importState) {
				if len(s.Rejected) < maxRejected {
					s.Rejected = append(s.Rejected, x)
				} else {
					s.More++
				}
			})
			if tell.Rejected == nil {
				return nil
			}
			return tell.Rejected(x)
		},
		Progress: func(rep roll.Report) {
			job.change(func(s *importState) { s.Report = rep })
			if tell.Progress != nil {
				tell.Progress(rep)
			}
		},
	})
	job.change(func(s *importState) {
		s.Report, s.Ended = rep, time.Now()
		if err != nil {
			f := explain(err)
			s.Problem = &f
		}
	})
	return err
}

func mayManage(who alert.Actor) error {
	if who.Has(alert.RoleAdmin) {
		return nil
	}
	return &alert.Problem{Kind: alert.Forbidden, ZH: "只有管理员可以管理订阅者。", EN: "Only administrators manage the subscribers."}
}

// Manages reports whether the officer looks after the subscribers.
func (s *seat) Manages() bool { return s.Can(alert.RoleAdmin) }
