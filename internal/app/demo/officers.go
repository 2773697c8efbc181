package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"mingluo/internal/alert"
	"mingluo/internal/console"
	"mingluo/internal/roll"
)

// Officer is one of the demo's people with the ways to sign in. They are made
// at the start and kept in officers.json, which only its owner can read.
type Officer struct {
	alert.Officer
	Password string `json:"password"`
	Token    string `json:"token"`  // Authorization: Bearer … for /api/v1
	SignIn   string `json:"signin"` // one click, in the demo only
}

func staff() []alert.Officer {
	return []alert.Officer{
		{ID: "chen", Name: "陈晓岚", Roles: []alert.Role{alert.RoleWriter}, Phone: roll.SamplePhonePrefix + "90000001"},
		{ID: "li", Name: "李志强", Roles: []alert.Role{alert.RoleReviewer, alert.RoleApprover}, Phone: roll.SamplePhonePrefix + "90000002", WeChat: roll.SampleOpenIDPrefix + "officer-li"},
		{ID: "wang", Name: "王海燕", Roles: []alert.Role{alert.RoleWriter, alert.RoleReviewer, alert.RoleApprover}, Phone: roll.SamplePhonePrefix + "90000003", WeChat: roll.SampleOpenIDPrefix + "officer-wang"},
		{ID: "sun", Name: "孙敏", Roles: []alert.Role{alert.RoleAdmin}},
	}
}

// words are the secret words of the one-click links, officer to word.
type words map[string]string

func newWords() words {
	w := words{}
	for _, o := range staff() {
		w[o.ID] = rand.Text()
	}
	return w
}

func (w words) links() map[string]string {
	out := map[string]string{}
	for officer, word := range w {
		out[word] = officer
	}
	return out
}

// seatOfficers makes the accounts at the first start and brings back their
// passwords at later ones. There is no default password (R18): they are random.
func seatOfficers(ctx context.Context, accounts *console.Accounts, path string, w words, consoleURL string) ([]Officer, error) {
	known, err := readOfficers(path)
	if err != nil {
		return nil, err
	}
	var out []Officer
	for _, o := range staff() {
		seat, err := seatOne(ctx, accounts, o, known[o.ID])
		if err != nil {
			return nil, fmt.Errorf("account of %s: %w", o.ID, err)
		}
		seat.SignIn = consoleURL + "/demo/signin/" + w[o.ID]
		out = append(out, seat)
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("keep the sign-ins: %w", err)
	}
	return out, nil
}

func readOfficers(path string) (map[string]Officer, error) {
	out := map[string]Officer{}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the sign-ins: %w", err)
	}
	var list []Officer
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("read the sign-ins in %s: %w", path, err)
	}
	for _, o := range list {
		out[o.ID] = o
	}
	return out, nil
}

// seatOne uses the account that is there, makes it, or gives it a new password
// and token when the file with the old ones was lost.
func seatOne(ctx context.Context, accounts *console.Accounts, o alert.Officer, known Officer) (Officer, error) {
	_, err := accounts.Get(ctx, o.ID)
	switch {
	case errors.Is(err, alert.ErrNotFound):
		password := console.NewPassword()
		// Where they are called is set with the roster, see fillRoster.
		token, err := accounts.Create(ctx, alert.Officer{ID: o.ID, Name: o.Name, Roles: o.Roles}, password)
		return Officer{Officer: o, Password: password, Token: token}, err
	case err != nil:
		return Officer{}, err
	case known.Password != "" && known.Token != "":
		known.Officer = o
		return known, nil
	}
	password := console.NewPassword()
	if err := accounts.SetPassword(ctx, o.ID, password); err != nil {
		return Officer{}, err
	}
	token, err := accounts.RenewToken(ctx, o.ID)
	return Officer{Officer: o, Password: password, Token: token}, err
}

// As returns an officer as an actor, in the drill.
func (d *Demo) As(id string) alert.Actor {
	for _, o := range d.Officers {
		if o.ID == id {
			return alert.Actor{Officer: o.Officer, Mode: cmp.Or(d.mode, alert.Drill)}
		}
	}
	return alert.Actor{}
}
