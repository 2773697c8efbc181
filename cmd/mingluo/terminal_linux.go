package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

func terminalOf(f *os.File) (syscall.Termios, error) {
	var t syscall.Termios
	return t, termios(f, syscall.TCGETS, &t)
}

func termios(f *os.File, request uintptr, t *syscall.Termios) error {
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(t))); e != 0 {
		return e
	}
	return nil
}

func isTerminal(f *os.File) bool {
	_, err := terminalOf(f)
	return err == nil
}

// hideTyping turns the terminal's echo off; show turns it on again.
func hideTyping(f *os.File) (show func() error, err error) {
	before, err := terminalOf(f)
	if err != nil {
		return nil, err
	}
	hidden := before
	hidden.Lflag &^= syscall.ECHO
	if err := termios(f, syscall.TCSETS, &hidden); err != nil {
		return nil, fmt.Errorf("turn echo off: %w", err)
	}
	return func() error { return termios(f, syscall.TCSETS, &before) }, nil
}
