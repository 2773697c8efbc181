//go:build race

package cap

// raceFactor is how much slower the race detector may make us.
const raceFactor = 20
