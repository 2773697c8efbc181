//go:build !linux

package faulttest

import "testing"

func newDisk(t testing.TB, _ string, _ int64) *Disk {
	t.Helper()
	Skip(t, "what needs a disk of its own: it is ext4 on a loop device of Linux")
	return nil
}

// Fill takes the last byte.
func (d *Disk) Fill() {}

// Clear gives back what Fill took.
func (d *Disk) Clear() {}

// Spare does nothing: NewDisk has skipped the test.
func (d *Disk) Spare(int64) {}

// Cut takes the power away.
func (d *Disk) Cut() {}

// Plug gives the power back.
func (d *Disk) Plug() {}
