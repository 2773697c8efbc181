package console

import (
	"net/http"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// apart keeps the offices separate that 等保 level three wants to be three
// people's (GB/T 22239-2019 8.1.5): who makes accounts does not sign notices,
// who audits does nothing that could be audited.
func apart(roles []alert.Role) error {
	bad := func(zh, en string) error {
		return &alert.Problem{Kind: alert.Invalid, Field: "roles", ZH: zh, EN: en}
	}
	has := func(r alert.Role) bool { return slices.Contains(roles, r) }
	switch {
	case has(alert.RoleAuditor) && len(roles) > 1:
		return bad("审计只能由不做其他事的人担任：请另立账号或去掉别的角色。", "An auditor holds no other role: take the others away, or name somebody else.")
	case has(alert.RoleAdmin) && (has(alert.RoleApprover) || has(alert.RoleReviewer)):
		return bad("管理员不能同时签发或审查：请由另一个人担任。", "An administrator neither approves nor reviews: name somebody else.")
	}
	return nil
}

var errAuditorReads = &alert.Problem{Kind: alert.Forbidden, ZH: "审计员只看，不能做任何改动。", EN: "An auditor reads and changes nothing."}

// onlyReads refuses every act of an auditor but those on the own account.
func onlyReads(who alert.Actor, r *http.Request) error {
	if !who.Has(alert.RoleAuditor) || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	own := strings.TrimPrefix(r.URL.Path, base(who.ID))
	if own == "/signout" || strings.HasPrefix(own, "/account/") {
		return nil
	}
	return errAuditorReads
}

// Audits reports whether the officer may read the audit.
func (s *seat) Audits() bool { return s.Can(alert.RoleAuditor) }

func mayAudit(who alert.Actor) error {
	if who.Has(alert.RoleAuditor) {
		return nil
	}
	return &alert.Problem{Kind: alert.Forbidden, ZH: "只有审计员可以看审计记录。", EN: "Only auditors read the audit."}
}
