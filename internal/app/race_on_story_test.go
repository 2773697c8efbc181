//go:build race

package app_test

// scale divides the crowds of the stories: under the race detector everything
// takes ten times the work.
const scale = 2
