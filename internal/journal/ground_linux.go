package journal

import "syscall"

// Magic numbers of statfs(2), from linux/magic.h.
const (
	magicTmpfs   = 0x01021994
	magicRamfs   = 0x858458f6
	magicOverlay = 0x794c7630
	magicNFS     = 0x6969
	magicSMB2    = 0xfe534d42
	magicCIFS    = 0xff534d42
)

func examine(place string) (ground, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(place, &st); err != nil {
		return ground{}, err
	}
	g := ground{free: st.Bavail * uint64(st.Bsize)}
	switch uint32(st.Type) {
	case magicTmpfs, magicRamfs:
		g.unsafe = "a file system in memory, which a restart empties"
	case magicOverlay:
		g.unsafe = "a container's own layer (overlay), which goes with the container: mount a volume"
	case magicNFS, magicSMB2, magicCIFS:
		g.unsafe = "a network file system, where locks and syncs cannot be relied on"
	}
	return g, nil
}
