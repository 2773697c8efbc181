package keep

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Backup is an open backup of which every byte was checked.
type Backup struct {
	Manifest
	Path string
	Size int64
	file *os.File
	at   map[string][]place // where what lies, by stream or file name
}

type place struct{ offset, size int64 }

// ErrDamaged says that a file is not as it was written.
var ErrDamaged = errors.New("the file is not as it was written: it was cut or changed")

// maxManifest bounds what is read as a manifest; a real one has 4 KB.
const maxManifest = 1 << 20

// Open checks the seal over the whole file, and every part against the manifest.
// A file that is not whole is [ErrDamaged].
func Open(path string) (*Backup, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	b := &Backup{Path: path, file: f, at: map[string][]place{}}
	if err := b.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("open backup %s: %w", path, err), f.Close())
	}
	return b, nil
}

// Close closes the file.
func (b *Backup) Close() error { return b.file.Close() }

func (b *Backup) read() error {
	info, err := b.file.Stat()
	if err != nil {
		return err
	}
	b.Size = info.Size()
	if err := b.checkSeal(); err != nil {
		return err
	}
	if err := b.index(); err != nil {
		return err
	}
	if b.Format != Format {
		return fmt.Errorf("its format is %d, this program knows %d", b.Format, Format)
	}
	for _, s := range b.Streams {
		if err := b.checkStream(s); err != nil {
			return fmt.Errorf("stream %s: %w", s.Stream, err)
		}
	}
	return nil
}

func (b *Backup) checkSeal() error {
	body := b.Size - tailBytes
	if body <= 0 {
		return ErrDamaged
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(b.file, 0, body)); err != nil {
		return err
	}
	tail := make([]byte, tailBytes)
	if _, err := b.file.ReadAt(tail, body); err != nil {
		return err
	}
	h, err := tar.NewReader(bytes.NewReader(tail)).Next()
	if err != nil || h.Name != nameSeal {
		return ErrDamaged
	}
	want, err := sealTail(sum.Sum(nil), h.ModTime)
	if err != nil {
		return err
	}
	if !bytes.Equal(tail, want) {
		return ErrDamaged
	}
	return nil
}

// index notes where what lies, and reads the manifest.
func (b *Backup) index() error {
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := tar.NewReader(b.file)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		offset, err := b.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		name := h.Name
		if rest, ok := strings.CutPrefix(name, dirStreams); ok {
			name, _, _ = strings.Cut(rest, "/")
		}
		b.at[name] = append(b.at[name], place{offset, h.Size})
		if name != nameManifest {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(r, maxManifest))
		if err == nil {
			err = json.Unmarshal(text, &b.Manifest)
		}
		if err != nil {
			return fmt.Errorf("its manifest cannot be read: %w", err)
		}
	}
}

func (b *Backup) checkStream(s Stream) error {
	sum := sha256.New()
	n, err := io.Copy(sum, b.Stream(s.Stream))
	if err != nil {
		return err
	}
	if n != s.Packed || fmt.Sprintf("%x", sum.Sum(nil)) != s.SHA256 {
		return ErrDamaged
	}
	return nil
}

// Stream reads a stream's part from its beginning; nothing when it has none.
func (b *Backup) Stream(name string) io.Reader {
	var parts []io.Reader
	for _, p := range b.at[name] {
		parts = append(parts, io.NewSectionReader(b.file, p.offset, p.size))
	}
	return io.MultiReader(parts...)
}

// File returns a small file.
func (b *Backup) File(name string) ([]byte, error) {
	if len(b.at[name]) != 1 {
		return nil, fmt.Errorf("the backup has no file %s", name)
	}
	return io.ReadAll(io.LimitReader(b.Stream(name), maxManifest))
}

// Age returns how old the backup is.
func (b *Backup) Age(now time.Time) time.Duration { return now.Sub(b.Made) }
