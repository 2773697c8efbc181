package console

import (
	"net/http"

	"mingluo/internal/alert"
)

type officerList struct {
	Officers []officerLine `json:"officers"`
}

// invitation is a new account.
type invitation struct {
	alert.Officer
	Factor string `json:"factor,omitempty"` // a fresh code of the second factor
}

// ownReach is where an officer wants to be called.
type ownReach struct {
	Phone  string `json:"phone"`
	WeChat string `json:"wechat"`
}

// apiOfficers lists the accounts, for administrators.
func (c *Console) apiOfficers(r *apiRequest) (int, any, error) {
	if !r.Who.Has(alert.RoleAdmin) {
		return 0, nil, errAdminOnly
	}
	lines, err := c.Accounts.lines(r.Context())
	return http.StatusOK, officerList{lines}, err
}

func (c *Console) apiInvite(r *apiRequest) (int, any, error) {
	var in invitation
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	if err := c.freshToManage(r.Context(), r.Who, nil, in.Factor); err != nil {
		return 0, nil, err
	}
	d, err := c.manage(r.Context(), r.Who, "invite", in.ID, officerAct{Officer: in.Officer})
	return http.StatusCreated, d, err
}

func (c *Console) apiOfficerAct(r *apiRequest) (int, any, error) {
	var in officerAct
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	if r.PathValue("act") == "invite" {
		return 0, nil, errNoAct
	}
	if err := c.freshToManage(r.Context(), r.Who, nil, in.Factor); err != nil {
		return 0, nil, err
	}
	d, err := c.manage(r.Context(), r.Who, r.PathValue("act"), r.PathValue("officer"), in)
	return http.StatusOK, d, err
}

// apiOwnReach sets where the caller is called.
func (c *Console) apiOwnReach(r *apiRequest) (int, any, error) {
	var in ownReach
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, in, c.ownReach(r.Context(), r.Who, in.Phone, in.WeChat)
}
