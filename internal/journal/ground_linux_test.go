package journal

import "testing"

// What kind of file system a number of statfs(2) means. Those that a test can
// mount are mounted in the test of mingluo serve.
func TestKindsOfFileSystems(t *testing.T) {
	for name, magic := range map[string]uint32{"ext4": 0xef53, "xfs": 0x58465342, "btrfs": 0x9123683e, "zfs": 0x2fc12fc1, "f2fs": 0xf2f52010} {
		if why := unsafeKind(magic); why != (Reason{}) {
			t.Errorf("%s: %s", name, why.EN)
		}
	}
	for name, magic := range map[string]uint32{"nfs": 0x6969, "cifs": 0xff534d42, "smb2": 0xfe534d42, "9p": 0x01021997, "ceph": 0x00c36400,
		"fuse": 0x65735546, "tmpfs": 0x01021994, "ramfs": 0x858458f6, "overlay": 0x794c7630} {
		if why := unsafeKind(magic); why.ZH == "" || why.EN == "" {
			t.Errorf("%s is taken for safe", name)
		}
	}
}
