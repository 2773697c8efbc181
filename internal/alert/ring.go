package alert

import "fmt"

// CallRung says what the carriers answered to a call. It stands apart from
// [Called], which is recorded before anybody's phone rings: a crash in between
// leaves a call without it, and the next one is called all the same.
type CallRung struct {
	Notice string `json:"notice"`
	Rev    int    `json:"rev"`
	No     int    `json:"no"`
	Rings  []Rung `json:"rings"`
}

// Rung is one means of a call with the carrier's answer. No address is in it.
type Rung struct {
	Means     string `json:"means"` // sms, wechat
	State     string `json:"state"` // accepted, refused, unsure, deferred, simulated, failed
	Code      string `json:"code,omitempty"`
	Imitation bool   `json:"imitation,omitempty"`
}

// RingFailed is the state of a means whose carrier could not be asked.
const RingFailed = "failed"

// FactName implements [Fact].
func (CallRung) FactName() (string, string) { return "ring", "answered" }

func (s *deskState) ringCall(f CallRung) error {
	for _, c := range s.Calls[PlanID(f.Notice, f.Rev)] {
		if c.No == f.No {
			c.Rung = f.Rings
			return nil
		}
	}
	return fmt.Errorf("call %d of revision %d was never made", f.No, f.Rev)
}

// aboutCall returns the revision whose calls a fact changes, "" for none.
func aboutCall(f Fact) string {
	switch f := f.(type) {
	case CallOpened:
		return PlanID(f.Notice, f.Rev)
	case CallRung:
		return PlanID(f.Notice, f.Rev)
	}
	return ""
}
