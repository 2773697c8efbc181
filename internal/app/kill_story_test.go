package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app/bench"
	"mingluo/internal/apptest"
	"mingluo/internal/faulttest"
)

// T01: the whole process is killed again and again, 5 to 1,000 ms after it began
// to serve, while four desks write, submit, review, approve and release one
// notice after the other. Whoever gets no answer asks again as soon as the service
// is back, without looking first. Nothing that was acknowledged is lost, nothing
// was issued twice, and the service comes back by itself, with the notices of
// years in its journal.
func TestT01KilledWhileOfficersIssue(t *testing.T) {
	run := faulttest.Begin(t, "T01")
	t.Parallel()
	town := apptest.NewTown(t, apptest.People(2, 2))
	past := town.Start()
	if err := bench.Past(t.Context(), past.Book, run.N); err != nil {
		t.Fatal(err)
	}
	past.Stop()

	shift := newShift(town.Spawn())
	var desks sync.WaitGroup
	books := make([]deskbook, 4)
	for i := range books {
		b := &books[i]
		*b = deskbook{t: t, shift: shift, name: fmt.Sprint("desk ", i), writer: "chen", said: map[string]step{}}
		if i%2 == 1 {
			b.writer = "wang"
		}
		desks.Go(b.work)
	}
	restarts := killAgainAndAgain(run, town, shift)
	shift.end()
	desks.Wait()
	last, _ := shift.now()
	if _, err := last.Terminate(); err != nil {
		t.Errorf("the service did not stop well: %v", err)
	}

	said := map[string]step{}
	for _, b := range books {
		maps.Copy(said, b.said)
	}
	everythingSaidIsThere(t, town, said)
	slices.Sort(restarts)
	longest := 20 * time.Second // a test among others on a small machine
	if run.Long {
		longest = 2 * time.Second
	}
	if restarts[len(restarts)-1] > longest {
		t.Errorf("a restart took %v, at most %v", restarts[len(restarts)-1], longest)
	}
	t.Logf("%d notices, %d kills; back after %v in the median, %v at most, with %d notices in the journal",
		len(said), len(restarts), restarts[len(restarts)/2].Round(time.Millisecond), restarts[len(restarts)-1].Round(time.Millisecond), len(said)+run.N)
}

// killAgainAndAgain is the fault. It returns how long each restart took, from the
// kill to the first answer.
func killAgainAndAgain(run *faulttest.Run, town *apptest.Town, s *shift) (restarts []time.Duration) {
	for range run.Times {
		running, _ := s.now()
		<-time.After(time.Duration(5+run.Rand.IntN(996)) * time.Millisecond)
		running.Kill()
		began := time.Now()
		s.begin(town.Spawn())
		restarts = append(restarts, time.Since(began))
	}
	return restarts
}

// shift is which process serves; the desks find out when theirs is gone.
type shift struct {
	mu      sync.Mutex
	process *apptest.Process
	next    chan struct{} // closed when another process serves
	over    bool
}

func newShift(p *apptest.Process) *shift { return &shift{process: p, next: make(chan struct{})} }

func (s *shift) now() (*apptest.Process, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process, s.next
}

func (s *shift) begin(p *apptest.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.next)
	s.process, s.next = p, make(chan struct{})
}

func (s *shift) end() { s.mu.Lock(); s.over = true; s.mu.Unlock() }

func (s *shift) ended() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.over }

// step is how far a notice's acknowledged acts go.
type step int

const (
	drafted step = iota + 1
	handedIn
	reviewed
	approved
	released
)

// deskbook is one desk and what it was told.
type deskbook struct {
	t      *testing.T
	shift  *shift
	name   string
	writer string
	said   map[string]step
}

// work issues notices until the shift is over.
func (b *deskbook) work() {
	for i := 0; !b.shift.ended(); i++ {
		c := apptest.Typhoon()
		c.Channels, c.Headline = nil, fmt.Sprintf("%s：第%d条", b.name, i)
		b.issue(c)
	}
}

// issue takes one notice all the way. Every act is asked until there is an answer.
func (b *deskbook) issue(c alert.Content) {
	var d apptest.Draft
	a, _ := b.ask(b.writer, "/notices", c)
	if !b.good(a, false) || json.Unmarshal(a.Body, &d) != nil {
		return
	}
	b.said[d.ID] = drafted
	a, again := b.ask(b.writer, "/drafts/"+d.ID+"/submit", map[string]any{"seq": d.Seq})
	if !b.good(a, again) {
		return
	}
	b.said[d.ID] = handedIn
	a, _ = b.askWith(http.MethodGet, "li", "/notices/"+d.ID, nil)
	var n apptest.Notice
	if !b.good(a, false) || json.Unmarshal(a.Body, &n) != nil {
		return
	}
	for _, act := range []struct {
		name string
		step step
	}{{"review", reviewed}, {"approve", approved}, {"release", released}} {
		a, again := b.ask("li", "/notices/"+n.ID+"/"+act.name, map[string]any{"rev": n.Rev, "hash": n.Hash, "checklist": alert.Checked()})
		if !b.good(a, again) {
			return
		}
		b.said[n.ID] = act.step
	}
}

// good reports whether the act stands. One that was asked twice may be refused
// because the first was carried out, although nobody said so.
func (b *deskbook) good(a *apptest.Answer, again bool) bool {
	if a.Status >= 200 && a.Status <= 299 || again && a.Status == http.StatusConflict {
		return true
	}
	b.t.Errorf("%s: asked again %v: %d\n%s", b.name, again, a.Status, a.Body)
	return false
}

func (b *deskbook) ask(who, path string, body any) (a *apptest.Answer, again bool) {
	return b.askWith(http.MethodPost, who, path, body)
}

// askWith asks until there is an answer, of whichever process.
func (b *deskbook) askWith(method, who, path string, body any) (a *apptest.Answer, again bool) {
	for {
		process, next := b.shift.now()
		if a := process.As(who).DareCall(method, path, body); a != nil {
			return a, again
		}
		<-next
		again = true
	}
}

// everythingSaidIsThere compares what the desks were told with the journal, the
// drafts and the public pages.
func everythingSaidIsThere(t *testing.T, town *apptest.Town, said map[string]step) {
	t.Helper()
	count := map[step]int{}
	town.Record(func(r *apptest.Record) {
		times := map[alert.Release]int{}
		for _, rel := range r.State.Releases() {
			if times[rel]++; times[rel] > 1 {
				t.Errorf("%s/%d was released %d times", rel.Notice, rel.Rev, times[rel])
			}
		}
		for id, s := range said {
			count[s]++
			if s == drafted {
				continue
			}
			n := r.State.Notices[id]
			if n == nil {
				t.Errorf("%s was submitted and is gone", id)
				continue
			}
			rv := n.Rev(1)
			for what, missing := range map[string]bool{
				"its review is gone":         s >= reviewed && rv.Reviewed == nil,
				"its approval is gone":       s >= approved && rv.Approved == nil,
				"its release is gone":        s >= released && rv.Released == nil,
				"it was submitted twice":     len(n.Revisions) > 1,
				"it was not released at all": s >= released && times[alert.Release{Notice: id, Rev: 1}] != 1,
			} {
				if missing {
					t.Errorf("%s: %s", id, what)
				}
			}
		}
	})
	s := town.Start()
	defer s.Stop()
	s.Events() // opens when the site has read the journal
	for id, step := range said {
		var d apptest.Draft
		s.As("chen").Call(http.MethodGet, "/drafts/"+id, nil).OK().JSON(&d)
		if step == released {
			s.Page("/n/" + id).OK()
			// The draft may look open, when the blow fell between the two writes.
			s.As("chen").Call(http.MethodPost, "/drafts/"+id+"/submit", map[string]any{"seq": d.Seq}).Refused(http.StatusConflict, "", "")
		}
	}
	t.Logf("acknowledged: %d drafts, %d submissions, %d reviews, %d approvals, %d releases", count[drafted], count[handedIn], count[reviewed], count[approved], count[released])
	if count[released] == 0 {
		t.Error("no release was acknowledged: nothing was tested")
	}
}
