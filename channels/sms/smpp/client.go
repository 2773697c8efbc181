package smpp

import (
	"mingluo/channels/sms/link"
)

// Client is the application's side of a session, for the link engine. The zero
// Command binds as a transceiver.
type Client struct {
	Command    CommandID // BindTransceiver, BindTransmitter or BindReceiver
	SystemID   string    // at most 15 bytes
	Password   string    // at most 8 bytes
	SystemType string    // at most 12 bytes, mostly empty
}

var _ link.Protocol = Client{}

// Check reports a field that a bind has no room for.
func (c Client) Check() error {
	_, err := c.AppendLogin(nil, 1)
	return err
}

// Length implements [link.Protocol].
func (Client) Length(head []byte) (int, error) { return Length(head) }

// AppendLogin implements [link.Protocol].
func (c Client) AppendLogin(dst []byte, seq uint32) ([]byte, error) {
	cmd := c.Command
	if cmd == 0 {
		cmd = BindTransceiver
	}
	return AppendBind(dst, &Bind{
		Command: cmd, Sequence: seq, Version: Version34,
		SystemID: []byte(c.SystemID), Password: []byte(c.Password), SystemType: []byte(c.SystemType),
	})
}

// LoginRefused implements [link.Protocol]. An SMSC says Bind Failed both for a
// wrong account and while it still holds the session that a crash left behind,
// so that one halts but is tried again; a wrong password or system id is not,
// because carriers lock accounts.
func (Client) LoginRefused(status uint32) *link.Refused {
	s := Status(status)
	r := &link.Refused{Status: status, Words: s.String()}
	switch s {
	case StatusInvPassword, StatusInvSystemID, StatusInvSystemType:
		r.Halt, r.Final = true, true
	case StatusBindFailed:
		r.Halt = true
	}
	return r
}

// AppendHeartbeat implements [link.Protocol].
func (Client) AppendHeartbeat(dst []byte, seq uint32) []byte {
	return AppendEmpty(dst, EnquireLink, StatusOK, seq)
}

// AppendLogout implements [link.Protocol].
func (Client) AppendLogout(dst []byte, seq uint32) []byte {
	return AppendEmpty(dst, Unbind, StatusOK, seq)
}

// Parse implements [link.Protocol].
func (Client) Parse(pdu []byte) link.PDU {
	h, err := DecodeHeader(pdu)
	if err != nil {
		return link.PDU{Kind: link.Damaged}
	}
	p := link.PDU{Command: uint32(h.Command), Sequence: h.Sequence, Status: uint32(h.Status)}
	switch h.Command {
	case SubmitSMResp:
		p.Kind = link.Answered
		var m MessageResp
		if DecodeMessageResp(pdu, &m) == nil {
			p.MessageID = m.MessageID
		} // else the status still says what became of it
	case GenericNack:
		p.Kind = nackKind(&p)
	case BindTransceiverResp, BindTransmitterResp, BindReceiverResp:
		p.Kind = link.LoggedIn
	case EnquireLink:
		p.Kind = link.Heartbeat
	case EnquireLinkResp:
		p.Kind = link.Acknowledged
	case Unbind:
		p.Kind = link.Logout
	case UnbindResp:
		p.Kind = link.LoggedOut
	case DeliverSM:
		p.Kind = link.Incoming
		var m ShortMessage
		if DecodeShortMessage(pdu, &m) != nil {
			p.Kind = link.Damaged
		}
	default:
		if h.Command.IsResponse() {
			p.Kind = link.Acknowledged // to nothing that we asked: a nack to an answer would start a quarrel
		}
	}
	return p
}

// nackKind: a generic_nack is the answer to the PDU with its sequence number. A
// status of zero in one makes no sense and must not count as an acceptance.
func nackKind(p *link.PDU) link.Kind {
	if p.Status == 0 {
		p.Status = uint32(StatusUnknown)
	}
	return link.Answered
}

// AppendReply implements [link.Protocol]. Only requests are replied to.
func (Client) AppendReply(dst []byte, to link.PDU, r link.Reply) []byte {
	if r == link.NotUnderstood {
		return AppendEmpty(dst, GenericNack, StatusInvCmdID, to.Sequence)
	}
	cmd, status := CommandID(to.Command), StatusOK
	if !cmd.known() {
		return dst
	}
	switch r {
	case link.Later:
		status = StatusReceiverTemp
	case link.Never:
		status = StatusReceiverPerm
	}
	if cmd != DeliverSM {
		return AppendEmpty(dst, cmd.Response(), status, to.Sequence)
	}
	out, err := AppendMessageResp(dst, &MessageResp{Command: DeliverSMResp, Status: status, Sequence: to.Sequence})
	if err != nil { // cannot be: an empty message id fits
		return dst
	}
	return out
}
