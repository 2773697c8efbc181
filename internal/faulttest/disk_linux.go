package faulttest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func newDisk(t testing.TB, folder string, bytes int64) *Disk {
	t.Helper()
	if os.Geteuid() != 0 {
		Skip(t, "what needs a disk of its own: mounting one needs root")
	}
	for _, tool := range []string{"mkfs.ext4", "mount", "umount"} {
		Tool(t, "what needs a disk of its own", tool)
	}
	d := &Disk{t: t, Dir: filepath.Join(folder, "disk"), image: filepath.Join(t.TempDir(), "disk.img")}
	f, err := os.Create(d.image)
	if err == nil {
		err = errors.Join(f.Truncate(bytes), f.Close(), os.Mkdir(d.Dir, 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	// Nothing is kept back for root, and all tables are written now: a test does
	// not wait for a kernel thread that fills them in later.
	d.run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image)
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.Dir).CombinedOutput(); err != nil {
		Skip(t, "what needs a disk of its own: no loop devices: mount: %v %s", err, out)
	}
	d.on = true
	t.Cleanup(d.unplug)
	return d
}

func (d *Disk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// filler is somebody else's file.
func (d *Disk) filler() string { return filepath.Join(d.Dir, "somebody-elses.log") }

// Fill takes all space in one instant, to the last byte.
func (d *Disk) Fill() {
	d.t.Helper()
	f, err := os.OpenFile(d.filler(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	var st syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &st); err != nil {
		d.t.Fatal(err)
	}
	// What others write meanwhile makes the one large step fail; it then ends in
	// smaller ones, and at last a byte at a time.
	for size := int64(st.Bavail) * st.Bsize; size > 0; {
		if grow(f, size) != nil {
			size /= 2
		}
	}
}

// grow adds allocated bytes to a file, all or none.
func grow(f *os.File, bytes int64) error {
	end, err := f.Seek(0, 2)
	if err != nil {
		return err
	}
	if err := syscall.Fallocate(int(f.Fd()), 0, end, bytes); err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	return nil
}

// Spare gives some bytes of a full disk back.
func (d *Disk) Spare(bytes int64) {
	d.t.Helper()
	st, err := os.Stat(d.filler())
	if err == nil {
		err = os.Truncate(d.filler(), st.Size()-bytes)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// Clear deletes somebody else's file.
func (d *Disk) Clear() {
	d.t.Helper()
	if err := os.Remove(d.filler()); err != nil {
		d.t.Fatal(err)
	}
}

// shutdownCall and noFlush are EXT4_IOC_SHUTDOWN, that is _IOR('X', 125, __u32),
// and EXT4_GOING_FLAGS_NOLOGFLUSH, from the kernel's fs/ext4/ext4.h.
const (
	shutdownCall = 0x8004587d
	noFlush      = uint32(2)
)

// Cut takes the power away. Who writes to the disk gets errors from now on.
func (d *Disk) Cut() {
	d.t.Helper()
	f, err := os.Open(d.Dir)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	flag := noFlush
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdownCall, uintptr(unsafe.Pointer(&flag))); errno != 0 {
		d.t.Fatalf("cut the power: %v", errno)
	}
}

// Plug gives the power back: the file system recovers from its log. Whoever used
// it before the cut must have ended.
func (d *Disk) Plug() {
	d.t.Helper()
	d.unplug()
	d.run("mount", "-o", "loop", d.image, d.Dir)
	d.on = true
}

// unplug unmounts, also after a cut. A process that was killed just now may hold
// a file for another moment.
func (d *Disk) unplug() {
	d.t.Helper()
	if !d.on {
		return
	}
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = syscall.Unmount(d.Dir, 0); err == nil {
			d.on = false
			return
		}
	}
	if open := openBelow(d.Dir); len(open) > 0 {
		d.t.Errorf("unmount %s: %v; this process has open there: %q", d.Dir, err, open)
	}
	if err := syscall.Unmount(d.Dir, syscall.MNT_DETACH); err != nil {
		d.t.Errorf("detach %s: %v", d.Dir, err)
	}
}

// openBelow lists the files of this process that lie in a folder: what leaked. Not
// counted are deleted ones: nats-server 2.15 forgets to close the file of an atomic
// batch that the full disk refused.
func openBelow(dir string) (out []string) {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	for _, fd := range fds {
		if path, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(path, dir+"/") && !strings.HasSuffix(path, " (deleted)") {
			out = append(out, strings.TrimPrefix(path, dir))
		}
	}
	return out
}
