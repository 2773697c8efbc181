package keep

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
)

// Format is the version of the backup file that this program writes.
const Format = 1

// Manifest says what a backup holds.
type Manifest struct {
	Format  int        `json:"format"`
	Made    time.Time  `json:"made"`
	Mode    alert.Mode `json:"mode"`
	Version string     `json:"version"` // of the program that made it
	Host    string     `json:"host"`
	Keys    string     `json:"keys"` // fingerprint of the roll's keys, as the journal has it
	Kit     string     `json:"kit"`  // fingerprint of the recovery sheet
	Streams []Stream   `json:"streams"`
}

// Stream is one stream's part.
type Stream struct {
	journal.Snapshot
	Packed int64  `json:"packed"` // bytes in the file
	SHA256 string `json:"sha256"` // of them
}

// Journal returns the journal's part.
func (m *Manifest) Journal() Stream {
	for _, s := range m.Streams {
		if s.Stream == alert.StreamJournal {
			return s
		}
	}
	return Stream{}
}

// Names inside the file.
const (
	nameManifest = "manifest.json"
	nameSeal     = "seal.sha256"
	dirStreams   = "streams/"
)

// pieceBytes is how much of a stream is one entry: tar wants to know an entry's
// length before its content.
const pieceBytes = 4 << 20

// Writer writes a backup. It is not safe for concurrent use.
type Writer struct {
	out  io.Writer
	sum  hash.Hash
	tar  *tar.Writer
	made time.Time
	m    Manifest
	size int64
}

// NewWriter begins a backup with a page for people.
func NewWriter(w io.Writer, m Manifest) (*Writer, error) {
	m.Format, m.Streams = Format, nil
	b := &Writer{sum: sha256.New(), made: m.Made.UTC().Truncate(time.Second), m: m}
	b.out = io.MultiWriter(w, b.sum, (*counter)(&b.size))
	b.tar = tar.NewWriter(b.out)
	return b, b.File("READ-ME.txt", []byte(page(m)))
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// Size returns the bytes written so far.
func (b *Writer) Size() int64 { return b.size }

// File adds a small file.
func (b *Writer) File(name string, data []byte) error {
	if err := b.tar.WriteHeader(entry(name, len(data), b.made)); err != nil {
		return fmt.Errorf("write backup: %s: %w", name, err)
	}
	if _, err := b.tar.Write(data); err != nil {
		return fmt.Errorf("write backup: %s: %w", name, err)
	}
	return nil
}

func entry(name string, size int, at time.Time) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o600, Size: int64(size), ModTime: at, Format: tar.FormatUSTAR}
}

// Stream adds a stream, which copying writes, and takes its snapshot into the
// manifest.
func (b *Writer) Stream(name string, copying func(w io.Writer) (journal.Snapshot, error)) error {
	p := &pieces{to: b, name: name, sum: sha256.New()}
	snap, err := copying(p)
	if err == nil {
		err = p.flush()
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	b.m.Streams = append(b.m.Streams, Stream{Snapshot: snap, Packed: p.size, SHA256: hex.EncodeToString(p.sum.Sum(nil))})
	return nil
}

// pieces cuts a stream of unknown length into entries.
type pieces struct {
	to   *Writer
	name string
	buf  []byte
	n    int
	sum  hash.Hash
	size int64
}

func (p *pieces) Write(b []byte) (int, error) {
	p.sum.Write(b)
	p.size += int64(len(b))
	for rest := b; len(rest) > 0; {
		n := min(len(rest), pieceBytes-len(p.buf))
		p.buf = append(p.buf, rest[:n]...)
		rest = rest[n:]
		if len(p.buf) == pieceBytes {
			if err := p.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

func (p *pieces) flush() error {
	if len(p.buf) == 0 {
		return nil
	}
	p.n++
	err := p.to.File(fmt.Sprintf("%s%s/%06d", dirStreams, p.name, p.n), p.buf)
	p.buf = p.buf[:0]
	return err
}

// Finish writes the manifest and the seal, and returns what it says.
func (b *Writer) Finish() (Manifest, error) {
	text, err := json.MarshalIndent(b.m, "", "  ")
	if err != nil {
		return b.m, fmt.Errorf("write backup: %w", err)
	}
	if err := b.File(nameManifest, append(text, '\n')); err != nil {
		return b.m, err
	}
	if err := b.tar.Flush(); err != nil {
		return b.m, fmt.Errorf("write backup: %w", err)
	}
	tail, err := sealTail(b.sum.Sum(nil), b.made)
	if err != nil {
		return b.m, err
	}
	if _, err := b.out.Write(tail); err != nil {
		return b.m, fmt.Errorf("write backup: %w", err)
	}
	return b.m, nil
}

// sealTail is the last entry and the end of the tar file, byte for byte.
func sealTail(sum []byte, at time.Time) ([]byte, error) {
	var tail bytes.Buffer
	t := tar.NewWriter(&tail)
	text := []byte(hex.EncodeToString(sum) + "\n")
	err := t.WriteHeader(entry(nameSeal, len(text), at))
	if err == nil {
		_, err = t.Write(text)
	}
	if err = errors.Join(err, t.Close()); err != nil {
		return nil, fmt.Errorf("seal backup: %w", err)
	}
	return tail.Bytes(), nil
}

// tailBytes is the length of every seal: a header, one block, two empty ones.
const tailBytes = 4 * 512

func page(m Manifest) string {
	return fmt.Sprintf(`鸣锣 Mingluo：备份 / backup
%s
模式 / mode: %s    主机 / host: %s    程序 / program: %s
名册密钥指纹 / fingerprint of the roll's keys: %s
恢复页指纹 / fingerprint of the recovery sheet: %s

恢复 / to restore, on an empty machine:
  1. 安装程序和配置 / install the program and its configuration (mingluo.toml in here, without its secrets)
  2. mingluo keys import -from FILE   或/or   mingluo keys restore   （照保险柜里的恢复页输入 / typed from the sheet in the safe）
  3. mingluo restore -from THIS-FILE -config /etc/mingluo/mingluo.toml
本文件不含任何密钥；没有密钥，号码无法解开。
No key is in this file; without the keys nobody's address can be opened.

manifest.json 列出内容；seal.sha256 是它之前全部字节的 SHA-256。
manifest.json lists what is in it; seal.sha256 is the SHA-256 of every byte before it.
streams/*: NATS archive records in S2 compression, one message each, in order.
`, m.Made.UTC().Format(time.RFC3339), m.Mode, m.Host, m.Version, m.Keys, m.Kit)
}
