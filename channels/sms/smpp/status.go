package smpp

import "fmt"

// Status is a command_status (§5.1.3).
type Status uint32

// The statuses that the program names. Their texts are the specification's.
const (
	StatusOK              Status = 0x00000000
	StatusInvMsgLen       Status = 0x00000001
	StatusInvCmdLen       Status = 0x00000002
	StatusInvCmdID        Status = 0x00000003
	StatusInvBindStatus   Status = 0x00000004
	StatusAlreadyBound    Status = 0x00000005
	StatusSystemError     Status = 0x00000008
	StatusInvSource       Status = 0x0000000A
	StatusInvDest         Status = 0x0000000B
	StatusInvMessageID    Status = 0x0000000C
	StatusBindFailed      Status = 0x0000000D
	StatusInvPassword     Status = 0x0000000E
	StatusInvSystemID     Status = 0x0000000F
	StatusMessageQueue    Status = 0x00000014
	StatusInvServiceType  Status = 0x00000015
	StatusInvEsmClass     Status = 0x00000043
	StatusSubmitFailed    Status = 0x00000045
	StatusInvSourceTON    Status = 0x00000048
	StatusInvSourceNPI    Status = 0x00000049
	StatusInvDestTON      Status = 0x00000050
	StatusInvDestNPI      Status = 0x00000051
	StatusInvSystemType   Status = 0x00000053
	StatusThrottled       Status = 0x00000058
	StatusInvSchedule     Status = 0x00000061
	StatusInvExpiry       Status = 0x00000062
	StatusReceiverTemp    Status = 0x00000064
	StatusReceiverPerm    Status = 0x00000065
	StatusReceiverReject  Status = 0x00000066
	StatusDeliveryFailure Status = 0x000000FE
	StatusUnknown         Status = 0x000000FF
)

// Code returns the status as it stands in outcomes: "0x0000000b".
func (s Status) Code() string {
	const digits = "0123456789abcdef"
	b := [10]byte{'0', 'x'}
	for i := range 8 {
		b[2+i] = digits[s>>(28-4*i)&0xf]
	}
	return string(b[:])
}

// String returns the code and, where the specification has one, its meaning.
func (s Status) String() string {
	if t := s.text(); t != "" {
		return fmt.Sprintf("%s %s", s.Code(), t)
	}
	return s.Code()
}

func (s Status) text() string {
	switch s {
	case StatusOK:
		return "No Error"
	case StatusInvMsgLen:
		return "Message Length is invalid"
	case StatusInvCmdLen:
		return "Command Length is invalid"
	case StatusInvCmdID:
		return "Invalid Command ID"
	case StatusInvBindStatus:
		return "Incorrect BIND Status for given command"
	case StatusAlreadyBound:
		return "ESME Already in Bound State"
	case StatusSystemError:
		return "System Error"
	case StatusInvSource:
		return "Invalid Source Address"
	case StatusInvDest:
		return "Invalid Dest Addr"
	case StatusInvMessageID:
		return "Message ID is invalid"
	case StatusBindFailed:
		return "Bind Failed"
	case StatusInvPassword:
		return "Invalid Password"
	case StatusInvSystemID:
		return "Invalid System ID"
	case StatusMessageQueue:
		return "Message Queue Full"
	case StatusInvServiceType:
		return "Invalid Service Type"
	}
	return s.laterText()
}

func (s Status) laterText() string {
	switch s {
	case StatusInvEsmClass:
		return "Invalid esm_class field data"
	case StatusSubmitFailed:
		return "submit_sm or submit_multi failed"
	case StatusInvSourceTON:
		return "Invalid Source address TON"
	case StatusInvSourceNPI:
		return "Invalid Source address NPI"
	case StatusInvDestTON:
		return "Invalid Destination address TON"
	case StatusInvDestNPI:
		return "Invalid Destination address NPI"
	case StatusInvSystemType:
		return "Invalid system_type field"
	case StatusThrottled:
		return "Throttling error (ESME has exceeded allowed message limits)"
	case StatusInvSchedule:
		return "Invalid Scheduled Delivery Time"
	case StatusInvExpiry:
		return "Invalid message validity period (Expiry time)"
	case StatusReceiverTemp:
		return "ESME Receiver Temporary App Error Code"
	case StatusReceiverPerm:
		return "ESME Receiver Permanent App Error Code"
	case StatusReceiverReject:
		return "ESME Receiver Reject Message Error Code"
	case StatusDeliveryFailure:
		return "Delivery Failure"
	case StatusUnknown:
		return "Unknown Error"
	}
	return ""
}
