package roll

// AtStep has f called at every step of a rebuild.
func (c *Care) AtStep(f func(name string) error) { c.step = f }

// Flush writes what was heard to the log of changes.
func (c *Care) Flush() error { return c.flush() }
