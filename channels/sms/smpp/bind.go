package smpp

// Version34 is the interface_version of this protocol (§5.2.4).
const Version34 = 0x34

// Bind is the body of bind_transceiver, bind_transmitter and bind_receiver
// (§4.1.1). Fields of a decoded one are views into the PDU.
type Bind struct {
	Command      CommandID
	Sequence     uint32
	SystemID     []byte // at most 15 bytes
	Password     []byte // at most 8 bytes
	SystemType   []byte // at most 12 bytes
	Version      byte
	AddrTON      byte
	AddrNPI      byte
	AddressRange []byte // at most 40 bytes
}

// AppendBind appends a bind request.
func AppendBind(dst []byte, b *Bind) ([]byte, error) {
	if b.Command != BindTransceiver && b.Command != BindTransmitter && b.Command != BindReceiver {
		return dst, ErrWrong
	}
	for _, f := range [...]struct {
		v    []byte
		room int
	}{{b.SystemID, maxSystemID}, {b.Password, maxPassword}, {b.SystemType, maxSystemType}, {b.AddressRange, maxAddressRange}} {
		if err := checkCString(f.v, f.room); err != nil {
			return dst, err
		}
	}
	start := len(dst)
	dst = appendHeader(dst, b.Command, StatusOK, b.Sequence)
	dst = appendCString(dst, b.SystemID)
	dst = appendCString(dst, b.Password)
	dst = appendCString(dst, b.SystemType)
	dst = append(dst, b.Version, b.AddrTON, b.AddrNPI)
	dst = appendCString(dst, b.AddressRange)
	return closePDU(dst, start), nil
}

// DecodeBind reads a bind request of any of the three kinds.
func DecodeBind(pdu []byte, b *Bind) error {
	h, err := DecodeHeader(pdu)
	if err != nil {
		return err
	}
	if h.Command != BindTransceiver && h.Command != BindTransmitter && h.Command != BindReceiver {
		return ErrWrong
	}
	r := reader{b: pdu[HeaderLen:]}
	*b = Bind{
		Command:      h.Command,
		Sequence:     h.Sequence,
		SystemID:     r.cstring(maxSystemID),
		Password:     r.cstring(maxPassword),
		SystemType:   r.cstring(maxSystemType),
		Version:      r.byte(),
		AddrTON:      r.byte(),
		AddrNPI:      r.byte(),
		AddressRange: r.cstring(maxAddressRange),
	}
	return r.end()
}

// BindResp answers a bind (§4.1.2). With an error status the body is left out.
type BindResp struct {
	Command  CommandID // the response's
	Status   Status
	Sequence uint32
	SystemID []byte // the SMSC's, at most 15 bytes
	TLVs     TLVs
}

// AppendBindResp appends an answer to a bind.
func AppendBindResp(dst []byte, b *BindResp) ([]byte, error) {
	if b.Command != BindTransceiverResp && b.Command != BindTransmitterResp && b.Command != BindReceiverResp {
		return dst, ErrWrong
	}
	if b.Status != StatusOK {
		return AppendEmpty(dst, b.Command, b.Status, b.Sequence), nil
	}
	if err := checkCString(b.SystemID, maxSystemID); err != nil {
		return dst, err
	}
	if err := b.TLVs.Check(); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = appendHeader(dst, b.Command, b.Status, b.Sequence)
	dst = appendCString(dst, b.SystemID)
	dst = append(dst, b.TLVs...)
	return closePDU(dst, start), nil
}

// DecodeBindResp reads an answer to a bind. An answer with an error status may
// come with or without a body.
func DecodeBindResp(pdu []byte, b *BindResp) error {
	h, err := DecodeHeader(pdu)
	if err != nil {
		return err
	}
	if h.Command != BindTransceiverResp && h.Command != BindTransmitterResp && h.Command != BindReceiverResp {
		return ErrWrong
	}
	*b = BindResp{Command: h.Command, Status: h.Status, Sequence: h.Sequence}
	r := reader{b: pdu[HeaderLen:]}
	if len(r.b) == 0 && h.Status != StatusOK {
		return nil
	}
	b.SystemID = r.cstring(maxSystemID)
	b.TLVs = r.tlvs()
	return r.end()
}
