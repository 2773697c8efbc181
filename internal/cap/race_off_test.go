//go:build !race

package cap

const timed, scale, largest = true, 1, MaxBytes - 64<<10
