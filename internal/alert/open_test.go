package alert_test

import (
	"slices"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// acts applies facts one after the other, a minute apart.
type acts struct {
	t  *testing.T
	st *alert.State
	at time.Time
}

func newActs(t *testing.T) *acts {
	return &acts{t, alert.NewState(), time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)}
}

func (a *acts) do(id string, f alert.Fact) {
	a.t.Helper()
	a.at = a.at.Add(time.Minute)
	e, err := alert.NewEvent(a.at, "chen", alert.Drill, id, f)
	if err != nil {
		a.t.Fatal(err)
	}
	e.Seq = a.st.Seq + 1
	if err := a.st.Apply(e); err != nil {
		a.t.Fatal(err)
	}
}

func (a *acts) live(want ...string) {
	a.t.Helper()
	if !slices.Equal(a.st.Live(), want) {
		a.t.Errorf("after event %d %v are live, want %v", a.st.Seq, a.st.Live(), want)
	}
}

// A notice is live from its submission until it is given back, lifted or its
// end is recorded, however many others there were before it.
func TestLiveAreThoseThatAreNotOver(t *testing.T) {
	a := newActs(t)
	text := alert.Content{Headline: "一", Answers: "i1"}
	a.do("i1", alert.Recorded{Facts: alert.IncidentFacts{Title: "事故"}})
	for _, id := range []string{"n1", "n2", "n3"} {
		a.do(id, alert.Submitted{Rev: 1, Verb: alert.Issue, Content: text})
	}
	a.live("n1", "n2", "n3")
	a.do("n2", alert.Returned{Rev: 1, Reason: "改"})
	a.live("n1", "n3")
	before := a.st.Seq
	a.do("n3", alert.Released{Rev: 1})
	a.do("n1", alert.Released{Rev: 1})
	a.do("n2", alert.Submitted{Rev: 2, Verb: alert.Issue, Content: text})
	a.live("n1", "n3", "n2")
	a.do("n1", alert.Followed{Rev: 2, Verb: alert.Lift, Content: text})
	end := alert.Milestone{Notice: "n3", Rev: 1, What: alert.NoticeEnds}
	a.do(end.ID(), end)
	a.live("n2")

	if got, want := a.st.Releases(), []alert.Release{{Notice: "n3", Rev: 1}, {Notice: "n1", Rev: 1}, {Notice: "n1", Rev: 2}}; !slices.Equal(got, want) {
		t.Errorf("releases %v, want %v", got, want)
	}
	if got, want := a.st.Since(before)[:3], []alert.About{{Notice: "n3", Incident: "i1"}, {Notice: "n1", Incident: "i1"}, {Notice: "n2"}}; !slices.Equal(got, want) {
		t.Errorf("the events after %d were about %v, want %v", before, got, want)
	}
	if n := len(a.st.Since(0)); n != int(a.st.Seq) {
		t.Errorf("%d events since the beginning, want %d", n, a.st.Seq)
	}
	if len(a.st.Since(a.st.Seq)) != 0 || len(a.st.Since(a.st.Seq+9)) != 0 {
		t.Error("there are events after the last one")
	}
	if got := a.st.Answers("i1"); len(got) != 2 || got[0].Reason != "n3" || got[1].Reason != "n1" {
		t.Errorf("answers %v, want the releases of n3 and n1 but no lift", got)
	}
	if got := a.st.MilestonesOf("n3"); len(got) != 1 || got[0].What != alert.NoticeEnds {
		t.Errorf("milestones of n3: %v", got)
	}
}

// An emergency release stays before the officers until it is countersigned,
// also when its notice was lifted meanwhile.
func TestAnEmergencyReleaseIsLiveUntilCountersigned(t *testing.T) {
	a := newActs(t)
	a.do("n1", alert.Submitted{Rev: 1, Verb: alert.Issue, Content: alert.Content{Headline: "一"}})
	a.do("n1", alert.EmergencyReleased{Rev: 1, Reason: "急"})
	a.do("n1", alert.Followed{Rev: 2, Verb: alert.Lift})
	a.live("n1")
	a.do("n1", alert.Countersigned{Rev: 1})
	a.live()
}
