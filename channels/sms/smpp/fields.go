package smpp

import "bytes"

// Room for C-octet strings, the terminating zero included (§4.1, §4.4, §5.2).
const (
	maxSystemID     = 16
	maxPassword     = 9
	maxSystemType   = 13
	maxAddressRange = 41
	maxServiceType  = 6
	maxAddress      = 21
	maxTime         = 17
	maxMessageID    = 65
)

// MaxShortMessage is the most that short_message holds (§5.2.21).
const MaxShortMessage = 254

// reader walks over a PDU's body. After the first error every further read
// yields nothing, so that a decoder reads field after field and asks once.
type reader struct {
	b   []byte
	err error
}

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	if len(r.b) == 0 {
		r.err = ErrShort
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// cstring reads a zero-terminated string that takes at most room bytes.
func (r *reader) cstring(room int) []byte {
	if r.err != nil {
		return nil
	}
	i := bytes.IndexByte(r.b[:min(room, len(r.b))], 0)
	if i < 0 {
		r.err = ErrString
		return nil
	}
	v := r.b[:i:i]
	r.b = r.b[i+1:]
	return v
}

func (r *reader) octets(n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.b) < n {
		r.err = ErrShort
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) tlvs() TLVs {
	if r.err != nil {
		return nil
	}
	t := TLVs(r.b[:len(r.b):len(r.b)])
	if r.err = t.Check(); r.err != nil {
		return nil
	}
	r.b = nil
	return t
}

// end reports the first error, or [ErrExtra] when something is left.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return ErrExtra
	}
	return r.err
}

func checkCString(v []byte, room int) error {
	if len(v) >= room || bytes.IndexByte(v, 0) >= 0 {
		return ErrString
	}
	return nil
}

func appendCString(dst, v []byte) []byte { return append(append(dst, v...), 0) }
