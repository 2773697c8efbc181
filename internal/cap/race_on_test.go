//go:build race

package cap

// Under the race detector nothing is timed, and the largest documents are an
// eighth as large: it slows byte loops down twentyfold.
const timed, scale, largest = false, 8, 1 << 20
