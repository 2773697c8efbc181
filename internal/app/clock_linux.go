package app

import "syscall"

// staUnsync is STA_UNSYNC of timex.h. chrony, systemd-timesyncd and ntpd clear it.
const staUnsync = 0x0040

func clockSynced() (bool, error) {
	var t syscall.Timex // no mode set: it only reads
	if _, err := syscall.Adjtimex(&t); err != nil {
		return false, err
	}
	return t.Status&staUnsync == 0, nil
}
