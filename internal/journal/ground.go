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

// CheckGround returns, in plain sentences, why a folder is no safe place for the
// record: memory file systems, temporary folders, a container's own layer,
// network file systems, too little free space. Nil means that nothing was found.
// The folder need not exist yet.
func CheckGround(dir string) []string {
	place, err := existing(dir)
	if err != nil {
		return []string{fmt.Sprintf("%s cannot be examined: %v", dir, err)}
	}
	var reasons []string
	if t := temporary(place); t != "" {
		reasons = append(reasons, fmt.Sprintf("%s lies in the temporary folder %s, which is emptied without asking", dir, t))
	}
	g, err := examine(place)
	if err != nil {
		return append(reasons, fmt.Sprintf("%s cannot be examined: %v", dir, err))
	}
	if g.unsafe != "" {
		reasons = append(reasons, fmt.Sprintf("%s lies on %s", dir, g.unsafe))
	}
	if g.free < minGround {
		reasons = append(reasons, fmt.Sprintf("%s has %d MiB free, at least %d MiB are needed", dir, g.free>>20, minGround>>20))
	}
	return reasons
}

// ground is what the operating system says about a place.
type ground struct {
	unsafe string // why files here may vanish; empty when nothing is known against it
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
