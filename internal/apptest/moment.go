package apptest

import (
	"context"
	"os"

	"mingluo/internal/alert"
	"mingluo/internal/app"
)

// Moment is a point between two steps of a fan-out. A spawned service can be
// made to kill itself there. The step that follows runs at the same time, so a
// test looks into the record which side of it the blow fell on.
type Moment string

const (
	Released Moment = "released" // a release is on disk, its plan is not
	Planned  Moment = "planned"  // a plan is on disk, its tasks may not be
	Recorded Moment = "recorded" // the last outcome of a plan is on disk, its task is not done
)

// await kills the process when the moment has come.
func (m Moment) await(ctx context.Context, a *app.App) {
	switch m {
	case Released, Planned:
		for seq := uint64(0); ; {
			var err error
			if seq, err = a.Book.Wait(ctx, seq); err != nil {
				return
			}
			a.Book.Read(func(st *alert.State) {
				if m == Released && releasedUnplanned(st) || m == Planned && len(st.Plans) > 0 {
					die()
				}
			})
		}
	case Recorded:
		settled := map[string]bool{}
		_ = a.Store.Follow(ctx, alert.StreamOutcomes, "outcome.>", 1, func(r alert.Record) error {
			err := alert.DecodeOutcomes(r.Data, func(o alert.Outcome) {
				if o.Settled() {
					settled[r.Subject+" "+o.ID.String()] = true
				}
			})
			a.Book.Read(func(st *alert.State) {
				for _, p := range st.Plans {
					if n := planned(p); n > 0 && len(settled) >= n {
						die()
					}
				}
			})
			return err
		})
	}
}

func releasedUnplanned(st *alert.State) bool {
	for id, n := range st.Notices {
		for _, r := range n.Released() {
			if st.Plans[alert.PlanID(id, r.No)] == nil {
				return true
			}
		}
	}
	return false
}

func planned(p *alert.Plan) (n int) {
	for _, c := range p.Channels {
		n += c.Count
	}
	return n
}

// die is SIGKILL: nothing is flushed, nobody is told. It holds the journal's
// lock, so nothing goes on meanwhile that looks at the journal.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}
