package alert

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// Trying events says what applying them would say, and changes nothing.
func TestTrialAgreesWithApplyAndChangesNothing(t *testing.T) {
	at := time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	event := func(seq uint64, id string, f Fact) Event {
		e, err := NewEvent(at, "o1", Drill, id, f)
		if err != nil {
			t.Fatal(err)
		}
		e.Seq = seq
		return e
	}
	s, twin := NewState(), NewState()
	steps := []struct {
		id  string
		f   Fact
		bad string // part of the refusal
	}{
		{"n1", Released{Rev: 1}, "never submitted"},
		{"n1", Submitted{Rev: 2}, "revision 2 after 0"},
		{"n1", Submitted{Rev: 1}, ""},
		{"n1", Approved{Rev: 1, Hash: "other"}, "another text"},
		{"n1", Reviewed{Rev: 1}, ""},
		{"n1", Released{Rev: 1}, ""},
		{"n1", Followed{Rev: 2}, ""},
		{"n1-2", Plan{Notice: "n1", Rev: 2}, ""},
		{"n1", Confirmed{Rev: 2}, ""},
		{"i1", ConferenceHeld{}, "never recorded"},
		{"i1", Recorded{}, ""},
		{"i1", Recorded{Reason: "more is known"}, ""},
		{"i1", Acknowledged{Milestone: "i1-public-due"}, "never reached"},
		{"i1-public-due", Milestone{Incident: "i1"}, ""},
		{"i1", Acknowledged{Milestone: "i1-public-due"}, ""},
		{"i1", IncidentClosed{}, ""},
		{"roll", KeySet{Fingerprint: "f"}, ""},
	}
	for _, step := range steps {
		e := event(s.Seq+1, step.id, step.f)
		// Twice in one act, so that what the first changed is what the second sees.
		again := e
		again.Seq++
		tried := s.Trial([]Event{e})
		s.Trial([]Event{e, again})
		if !reflect.DeepEqual(s, twin) {
			t.Fatalf("%T: trying it changed the state", step.f)
		}
		err := s.Apply(e)
		if (tried == nil) != (err == nil) || (err == nil) != (step.bad == "") || err != nil && !strings.Contains(tried.Error(), step.bad) {
			t.Errorf("%T: tried %v, applied %v, want %q", step.f, tried, err, step.bad)
		}
		if twinErr := twin.Apply(e); (twinErr == nil) != (err == nil) {
			t.Fatal(twinErr)
		}
	}
	if err := s.Trial([]Event{event(s.Seq+1, "n2", Submitted{Rev: 1}), event(s.Seq+2, "n2", Released{Rev: 1})}); err != nil {
		t.Errorf("two events that need each other: %v", err)
	}
}
