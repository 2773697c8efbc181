package faulttest

import (
	"os"
	"testing"
)

// Disk is a small file system of its own: ext4 in a file, mounted through a loop
// device. It can run full and it can lose its power, without harm to the machine.
//
//	d := faulttest.NewDisk(t, 1<<30)
//	d.Fill()    // somebody else's file takes the last byte
//	d.Spare(n)  // all but n bytes
//	d.Clear()   // and is deleted
//	d.Cut()     // the power goes
//	d.Plug()    // and is back
//
// Cut is the ext4 shutdown call (EXT4_IOC_SHUTDOWN without flushing the log), the
// way the file system's own developers test for power loss: from one instant on
// nothing more reaches the image, whatever was only in memory is gone, every
// later write fails, and the image is what a disk holds after a power cut. A copy
// of the image under load would not be: it takes seconds, so its beginning is
// older than its end, and a mounted file system cannot be frozen for the copy
// without being flushed first (FIFREEZE), which is no power cut.
//
// What it does not imitate is a disk that loses its own cache: what the file
// system handed to the loop device counts as written.
type Disk struct {
	Dir   string // where it is mounted
	t     testing.TB
	image string
	on    bool
}

// NewDisk makes a disk of so many bytes and plugs it in; it goes with the test.
// The image is sparse, so it costs what is written. Without root, mkfs.ext4 or
// loop devices the test is skipped, loudly.
func NewDisk(t testing.TB, bytes int64) *Disk {
	t.Helper()
	return newDisk(t, t.TempDir(), bytes)
}

// NewDiskIn is NewDisk with the mount point in a folder of the caller's choice,
// for tests that must not be below the temporary folder.
func NewDiskIn(t testing.TB, folder string, bytes int64) *Disk {
	t.Helper()
	return newDisk(t, folder, bytes)
}

// Folder makes a folder outside the temporary ones that the check finds nothing
// against, for tests of what is refused elsewhere. It goes with the test. Where
// nothing passes the test is skipped, loudly.
func Folder(t testing.TB, safe func(dir string) bool) string {
	t.Helper()
	var places []string
	if home, err := os.UserHomeDir(); err == nil {
		places = append(places, home)
	}
	for _, place := range append(places, "/var/lib", "/srv", "/opt", ".") {
		dir, err := os.MkdirTemp(place, "mingluo-test-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if safe(dir) {
			return dir
		}
	}
	Skip(t, "what needs a safe folder: the home folder, /var/lib, /srv and /opt cannot be written or are no place for a record")
	return ""
}
