package alert

// The facts about the roll as a whole.

// KeyChange says that the roll is being rewritten under other keys. From here on
// a start accepts both, until a [KeySet] names the ones that stay.
type KeyChange struct {
	From   string `json:"from"` // fingerprints
	To     string `json:"to"`
	Seq    uint64 `json:"seq"`    // ROLL's last sequence before the rewrite
	People uint64 `json:"people"` // records that are written anew
}

// RollMended says that the roll's stream had lost or changed records and was
// written anew from what else knew them.
type RollMended struct {
	Hidden  int    `json:"hidden"`  // the stream did not give them out any more
	Stale   int    `json:"stale"`   // it gave out an older record
	Altered int    `json:"altered"` // it gave out another record under the same sequence
	Source  string `json:"source"`  // what knew them
	People  uint64 `json:"people"`  // records that were written anew, all in all
}

func (KeyChange) FactName() (string, string)  { return "key", "changing" }
func (RollMended) FactName() (string, string) { return "roll", "mended" }

// RollState is what the journal knows of the roll as a whole.
type RollState struct {
	Keys         string // fingerprint of the roll's keys
	KeysNext     string // of those that it is being rewritten under; "" when it is not
	Rewriting    KeyChange
	Rewritten    Decision // when the newest rewrite ended; Seq is 0 when there was none
	RewrittenSeq uint64   // ROLL's last sequence behind it: of what was there before, nothing is left in the files
	Mended       Decision // when it was mended last
	Mends        int      // how often
}

// apply reports whether the fact was one of the roll's.
func (s *RollState) apply(f Fact, d Decision) bool {
	switch f := f.(type) {
	case KeySet:
		if s.KeysNext != "" && f.Fingerprint == s.KeysNext {
			s.Rewritten, s.RewrittenSeq = d, s.Rewriting.Seq+s.Rewriting.People
		}
		s.Keys, s.KeysNext = f.Fingerprint, ""
	case KeyChange:
		s.KeysNext, s.Rewriting = f.To, f
	case RollMended:
		s.Mended = d
		s.Mends++
	default:
		return false
	}
	return true
}

func rollFact(e *Event) (Fact, error) {
	switch e.Kind + "." + e.Type {
	case "key.set":
		return decodeFact[KeySet](e)
	case "key.changing":
		return decodeFact[KeyChange](e)
	case "roll.mended":
		return decodeFact[RollMended](e)
	}
	return nil, nil
}
