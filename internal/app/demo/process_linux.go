package demo

import "syscall"

// apart lets a process die with the one that started it, and keeps Ctrl-C from
// reaching both: the supervisor stops it in good order.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
