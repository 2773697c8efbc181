package alert

// What was done with the accounts of officers, and the use of a sealed
// envelope's code. The accounts themselves are not in the journal, and neither
// passwords, codes nor telephone numbers are in these facts. The id is the
// officer that the act is about.

// OfficerChanged says what an administrator did with an account. It is
// recorded before the account is changed, so that no change is without its
// record; that the change failed afterwards shows in the account.
type OfficerChanged struct {
	What  OfficerAct `json:"what"`
	Roles []Role     `json:"roles,omitempty"`
	Codes int        `json:"codes,omitempty"` // printed for the sealed envelope
}

// OfficerAct is one thing that is done with an account.
type OfficerAct string

const (
	OfficerInvited   OfficerAct = "invited"   // the account was made
	OfficerRoles     OfficerAct = "roles"     // other roles
	OfficerReach     OfficerAct = "reach"     // another number or openid
	OfficerReset     OfficerAct = "reset"     // another password for one sign-in
	OfficerFactor    OfficerAct = "factor"    // the second factor was taken away
	OfficerDisabled  OfficerAct = "disabled"  // the account is closed
	OfficerEnvelope  OfficerAct = "envelope"  // codes were printed
	OfficerRetokened OfficerAct = "retokened" // another API token
)

// OfficerActs lists the acts.
func OfficerActs() []OfficerAct {
	return []OfficerAct{OfficerInvited, OfficerRoles, OfficerReach, OfficerReset, OfficerFactor, OfficerDisabled, OfficerEnvelope, OfficerRetokened}
}

// ZH says it for officers; "" for an unknown act.
func (a OfficerAct) ZH() string {
	return map[OfficerAct]string{
		OfficerInvited: "新建账号", OfficerRoles: "调整岗位", OfficerReach: "修改联系方式", OfficerReset: "重置密码",
		OfficerFactor: "解除动态验证码", OfficerDisabled: "停用账号", OfficerEnvelope: "打印密封信封", OfficerRetokened: "更换接口令牌",
	}[a]
}

// EnvelopeUsed says that the officer signed with a code of the sealed envelope.
type EnvelopeUsed struct {
	Left int `json:"left"` // codes that are unused
}

// EnvelopeSeen says that an administrator looked into it.
type EnvelopeSeen struct{}

// FactName implements [Fact].
func (OfficerChanged) FactName() (string, string) { return "officer", "changed" }

// FactName implements [Fact].
func (EnvelopeUsed) FactName() (string, string) { return "officer", "envelope-used" }

// FactName implements [Fact].
func (EnvelopeSeen) FactName() (string, string) { return "officer", "envelope-seen" }

// EnvelopeAlarm is the use of an officer's envelope that no administrator has
// looked into yet.
type EnvelopeAlarm struct {
	Used  []Decision // oldest first
	Left  int
	First uint64 // sequence of the first use, to tell alarms apart
}

func officerFact(e *Event) (Fact, error) {
	switch e.Kind + "." + e.Type {
	case "officer.changed":
		return decodeFact[OfficerChanged](e)
	case "officer.envelope-used":
		return decodeFact[EnvelopeUsed](e)
	case "officer.envelope-seen":
		return decodeFact[EnvelopeSeen](e)
	}
	return clerkFact(e)
}

func (s *deskState) applyOfficer(e *Event, f Fact, d Decision) {
	switch f := f.(type) {
	case EnvelopeUsed:
		a := EnvelopeAlarm{First: e.Seq}
		if old := s.Envelopes[e.ID]; old != nil {
			a.Used, a.First = old.Used[:len(old.Used):len(old.Used)], old.First
		}
		a.Used, a.Left = append(a.Used, d), f.Left
		s.Envelopes[e.ID] = &a
	case EnvelopeSeen:
		delete(s.Envelopes, e.ID)
	}
}
