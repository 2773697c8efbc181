package alert

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Every bucket is in exactly one slice, and the slices hold everybody.
func TestSlicesCoverEveryBucketOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, density := range []int{0, 1, 3, 700, 2500} {
		var per [Buckets]int
		total := 0
		for i := range per {
			if density > 0 && (density > 10 || r.IntN(40) == 0) {
				per[i] = r.IntN(density) + 1
				total += per[i]
			}
		}
		slices := CutSlices(&per, 1000)
		next, sum := 0, 0
		for _, s := range slices {
			if int(s.Lo) != next || s.Hi < s.Lo {
				t.Fatalf("density %d: slice %s after bucket %d", density, s.Name(), next-1)
			}
			next, sum = int(s.Hi)+1, sum+s.Count
			if back, err := ParseSlice(s.Name()); err != nil || back.Lo != s.Lo || back.Hi != s.Hi {
				t.Errorf("slice %s read back as %v %v", s.Name(), back, err)
			}
		}
		if total > 0 && next != Buckets || sum != total {
			t.Errorf("density %d: ends at %d with %d of %d people", density, next, sum, total)
		}
		if total == 0 && slices != nil {
			t.Errorf("nobody, yet %d slices", len(slices))
		}
	}
}

func TestTaskSubjectReadsBack(t *testing.T) {
	task := Task{Channel: "sms", Notice: "20261124-k7qf2", Rev: 3, Slice: Slice{Lo: 0x12, Hi: 0xfff}, Attempt: 2}
	if back, err := ParseTask(task.Subject()); err != nil || back != task {
		t.Errorf("%s read back as %+v, %v", task.Subject(), back, err)
	}
	for _, s := range []string{"", "task.sms.n.1.0000-0001", "task.sms.n.x.0000-0001.1", "task.sms.n.1.0001-0000.1", "job.sms.n.1.0000-0001.1"} {
		if _, err := ParseTask(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

func TestOutcomesReadBack(t *testing.T) {
	now := t0.Truncate(time.Millisecond)
	want := []Outcome{
		{ID: RecipientID{1, 2, 3}, State: StateAccepted, Attempt: 1, At: now, MessageID: "abc"},
		{ID: RecipientID{9}, State: StateDeferred, Attempt: 2, At: now, NotBefore: now.Add(time.Minute), Code: "0x00000058"},
		{ID: RecipientID{7}, State: StateUnsure, Final: true, Repeat: true, Attempt: 2, At: now},
	}
	var got []Outcome
	if err := DecodeOutcomes(AppendOutcomes(nil, want), func(o Outcome) { got = append(got, o) }); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestStatesOnlyMoveForward(t *testing.T) {
	for _, c := range []struct {
		s, old OutcomeState
		want   bool
	}{
		{StateAccepted, StateNone, true}, {StateDelivered, StateAccepted, true}, {StateAccepted, StateDelivered, false}, {StateAccepted, StateUnsure, true},
		{StateUnsure, StateAccepted, false}, {StateDeferred, StateDeferred, true}, {StateDeferred, StateAccepted, false}, {StateUndelivered, StateDelivered, false},
		{StateRefused, StateAccepted, false}, {StateDelivered, StateUnsure, true},
	} {
		if got := c.s.Supersedes(c.old); got != c.want {
			t.Errorf("%v over %v: %v", c.s, c.old, got)
		}
	}
}

func FuzzDecodeOutcomes(f *testing.F) {
	f.Add(AppendOutcomes(nil, []Outcome{{ID: RecipientID{1}, State: StateAccepted, At: t0, Code: "x", MessageID: "y"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var all []Outcome
		if err := DecodeOutcomes(b, func(o Outcome) { all = append(all, o) }); err != nil {
			return
		}
		var again []Outcome
		if err := DecodeOutcomes(AppendOutcomes(nil, all), func(o Outcome) { again = append(again, o) }); err != nil || len(again) != len(all) {
			t.Fatalf("does not read back: %v", err)
		}
	})
}
