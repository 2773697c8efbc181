package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// minGround is the free space a store needs to start: an outcome log of a large
// broadcast must not fill the disk under the next warning.
const minGround = 2 << 30

// Reason is a sentence against a folder, for people.
type Reason struct{ ZH, EN string }

// CheckGround returns why a folder is no safe place for the record: memory file
// systems, temporary folders, a container's own layer, network file systems, too
// little free space. Nil means that nothing was found. The folder need not exist
// yet; where it does, the server's store inside it is examined too, since that may
// be a mount or a link of its own.
func CheckGround(dir string) []Reason {
	reasons, place := checkPlace(dir)
	store := filepath.Join(dir, "js")
	if real, err := filepath.EvalSymlinks(store); err == nil && !(filepath.Dir(real) == place && sameDevice(real, place)) {
		more, _ := checkPlace(store)
		reasons = append(reasons, more...)
	}
	return reasons
}

// checkPlace examines one folder and returns where it really lies.
func checkPlace(dir string) (reasons []Reason, place string) {
	say := func(zh, en string) { reasons = append(reasons, Reason{dir + " " + zh, dir + " " + en}) }
	place, err := existing(dir)
	if err == nil {
		if t := temporary(place); t != "" {
			say("在临时目录 "+t+" 里，随时会被清空", "lies in the temporary folder "+t+", which is emptied without asking")
		}
		var g ground
		if g, err = examine(place); err == nil {
			if g.unsafe != (Reason{}) {
				say("在"+g.unsafe.ZH+"上", "lies on "+g.unsafe.EN)
			}
			if g.free < minGround {
				say(fmt.Sprintf("只剩 %d MiB 空间，至少需要 %d MiB", g.free>>20, minGround>>20), fmt.Sprintf("has %d MiB free, at least %d MiB are needed", g.free>>20, minGround>>20))
			}
		}
	}
	if err != nil {
		say(fmt.Sprintf("无法检查：%v", err), fmt.Sprintf("cannot be examined: %v", err))
	}
	return reasons, place
}

// unsafeGround is the reasons as one error; nil when there are none.
func unsafeGround(reasons []Reason) error {
	if len(reasons) == 0 {
		return nil
	}
	var zh, en []string
	for _, r := range reasons {
		zh, en = append(zh, r.ZH), append(en, r.EN)
	}
	return fmt.Errorf("数据目录不安全：%s / the data folder is not safe: %s", strings.Join(zh, "；"), strings.Join(en, "; "))
}

// ground is what the operating system says about a place.
type ground struct {
	unsafe Reason // the kind of file system, where files may vanish on it; empty when nothing is known against it
	free   uint64 // bytes that this user may still write
}

// existing resolves dir, or the nearest folder above it that is there, to its
// real path.
func existing(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		real, err := filepath.EvalSymlinks(abs)
		if err == nil {
			return real, nil
		}
		if up := filepath.Dir(abs); os.IsNotExist(err) && up != abs {
			abs = up
			continue
		}
		return "", err
	}
}

// temporary returns the temporary folder that place lies in, or "".
func temporary(place string) string {
	for _, t := range []string{os.TempDir(), "/tmp", "/var/tmp", "/dev/shm"} {
		real, err := filepath.EvalSymlinks(t)
		if err != nil {
			continue
		}
		if place == real || strings.HasPrefix(place, strings.TrimSuffix(real, "/")+"/") {
			return t
		}
	}
	return ""
}
