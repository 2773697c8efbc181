package journal

import (
	"os"
	"syscall"
)

// unsafeKind says why a file system of a kind is no place for the record; empty
// when nothing is known against it. The numbers are the magic of statfs(2), from
// linux/magic.h and, for those outside it, from their own headers.
func unsafeKind(magic uint32) Reason {
	memory := Reason{"内存文件系统（重启即清空）", "a file system in memory, which a restart empties"}
	network := Reason{"网络文件系统（锁和同步都靠不住）", "a network file system, where locks and syncs cannot be relied on"}
	switch magic {
	case 0x01021994, 0x858458f6, 0x958458f6: // tmpfs, ramfs, hugetlbfs
		return memory
	case 0x794c7630, 0x61756673: // overlay, aufs
		return Reason{"容器自己的层（overlay，随容器消失，请挂载卷）", "a container's own layer (overlay), which goes with the container: mount a volume"}
	case 0x6969, 0x517b, 0xff534d42, 0xfe534d42, // NFS, SMB, CIFS, SMB2
		0x01021997, 0x00c36400, 0x5346414f, 0x6b414653, // 9p, Ceph, AFS and its other number
		0x0bd00bd0, 0x47504653: // Lustre, GPFS
		return network
	case 0x65735546: // FUSE: sshfs, s3fs, a folder shared by a virtual machine's host
		return Reason{"用户态文件系统（FUSE，不知道它何时真正写盘）", "a file system in user space (FUSE), of which nobody knows when it writes to a disk"}
	case 0x73717368, 0x9660: // squashfs, ISO 9660
		return Reason{"只读文件系统", "a file system that can only be read"}
	}
	return Reason{}
}

func examine(place string) (ground, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(place, &st); err != nil {
		return ground{}, err
	}
	return ground{free: st.Bavail * uint64(st.Bsize), unsafe: unsafeKind(uint32(st.Type))}, nil
}

// sameDevice reports whether two folders lie on one file system.
func sameDevice(a, b string) bool {
	device := func(path string) (uint64, bool) {
		info, err := os.Stat(path)
		if err != nil {
			return 0, false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		return uint64(st.Dev), ok
	}
	da, oka := device(a)
	db, okb := device(b)
	return oka && okb && da == db
}
