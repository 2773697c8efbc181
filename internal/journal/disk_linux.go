package journal

import (
	"os"
	"syscall"
)

// dropCache asks the kernel to forget a file's pages that it holds in memory, so
// that the next read is one of the disk. Pages that are not written yet stay; ours
// are synced. A file system that cannot is read as it is.
func dropCache(f *os.File) {
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	_, _, _ = syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0)
}

// syncData syncs a file's content; its size and name are on the disk already.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return err
		}
	}
}
