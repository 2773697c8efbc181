package app

import "time"

// DeskConfig is how the officers' desk works at night.
type DeskConfig struct {
	CallAfter Duration `toml:"call_after"` // a call that nobody opens: the next approver is called
	CallSlow  Duration `toml:"call_slow"`  // somebody opened it and does not decide: likewise
	LinkValid Duration `toml:"link_valid"` // of the one-time link in a call
	// UnseenAfter is how long a signal or an application may lie in the inbox
	// unseen before the next on the roster is told.
	UnseenAfter Duration `toml:"unseen_after"`
	// SilentAfter is how long a channel that should be moving may say nothing
	// before it alarms (R16). Tallies of a moving channel come every second.
	SilentAfter Duration `toml:"silent_after"`
	Emergency   bool     `toml:"emergency"` // 紧急发布: one named officer releases, a second countersigns
}

func defaultDesk() DeskConfig {
	return DeskConfig{CallAfter: Duration(3 * time.Minute), CallSlow: Duration(10 * time.Minute), LinkValid: Duration(30 * time.Minute),
		UnseenAfter: Duration(5 * time.Minute), SilentAfter: Duration(30 * time.Second)}
}

func (c DeskConfig) check(bad func(format string, a ...any)) {
	for _, d := range []struct {
		name        string
		value       Duration
		least, most time.Duration
	}{
		{"call_after", c.CallAfter, time.Second, 24 * time.Hour}, {"call_slow", c.CallSlow, time.Second, 24 * time.Hour}, {"link_valid", c.LinkValid, time.Second, 24 * time.Hour},
		{"unseen_after", c.UnseenAfter, 10 * time.Second, 24 * time.Hour}, {"silent_after", c.SilentAfter, 5 * time.Second, time.Hour},
	} {
		if v := time.Duration(d.value); v < d.least || v > d.most {
			bad("desk.%s %s: want %s to %s", d.name, v, d.least, d.most)
		}
	}
}
