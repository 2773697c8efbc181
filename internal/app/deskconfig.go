package app

import "time"

// DeskConfig is how the officers' desk works at night.
type DeskConfig struct {
	CallAfter Duration `toml:"call_after"` // a call that nobody opens: the next approver is called
	CallSlow  Duration `toml:"call_slow"`  // somebody opened it and does not decide: likewise
	LinkValid Duration `toml:"link_valid"` // of the one-time link in a call
	Emergency bool     `toml:"emergency"`  // 紧急发布: one named officer releases, a second countersigns
}

func defaultDesk() DeskConfig {
	return DeskConfig{CallAfter: Duration(3 * time.Minute), CallSlow: Duration(10 * time.Minute), LinkValid: Duration(30 * time.Minute)}
}

func (c DeskConfig) check(bad func(format string, a ...any)) {
	for _, d := range []struct {
		name  string
		value Duration
	}{{"call_after", c.CallAfter}, {"call_slow", c.CallSlow}, {"link_valid", c.LinkValid}} {
		if v := time.Duration(d.value); v < time.Second || v > 24*time.Hour {
			bad("desk.%s %s: want 1s to 24h", d.name, v)
		}
	}
}
