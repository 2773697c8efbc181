package app

import (
	"context"
	"net/http"
	"slices"

	"mingluo/internal/alert"
	"mingluo/internal/console"
)

// officerRoutes are the accounts for commands. They are the way in on the first
// day and after the last administrator forgot the password, so they need no
// sign-in; who may open the socket may read the keys beside it.
func (a *App) officerRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /officers", func(w http.ResponseWriter, r *http.Request) {
		list, err := a.Accounts.List(r.Context())
		answerAdmin(w, list, err)
	})
	mux.HandleFunc("POST /officers", func(w http.ResponseWriter, r *http.Request) {
		var o alert.Officer
		if readAdmin(w, r, &o) {
			password, err := a.Accounts.Invite(r.Context(), o)
			a.machineAct("officers.new", o.ID, err)
			a.answerPassword(w, "an account was made", o.ID, password, err)
		}
	})
	mux.HandleFunc("POST /officers/{id}/reset", func(w http.ResponseWriter, r *http.Request) {
		password, err := a.Accounts.Reset(r.Context(), r.PathValue("id"))
		a.machineAct("officers.reset", r.PathValue("id"), err)
		a.answerPassword(w, "a password was reset", r.PathValue("id"), password, err)
	})
	mux.HandleFunc("POST /officers/{id}/roles", func(w http.ResponseWriter, r *http.Request) {
		var roles []alert.Role
		if readAdmin(w, r, &roles) {
			a.log.Info("an account's roles are set", "officer", r.PathValue("id"), "roles", roles)
			err := a.Accounts.SetRoles(r.Context(), r.PathValue("id"), roles)
			a.machineAct("officers.roles", r.PathValue("id"), err)
			answerAdmin(w, nil, err)
		}
	})
	mux.HandleFunc("POST /officers/{id}/reach", func(w http.ResponseWriter, r *http.Request) {
		var o alert.Officer
		if readAdmin(w, r, &o) {
			a.log.Info("where an officer is called is set", "officer", r.PathValue("id"))
			answerAdmin(w, nil, a.Accounts.SetReach(r.Context(), r.PathValue("id"), o.Phone, o.WeChat))
		}
	})
	mux.HandleFunc("POST /officers/{id}/disable", func(w http.ResponseWriter, r *http.Request) {
		a.log.Info("an account is disabled", "officer", r.PathValue("id"))
		err := a.Accounts.Disable(r.Context(), r.PathValue("id"))
		a.machineAct("officers.disable", r.PathValue("id"), err)
		answerAdmin(w, nil, err)
	})
}

// CheckOfficer says what is wrong with an officer's id, name or roles, before an
// account is made.
func CheckOfficer(o alert.Officer) error { return console.CheckOfficer(o) }

// onceOnly is a password that is told once.
type onceOnly struct{ Password string }

func (a *App) answerPassword(w http.ResponseWriter, what, id, password string, err error) {
	if err == nil {
		a.log.Info(what, "officer", id)
	}
	answerAdmin(w, onceOnly{password}, err)
}

// AddOfficer makes an account and returns the password for one sign-in.
func (o *Office) AddOfficer(ctx context.Context, who alert.Officer) (password string, err error) {
	var p onceOnly
	err = o.Ask(ctx, http.MethodPost, "/officers", who, &p)
	return p.Password, err
}

// ResetOfficer gives an account another password for one sign-in.
func (o *Office) ResetOfficer(ctx context.Context, id string) (password string, err error) {
	var p onceOnly
	err = o.Ask(ctx, http.MethodPost, "/officers/"+id+"/reset", struct{}{}, &p)
	return p.Password, err
}

// Officers lists the accounts.
func (o *Office) Officers(ctx context.Context) (list []console.Account, err error) {
	err = o.Ask(ctx, http.MethodGet, "/officers", nil, &list)
	return list, err
}

// crew is how many officers there are who can do what a release takes.
type crew struct{ writers, reviewers, approvers, admins int }

func crewOf(list []console.Account) (c crew) {
	for _, o := range list {
		if o.Disabled {
			continue
		}
		for role, n := range map[alert.Role]*int{alert.RoleWriter: &c.writers, alert.RoleReviewer: &c.reviewers, alert.RoleApprover: &c.approvers, alert.RoleAdmin: &c.admins} {
			if slices.Contains(o.Roles, role) {
				*n++
			}
		}
	}
	return c
}
