package alert

import "time"

// The facts about what lies in the safe: the keys on paper, and backups.

// KeysTested says that somebody typed the test phrase off the recovery sheet of
// the keys in use: the sheet exists and can be read. Who and when is the event's.
type KeysTested struct {
	Kit string `json:"kit"` // fingerprint of the keys on the sheet
}

// BackupRestored stands first behind a journal that came out of a backup. What
// was done after the backup is not in the record any more.
type BackupRestored struct {
	Made time.Time `json:"made"` // when the backup was made
	Host string    `json:"host"` // where
	Last uint64    `json:"last"` // its last event
	Head string    `json:"head"` // and that event's hash
}

func (KeysTested) FactName() (string, string)     { return "key", "tested" }
func (BackupRestored) FactName() (string, string) { return "backup", "restored" }

// Safekeeping is what the journal knows of the safe.
type Safekeeping struct {
	Kit      string          // fingerprint of the sheet that was tested last
	Tested   Decision        // by whom, when
	Restored *BackupRestored // the last restore; nil when there was none
	RestoreD Decision
}

func (s *Safekeeping) apply(f Fact, d Decision) {
	switch f := f.(type) {
	case KeysTested:
		s.Kit, s.Tested = f.Kit, d
	case BackupRestored:
		s.Restored, s.RestoreD = &f, d
	}
}

// RestoredPause begins the reason of every pause that a restore sets.
const RestoredPause = "从备份恢复"

// Unfinished returns the released revisions whose sending had perhaps not ended,
// in the order of the journal: not superseded, not ended, not paused yet. done
// tells of a revision with a plan whether every slice of it was closed.
func (s *State) Unfinished(now time.Time, done func(p *Plan) bool) []RevisionRef {
	var out []RevisionRef
	for _, id := range s.NoticeIDs {
		n := s.Notices[id]
		for _, r := range n.Released() {
			if n.Superseded(r.No) || r.Paused != nil || !now.Before(r.Content.Expires) {
				continue
			}
			if p := s.Plans[PlanID(id, r.No)]; p == nil || !done(p) {
				out = append(out, RevisionRef{Notice: id, Rev: r.No, Mode: n.Mode})
			}
		}
	}
	return out
}

// RevisionRef names a revision of a notice.
type RevisionRef struct {
	Notice string
	Rev    int
	Mode   Mode
}
