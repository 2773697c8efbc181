package smpp

import "encoding/binary"

// Tag names an optional parameter (§5.3.2).
type Tag uint16

const (
	TagReceiptedMessageID Tag = 0x001E
	TagScInterfaceVersion Tag = 0x0210
	TagMessagePayload     Tag = 0x0424
	TagMessageState       Tag = 0x0427
)

// TLVs are the optional parameters at a PDU's end, in their wire form. Those of
// a decoded PDU are whole: every length fits.
type TLVs []byte

// Get returns the value of the first parameter with the tag.
func (t TLVs) Get(tag Tag) ([]byte, bool) {
	for len(t) >= 4 {
		n := int(binary.BigEndian.Uint16(t[2:]))
		if len(t) < 4+n {
			return nil, false
		}
		if Tag(binary.BigEndian.Uint16(t)) == tag {
			return t[4 : 4+n : 4+n], true
		}
		t = t[4+n:]
	}
	return nil, false
}

// Check reports [ErrTLV] unless the bytes are a whole number of parameters.
func (t TLVs) Check() error {
	for len(t) > 0 {
		if len(t) < 4 {
			return ErrTLV
		}
		n := int(binary.BigEndian.Uint16(t[2:]))
		if len(t) < 4+n {
			return ErrTLV
		}
		t = t[4+n:]
	}
	return nil
}

// AppendTLV appends one parameter. A value over 65,535 bytes is [ErrTLV].
func AppendTLV(dst TLVs, tag Tag, value []byte) (TLVs, error) {
	if len(value) > 0xFFFF {
		return dst, ErrTLV
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(tag))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...), nil
}
