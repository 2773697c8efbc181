package app_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// The service is stopped in the middle of an import that a command sends it. The
// import says behind which line it stopped, the journal records it, and the next
// service is given the same file and goes on.
func TestAServiceThatStopsInTheMiddleOfAnImportSaysHowFarItCame(t *testing.T) {
	town := apptest.NewTown(t, apptest.People(0, 0))
	s := town.Start()
	office := reachTown(t, town)
	in, out := io.Pipe()
	go func() {
		for n := range 3500 {
			if _, err := fmt.Fprintf(out, `{"channel":"sms","address":"154%08d","areas":["禅城"]}`+"\n", n); err != nil {
				return // the service has stopped
			}
		}
	}()
	enough := make(chan struct{})
	type result struct {
		rep roll.Report
		err error
	}
	ended := make(chan result, 1)
	go func() {
		rep, err := office.ImportRoll(context.Background(), "operator:test", roll.File{Name: "people.ndjson", Body: in}, roll.ImportOptions{
			Progress: func(p roll.Report) {
				if p.Rows == 3000 {
					close(enough)
				}
			},
		})
		ended <- result{rep, err}
	}()
	select {
	case <-enough:
	case got := <-ended:
		t.Fatalf("it ended: %+v, %v", got.rep, got.err)
	case <-time.After(60 * time.Second):
		t.Fatal("it does not come to 3,000")
	}
	s.Stop()
	got := <-ended
	in.Close()
	if got.err == nil || got.rep.Rows < 3000 || got.rep.Rows > 3500 {
		t.Fatalf("%+v, %v", got.rep, got.err)
	}

	next := town.Start()
	var recorded alert.RollImported
	if _, err := next.Store.Scan(t.Context(), alert.StreamJournal, "journal.roll.roll", 1, func(r alert.Record) error {
		e, err := alert.DecodeEvent(r.Data)
		if err != nil {
			return err
		}
		f, err := e.Fact()
		recorded = f.(alert.RollImported)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if recorded.Stopped == "" || recorded.Joined < 3000 || recorded.Source != "people.ndjson" {
		t.Errorf("the journal says %+v", recorded)
	}
	var b strings.Builder
	for n := range 4000 {
		fmt.Fprintf(&b, `{"channel":"sms","address":"154%08d","areas":["禅城"]}`+"\n", n)
	}
	rep, err := reachTown(t, town).ImportRoll(t.Context(), "operator:test", roll.File{Body: strings.NewReader(b.String())}, roll.ImportOptions{})
	if err != nil || rep.Joined+rep.Unchanged != 4000 || rep.Unchanged < 3000 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if err := next.Index.WaitFor(t.Context(), rep.LastSeq); err != nil {
		t.Fatal(err)
	}
	n, err := reachTown(t, town).CountRoll(t.Context(), roll.Selection{Areas: []string{"祖庙"}})
	if err != nil || n.Channels[roll.SMS] != 4000 {
		t.Fatalf("a notice would be for %+v, %v", n, err)
	}
}

// reachTown is a command on the town's machine.
func reachTown(t *testing.T, w *apptest.Town) *app.Office {
	t.Helper()
	if _, err := journal.AwaitAdmin(t.Context(), w.Dir); err != nil {
		t.Fatal(err)
	}
	o, err := app.ReachDemo(t.Context(), w.Dir, app.Options{})
	if err != nil || !o.Running {
		t.Fatalf("the service does not answer: %v", err)
	}
	t.Cleanup(func() { _ = o.Close(context.Background()) }) // closes connections only
	return o
}
