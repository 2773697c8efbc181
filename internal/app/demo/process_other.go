//go:build !linux

package demo

import "syscall"

// apart has no special means here: the process notices that its input ends.
func apart() *syscall.SysProcAttr { return nil }
