package smpp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// CommandID says what a PDU is (§5.1.2.1).
type CommandID uint32

// The commands that this package knows. A response is its request with the
// highest bit set.
const (
	BindReceiver        CommandID = 0x00000001
	BindTransmitter     CommandID = 0x00000002
	SubmitSM            CommandID = 0x00000004
	DeliverSM           CommandID = 0x00000005
	Unbind              CommandID = 0x00000006
	BindTransceiver     CommandID = 0x00000009
	EnquireLink         CommandID = 0x00000015
	GenericNack         CommandID = 0x80000000
	BindReceiverResp    CommandID = 0x80000001
	BindTransmitterResp CommandID = 0x80000002
	SubmitSMResp        CommandID = 0x80000004
	DeliverSMResp       CommandID = 0x80000005
	UnbindResp          CommandID = 0x80000006
	BindTransceiverResp CommandID = 0x80000009
	EnquireLinkResp     CommandID = 0x80000015
)

const responseBit CommandID = 0x80000000

// Response returns the command that answers c.
func (c CommandID) Response() CommandID { return c | responseBit }

// IsResponse reports whether c answers something.
func (c CommandID) IsResponse() bool { return c&responseBit != 0 }

func (c CommandID) String() string {
	switch c {
	case BindReceiver:
		return "bind_receiver"
	case BindTransmitter:
		return "bind_transmitter"
	case SubmitSM:
		return "submit_sm"
	case DeliverSM:
		return "deliver_sm"
	case Unbind:
		return "unbind"
	case BindTransceiver:
		return "bind_transceiver"
	case EnquireLink:
		return "enquire_link"
	case GenericNack:
		return "generic_nack"
	}
	if c.IsResponse() && (c &^ responseBit).known() {
		return (c &^ responseBit).String() + "_resp"
	}
	return fmt.Sprintf("command 0x%08x", uint32(c))
}

func (c CommandID) known() bool {
	switch c {
	case BindReceiver, BindTransmitter, SubmitSM, DeliverSM, Unbind, BindTransceiver, EnquireLink:
		return true
	}
	return false
}

// Lengths of whole PDUs in bytes. The specification sets no upper limit; the
// largest legal PDU is one with a message_payload of 64 KiB, which no SMS needs.
const (
	HeaderLen = 16
	MaxPDU    = 64 << 10
)

// MaxSequence is the largest sequence_number (§5.1.4); the smallest is 1.
const MaxSequence = 0x7FFFFFFF

// Header stands at the head of every PDU (§3.2).
type Header struct {
	Length   uint32 // of the whole PDU, this header included
	Command  CommandID
	Status   Status // 0 in requests
	Sequence uint32
}

// What decoding finds wrong. The errors are fixed values so that hostile bytes
// cost nothing.
var (
	ErrLength = errors.New("command_length is under 16 bytes or over 64 KiB")
	ErrShort  = errors.New("PDU ends inside a field")
	ErrString = errors.New("string field is too long, not terminated, or holds a zero byte")
	ErrTLV    = errors.New("optional parameter runs over the PDU's end")
	ErrExtra  = errors.New("bytes after the last field")
	ErrWrong  = errors.New("PDU of another kind")
)

// Length returns the whole length of the PDU whose first four bytes are given.
func Length(head []byte) (int, error) {
	if len(head) < 4 {
		return 0, ErrShort
	}
	n := binary.BigEndian.Uint32(head)
	if n < HeaderLen || n > MaxPDU {
		return 0, ErrLength
	}
	return int(n), nil
}

// DecodeHeader reads a whole PDU's header. The PDU must be exactly as long as
// its command_length says.
func DecodeHeader(pdu []byte) (Header, error) {
	if len(pdu) < HeaderLen {
		return Header{}, ErrShort
	}
	n, err := Length(pdu)
	if err != nil {
		return Header{}, err
	}
	if n > len(pdu) {
		return Header{}, ErrShort
	}
	if n < len(pdu) {
		return Header{}, ErrExtra
	}
	return Header{
		Length:   uint32(n),
		Command:  CommandID(binary.BigEndian.Uint32(pdu[4:])),
		Status:   Status(binary.BigEndian.Uint32(pdu[8:])),
		Sequence: binary.BigEndian.Uint32(pdu[12:]),
	}, nil
}

// appendHeader leaves the length to be set by closePDU.
func appendHeader(dst []byte, c CommandID, s Status, seq uint32) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(c))
	dst = binary.BigEndian.AppendUint32(dst, uint32(s))
	return binary.BigEndian.AppendUint32(dst, seq)
}

func closePDU(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

// AppendEmpty appends a PDU that is only a header: enquire_link, unbind, their
// responses, generic_nack, and any response with an error status.
func AppendEmpty(dst []byte, c CommandID, s Status, seq uint32) []byte {
	start := len(dst)
	return closePDU(appendHeader(dst, c, s, seq), start)
}
