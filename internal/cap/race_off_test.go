//go:build !race

package cap

const raceFactor = 1
