package alert

// SystemActor is who a pause is by that no officer ordered (W17).
const SystemActor = "system"

// Stopped ends the fan-out of a released revision for good (W17). The notice
// stays public: a stop takes nothing back. Whoever was not handed over yet is
// settled as [StateStopped]; a correction, a lift or a retraction still follows
// those who were reached.
type Stopped struct {
	Rev    int    `json:"rev"`
	Reason string `json:"reason"`
}

// FactName implements [Fact].
func (Stopped) FactName() (string, string) { return "notice", "stopped" }

// stop applies it. Nothing waits for a person any more, neither a pause nor a
// plan that was held: its people are settled as stopped.
func (s *State) stop(notice string, r *Revision, d Decision) {
	r.Stopped, r.Paused = &d, nil
	s.Confirmed[PlanID(notice, r.No)] = true
}

// pause applies a pause and counts those that a burst of refusals ordered, so
// that each one needs a larger burst than the one before.
func (r *Revision) pause(d Decision) {
	r.Paused = &d
	if d.By == SystemActor {
		r.Bursts++
	}
}
