package roll

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// What is kept of the roll beside the stream lies in files of one form:
//
//	magic 8 | length 4 | head, JSON | frames
//
// A frame is a length of 4 bytes, whose highest bit says that it is the file's
// last, and that many bytes of AES-256-GCM. The key is made from the roll's own
// keys and the file's salt, the nonce is the frame's number and whether it is the
// last, and the head is bound to every frame. So nothing can be read without the
// keys; a frame that was flipped, moved, cut or swapped with another file's is
// recognised; and when the sealing key is destroyed, its files are destroyed.
const fileMagic = "mlroll1\n"

const (
	maxHead  = 4 << 10
	maxFrame = 4 << 20
	lastBit  = 1 << 31
)

// fileHead stands in the open.
type fileHead struct {
	Kind string    `json:"kind"`
	Keys string    `json:"keys"` // fingerprint of the keys that open it
	Key  uint8     `json:"key"`  // the sealing key that the file's own is made from
	Salt []byte    `json:"salt"`
	Born time.Time `json:"born"` // when the stream was created
	Seq  uint64    `json:"seq"`  // ROLL sequence; what it means depends on the kind
	Made time.Time `json:"made"`
}

const (
	kindSnapshot = "snapshot"
	kindChanges  = "changes"
)

var (
	// ErrOtherKeys: a file was written under keys that are not these.
	ErrOtherKeys = errors.New("it was written under other keys")
	errTorn      = errors.New("it ends in the middle")
	errFrame     = errors.New("it is damaged")
	errNotOurs   = errors.New("it is no file of the roll")
)

// frameCipher makes a file's own cipher.
func (k *keySet) frameCipher(h fileHead) (cipher.AEAD, error) {
	seal := k.file.Seal[h.Key]
	if h.Keys != k.fingerprint || seal == nil {
		return nil, fmt.Errorf("%w: %s, these are %s", ErrOtherKeys, h.Keys, k.fingerprint)
	}
	secret := append(bytes.Clone(k.file.HMAC), seal...)
	key, err := hkdf.Key(sha256.New, secret, h.Salt, "mingluo roll file 1", keyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func frameNonce(number uint64, last bool) []byte {
	nonce := make([]byte, nonceBytes)
	binary.BigEndian.PutUint64(nonce, number)
	if last {
		nonce[nonceBytes-1] = 1
	}
	return nonce
}

// frameWriter writes a file.
type frameWriter struct {
	w      io.Writer
	seal   cipher.AEAD
	bind   []byte // hash of the head
	number uint64
	buf    []byte
}

// newFrameWriter writes the head; key, salt and time of making are filled in.
func newFrameWriter(w io.Writer, keys *Keys, h fileHead) (*frameWriter, error) {
	set := keys.set()
	h.Keys, h.Key, h.Salt, h.Made = set.fingerprint, set.file.Current, make([]byte, 16), h.Made.UTC()
	rand.Read(h.Salt)
	seal, err := set.frameCipher(h)
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	out := append([]byte(fileMagic), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(out[len(fileMagic):], uint32(len(head)))
	if _, err := w.Write(append(out, head...)); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(head)
	return &frameWriter{w: w, seal: seal, bind: sum[:]}, nil
}

func (f *frameWriter) frame(plain []byte, last bool) error {
	size := uint32(len(plain) + f.seal.Overhead())
	if size > maxFrame {
		return fmt.Errorf("frame of %d bytes, at most %d", size, maxFrame)
	}
	if last {
		size |= lastBit
	}
	f.buf = binary.BigEndian.AppendUint32(f.buf[:0], size)
	f.buf = f.seal.Seal(f.buf, frameNonce(f.number, last), plain, f.bind)
	f.number++
	_, err := f.w.Write(f.buf)
	return err
}

// frameReader reads a file.
type frameReader struct {
	head   fileHead
	r      *bufio.Reader
	open   cipher.AEAD
	bind   []byte
	number uint64
	ended  bool
	buf    []byte
}

func newFrameReader(src io.Reader, keys *Keys) (*frameReader, error) {
	f := &frameReader{r: bufio.NewReaderSize(src, 256<<10)}
	head, err := readHead(f.r)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(head, &f.head); err != nil {
		return nil, fmt.Errorf("%w: its head", errFrame)
	}
	sum := sha256.Sum256(head)
	f.bind = sum[:]
	f.open, err = keys.set().frameCipher(f.head)
	return f, err
}

func readHead(r io.Reader) ([]byte, error) {
	var start [len(fileMagic) + 4]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return nil, cut(err)
	}
	size := binary.BigEndian.Uint32(start[len(fileMagic):])
	if string(start[:len(fileMagic)]) != fileMagic || size > maxHead {
		return nil, errNotOurs
	}
	head := make([]byte, size)
	_, err := io.ReadFull(r, head)
	return head, cut(err)
}

// cut names the end of a file that comes too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}

// next returns the next frame, good until the next call. At the file's end the
// error is io.EOF; errTorn when it ends within a frame; errFrame for a damaged
// frame, after which the next may still be read.
func (f *frameReader) next() (plain []byte, last bool, err error) {
	var length [4]byte
	if _, err := io.ReadFull(f.r, length[:]); errors.Is(err, io.EOF) {
		return nil, false, io.EOF
	} else if err != nil {
		return nil, false, cut(err)
	}
	size := binary.BigEndian.Uint32(length[:])
	last = size&lastBit != 0
	if size &^= lastBit; size > maxFrame || f.ended {
		return nil, false, errTorn // the length itself is damaged: where the next begins is not known
	}
	if cap(f.buf) < int(size) {
		f.buf = make([]byte, size)
	}
	f.buf = f.buf[:size]
	if _, err := io.ReadFull(f.r, f.buf); err != nil {
		return nil, false, cut(err)
	}
	number := f.number
	f.number++
	plain, err = f.open.Open(f.buf[:0], frameNonce(number, last), f.buf, f.bind)
	if err != nil {
		return nil, false, fmt.Errorf("%w: frame %d", errFrame, number)
	}
	f.ended = last
	return plain, last, nil
}
