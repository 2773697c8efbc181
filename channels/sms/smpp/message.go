package smpp

// Bits of esm_class (§5.2.12).
const (
	EsmReceipt byte = 0x04 // deliver_sm: the short message is a delivery receipt
	EsmUDHI    byte = 0x40 // the short message starts with a user data header

	esmTypeMask byte = 0x3C
)

// Data codings (§5.2.19).
const (
	CodingDefault byte = 0x00 // the SMSC's default alphabet: GSM 03.38, one septet a byte
	CodingASCII   byte = 0x01
	CodingLatin1  byte = 0x03
	CodingUCS2    byte = 0x08
)

// Values of registered_delivery (§5.2.17).
const (
	ReceiptNone    byte = 0x00
	ReceiptAlways  byte = 0x01
	ReceiptFailure byte = 0x02
)

// ShortMessage is the body of submit_sm (§4.4.1) and of deliver_sm (§4.6.1),
// which have the same layout. Fields of a decoded one are views into the PDU.
type ShortMessage struct {
	Sequence           uint32
	ServiceType        []byte // at most 5 bytes
	SourceTON          byte
	SourceNPI          byte
	Source             []byte // at most 20 bytes
	DestTON            byte
	DestNPI            byte
	Dest               []byte // at most 20 bytes
	EsmClass           byte
	ProtocolID         byte
	Priority           byte
	ScheduleTime       []byte // empty, or 16 bytes as §7.1.1 lays them out
	ValidityPeriod     []byte // likewise
	RegisteredDelivery byte
	ReplaceIfPresent   byte
	DataCoding         byte
	DefaultMsgID       byte
	Text               []byte // short_message: at most 254 bytes
	TLVs               TLVs
}

// Body returns the message's bytes: short_message, or the message_payload TLV
// where that carries them.
func (m *ShortMessage) Body() []byte {
	if len(m.Text) == 0 {
		if v, ok := m.TLVs.Get(TagMessagePayload); ok {
			return v
		}
	}
	return m.Text
}

// IsReceipt reports whether a deliver_sm is an SMSC delivery receipt.
func (m *ShortMessage) IsReceipt() bool { return m.EsmClass&esmTypeMask == EsmReceipt }

// AppendSubmitSM appends a submit_sm. A field that is too long is an error and
// leaves dst as it was.
func AppendSubmitSM(dst []byte, m *ShortMessage) ([]byte, error) {
	return appendShortMessage(dst, SubmitSM, m)
}

// AppendDeliverSM appends a deliver_sm, likewise.
func AppendDeliverSM(dst []byte, m *ShortMessage) ([]byte, error) {
	return appendShortMessage(dst, DeliverSM, m)
}

func (m *ShortMessage) check() error {
	if checkCString(m.ServiceType, maxServiceType) != nil ||
		checkCString(m.Source, maxAddress) != nil ||
		checkCString(m.Dest, maxAddress) != nil ||
		checkCString(m.ScheduleTime, maxTime) != nil ||
		checkCString(m.ValidityPeriod, maxTime) != nil {
		return ErrString
	}
	if len(m.Text) > MaxShortMessage {
		return ErrString
	}
	return m.TLVs.Check()
}

func appendShortMessage(dst []byte, c CommandID, m *ShortMessage) ([]byte, error) {
	if err := m.check(); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = appendHeader(dst, c, StatusOK, m.Sequence)
	dst = appendCString(dst, m.ServiceType)
	dst = append(dst, m.SourceTON, m.SourceNPI)
	dst = appendCString(dst, m.Source)
	dst = append(dst, m.DestTON, m.DestNPI)
	dst = appendCString(dst, m.Dest)
	dst = append(dst, m.EsmClass, m.ProtocolID, m.Priority)
	dst = appendCString(dst, m.ScheduleTime)
	dst = appendCString(dst, m.ValidityPeriod)
	dst = append(dst, m.RegisteredDelivery, m.ReplaceIfPresent, m.DataCoding, m.DefaultMsgID, byte(len(m.Text)))
	dst = append(dst, m.Text...)
	dst = append(dst, m.TLVs...)
	if len(dst)-start > MaxPDU {
		return dst[:start], ErrLength
	}
	return closePDU(dst, start), nil
}

// DecodeShortMessage reads a submit_sm or a deliver_sm.
func DecodeShortMessage(pdu []byte, m *ShortMessage) error {
	h, err := DecodeHeader(pdu)
	if err != nil {
		return err
	}
	if h.Command != SubmitSM && h.Command != DeliverSM {
		return ErrWrong
	}
	r := reader{b: pdu[HeaderLen:]}
	m.Sequence = h.Sequence
	m.ServiceType = r.cstring(maxServiceType)
	m.SourceTON, m.SourceNPI = r.byte(), r.byte()
	m.Source = r.cstring(maxAddress)
	m.DestTON, m.DestNPI = r.byte(), r.byte()
	m.Dest = r.cstring(maxAddress)
	m.EsmClass, m.ProtocolID, m.Priority = r.byte(), r.byte(), r.byte()
	m.ScheduleTime = r.cstring(maxTime)
	m.ValidityPeriod = r.cstring(maxTime)
	m.RegisteredDelivery, m.ReplaceIfPresent = r.byte(), r.byte()
	m.DataCoding, m.DefaultMsgID = r.byte(), r.byte()
	n := int(r.byte())
	if n > MaxShortMessage {
		return ErrString
	}
	m.Text = r.octets(n)
	m.TLVs = r.tlvs()
	return r.end()
}

// MessageResp is submit_sm_resp (§4.4.2) and deliver_sm_resp (§4.6.2). In the
// latter message_id is unused and empty.
type MessageResp struct {
	Command   CommandID // SubmitSMResp or DeliverSMResp
	Status    Status
	Sequence  uint32
	MessageID []byte // the SMSC's, at most 64 bytes
}

// AppendMessageResp appends an answer. One with an error status carries no
// message id (§4.4.2).
func AppendMessageResp(dst []byte, m *MessageResp) ([]byte, error) {
	if m.Command != SubmitSMResp && m.Command != DeliverSMResp {
		return dst, ErrWrong
	}
	if m.Status != StatusOK && m.Command == SubmitSMResp {
		return AppendEmpty(dst, m.Command, m.Status, m.Sequence), nil
	}
	if err := checkCString(m.MessageID, maxMessageID); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = appendHeader(dst, m.Command, m.Status, m.Sequence)
	dst = appendCString(dst, m.MessageID)
	return closePDU(dst, start), nil
}

// DecodeMessageResp reads an answer. The body may be missing when the status
// is an error, and in a deliver_sm_resp, which some peers send bare. Optional
// parameters, which 3.4 does not have here and later versions do, are skipped.
func DecodeMessageResp(pdu []byte, m *MessageResp) error {
	h, err := DecodeHeader(pdu)
	if err != nil {
		return err
	}
	if h.Command != SubmitSMResp && h.Command != DeliverSMResp {
		return ErrWrong
	}
	m.Command, m.Status, m.Sequence, m.MessageID = h.Command, h.Status, h.Sequence, nil
	r := reader{b: pdu[HeaderLen:]}
	if len(r.b) == 0 && (h.Status != StatusOK || h.Command == DeliverSMResp) {
		return nil
	}
	m.MessageID = r.cstring(maxMessageID)
	r.tlvs()
	return r.end()
}
