package link

// Kind is what a PDU is to the engine.
type Kind uint8

const (
	Unknown      Kind = iota // a command that the protocol does not know: replied to with [NotUnderstood]
	Damaged                  // framed correctly, but its fields are not: replied to with [Never]
	Answered                 // the carrier's answer to a submission
	LoggedIn                 // its answer to the login, with Status 0 when it let us in
	LoggedOut                // its answer to the logout
	Heartbeat                // it asks whether we live: replied to with [Done]
	Logout                   // it wants to end the connection: replied to with [Done]
	Incoming                 // a receipt or a person's message: replied to when it is on record
	Acknowledged             // an answer that needs nothing more: to a heartbeat
)

// PDU is one protocol data unit, taken apart as far as the engine needs it.
type PDU struct {
	Kind      Kind
	Command   uint32 // the protocol's number
	Sequence  uint32
	Status    uint32 // answers: 0 is yes
	MessageID []byte // of an accepted submission, or of an incoming message; a view into the PDU
}

// Reply is what the engine says to a PDU of the carrier's.
type Reply uint8

const (
	Done          Reply = iota // taken; the carrier may forget it
	Later                      // not now: send it again
	Never                      // it cannot be taken, now or later
	NotUnderstood              // no such command
)

// Protocol is one side of a carrier's protocol: the application's. Its methods
// are called from several goroutines.
type Protocol interface {
	// Length returns the whole length of the PDU whose first four bytes are
	// head, at most 64 KiB; an error ends the connection.
	Length(head []byte) (int, error)
	// Parse takes a whole PDU apart. It never fails: what cannot be read is
	// Unknown or Damaged.
	Parse(pdu []byte) PDU
	// AppendLogin appends the sign-in.
	AppendLogin(dst []byte, seq uint32) ([]byte, error)
	// LoginRefused explains the status of a sign-in that was not let in.
	LoginRefused(status uint32) *Refused
	AppendHeartbeat(dst []byte, seq uint32) []byte
	AppendLogout(dst []byte, seq uint32) []byte
	// AppendReply appends the reply to a PDU of the carrier's, or nothing where
	// the protocol has none.
	AppendReply(dst []byte, to PDU, r Reply) []byte
}

// Submission is one question to the carrier: one part of one message.
type Submission interface {
	// AppendPDU appends the PDU with this sequence number. An error is returned
	// by Submit, and nothing is sent.
	AppendPDU(dst []byte, seq uint32) ([]byte, error)
	// Done takes the answer, exactly once. It is called from the goroutine that
	// reads the connection and must not block.
	Done(a Answer)
}

// Answer is what came of a submission. With Err set no answer came, and Err is
// [ErrLost], [ErrTimeout] or [ErrUnsent]. MessageID is valid only during
// [Submission.Done].
type Answer struct {
	Status    uint32
	MessageID []byte
	Err       error
}
