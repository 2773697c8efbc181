package alert

// Role is what an officer may do. One person may hold several; R1 is about
// persons, not roles.
type Role string

const (
	RoleWriter   Role = "writer"   // 信息员: drafts, submits
	RoleReviewer Role = "reviewer" // 保密审查
	RoleApprover Role = "approver" // 签发: approves, releases
	RoleAdmin    Role = "admin"    // 管理
	RoleAuditor  Role = "auditor"  // 审计: reads everything, changes nothing
)

// ZH returns the role's name.
func (r Role) ZH() string {
	return map[Role]string{RoleWriter: "信息员", RoleReviewer: "保密审查", RoleApprover: "签发", RoleAdmin: "管理", RoleAuditor: "审计"}[r]
}

// Officer is a person at the desk.
type Officer struct {
	ID    string `json:"id"` // lower-case letters and digits, stands in events
	Name  string `json:"name"`
	Roles []Role `json:"roles"`
	Phone string `json:"phone,omitempty"` // to be called when something waits
	// WeChat is the officer's openid with the bureau's account, for the same.
	WeChat string `json:"wechat,omitempty"`
}

// Has reports whether the officer holds the role.
func (o *Officer) Has(r Role) bool {
	for _, x := range o.Roles {
		if x == r {
			return true
		}
	}
	return false
}

// Actor is an officer in a signed-in session; the session, not the person,
// says whether an act is live or a drill (R4).
type Actor struct {
	Officer
	Mode Mode
}
