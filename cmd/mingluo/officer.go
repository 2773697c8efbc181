package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/app"
)

const officerArgs = "list | add -id ID -name NAME -roles writer,reviewer,approver,admin,auditor | roles -id ID -roles … | reach -id ID -phone NUMBER -wechat OPENID | reset -id ID | disable -id ID"

// runOfficer keeps the accounts: the way in on the first day, and when the last
// administrator has forgotten the password.
func runOfficer(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return &exitError{2, errors.New("officer: want " + officerArgs)}
	}
	f := flag.NewFlagSet("officer "+args[0], flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	id := f.String("id", "", "lower-case letters and digits")
	name := f.String("name", "", "as others call the officer")
	phone := f.String("phone", "", "to be called when something waits")
	openid := f.String("wechat", "", "the officer's openid with the bureau's account, for the same")
	roles := f.String("roles", "", "separated by commas")
	if err := flags(f, args[1:]); err != nil {
		return err
	}
	who := alert.Officer{ID: *id, Name: *name, Phone: *phone, WeChat: *openid, Roles: rolesOf(*roles)}
	do := map[string]func(*app.Office) error{
		"list": func(o *app.Office) error { return listOfficers(ctx, o, out) },
		"add": func(o *app.Office) error {
			return tellPassword(out, who.ID, func() (string, error) { return o.AddOfficer(ctx, who) })
		},
		"reset": func(o *app.Office) error {
			return tellPassword(out, *id, func() (string, error) { return o.ResetOfficer(ctx, *id) })
		},
		"roles": func(o *app.Office) error {
			return o.Ask(ctx, http.MethodPost, "/officers/"+*id+"/roles", who.Roles, nil)
		},
		"reach": func(o *app.Office) error {
			return o.Ask(ctx, http.MethodPost, "/officers/"+*id+"/reach", who, nil)
		},
		"disable": func(o *app.Office) error {
			return o.Ask(ctx, http.MethodPost, "/officers/"+*id+"/disable", struct{}{}, nil)
		},
	}[args[0]]
	if do == nil || args[0] != "list" && *id == "" {
		return &exitError{2, errors.New("officer: want " + officerArgs)}
	}
	return reach(ctx, *path, func(o *app.Office, _ app.Config) error { return sentences(do(o)) })
}

func rolesOf(s string) (out []alert.Role) {
	for _, r := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		out = append(out, alert.Role(r))
	}
	return out
}

// tellPassword prints a password for one sign-in, once; nobody can ask for it
// again.
func tellPassword(out io.Writer, id string, make func() (string, error)) error {
	password, err := make()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "账号 / account  %s\n密码 / password %s\n只显示这一次；第一次登录后必须更换。 / Shown once; it has to be changed at the first sign-in.\n", id, password)
	return nil
}

func listOfficers(ctx context.Context, o *app.Office, out io.Writer) error {
	list, err := o.Officers(ctx)
	if err != nil {
		return err
	}
	for _, a := range list {
		var words []string
		for _, r := range a.Roles {
			words = append(words, r.ZH())
		}
		note := ""
		if a.OneTime {
			note = "  还没有换密码 / one-time password"
		}
		if a.Disabled {
			note = "  已停用 / disabled"
		}
		fmt.Fprintf(out, "%-12s %s  %s%s\n", a.ID, a.Name, strings.Join(words, "、"), note)
	}
	return nil
}
