//go:build race

package main

import "time"

// The race detector makes everything several times slower.
const refusedWithin = 8 * time.Second
