//go:build !race

package main

import "time"

// refusedWithin is how long a service may take to refuse an unsafe ground.
const refusedWithin = 2 * time.Second
