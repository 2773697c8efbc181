package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Accounts keeps the officers: who they are, what they may do, how they prove
// it. Nothing is cached: every question is answered from the record, so a role
// taken away on one machine is gone on all of them with the next request.
//
// A record is sealed with AES-256-GCM before it leaves the process. It holds
// an argon2id hash of the password and the SHA-256 of the API token (which has
// 256 random bits, so a slow hash would protect nothing).
type Accounts struct {
	store Store
	seal  sealer
	cost  Argon
	decoy string        // a hash nobody knows the password of
	slots chan struct{} // passwords being hashed at one time
	now   func() time.Time
}

// Account is an officer with what the console has to know besides.
type Account struct {
	alert.Officer
	Disabled   bool      `json:"disabled,omitempty"`
	OneTime    bool      `json:"one_time,omitempty"` // the password is for one sign-in, to choose another
	Generation int       `json:"generation"`         // grows with every change that must end sessions
	Created    time.Time `json:"created"`
	Changed    time.Time `json:"changed"`
}

// secrets is an account as it is sealed.
type secrets struct {
	V int `json:"v"`
	Account
	Password string     `json:"password"` // argon2id in PHC form, its parameters with it
	Token    string     `json:"token"`    // hex SHA-256 of the API token; "" for none
	Factor   factor     `json:"factor"`
	Calls    []callLink `json:"calls,omitempty"`
	seq      uint64
}

// ErrSignIn is the one answer to a wrong name and to a wrong password.
var ErrSignIn = errors.New("no such officer or wrong password")

// hashing is how many passwords are hashed at one time: each takes cost.MemoryKiB.
const hashing = 2

// NewAccounts opens the accounts. key is 32 bytes and is kept apart from the
// record. The zero cost means [StandardArgon].
func NewAccounts(store Store, key []byte, cost Argon) (*Accounts, error) {
	s, err := newSealer(key)
	if err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	if cost == (Argon{}) {
		cost = StandardArgon
	}
	return &Accounts{store: store, seal: s, cost: cost, decoy: cost.hash(rand.Text()), slots: make(chan struct{}, hashing), now: time.Now}, nil
}

// NewPassword makes a password of 16 letters and digits (79 bits) in four
// groups, without characters that look alike. It is how every password begins:
// there is no default one (R18).
func NewPassword() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	var b strings.Builder
	for _, x := range randomBytes(64) { // more than enough once the biased ones are left out
		if b.Len() == 19 {
			break
		}
		if int(x) >= 256/len(letters)*len(letters) {
			continue
		}
		if b.Len()%5 == 4 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[int(x)%len(letters)])
	}
	return b.String()
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// Create adds an officer and returns the API token, which is kept nowhere. It
// is alert.Conflict when the id is taken.
func (a *Accounts) Create(ctx context.Context, o alert.Officer, password string) (token string, err error) {
	if err := errors.Join(CheckOfficer(o), reachable(&o)); err != nil {
		return "", err
	}
	if len([]rune(password)) < minPassword {
		return "", &alert.Problem{Kind: alert.Invalid, Field: "password", ZH: fmt.Sprintf("密码至少%d个字符。", minPassword), EN: fmt.Sprintf("A password has at least %d characters.", minPassword)}
	}
	now := a.now().UTC()
	token, sum := newToken(o.ID)
	s := secrets{V: 1, Account: Account{Officer: o, Generation: 1, Created: now, Changed: now}, Password: a.cost.hash(password), Token: sum}
	if old, err := a.load(ctx, o.ID); err == nil || !errors.Is(err, alert.ErrNotFound) {
		if err == nil {
			err = &alert.Problem{Kind: alert.Conflict, Field: "id", ZH: "已经有这个账号：" + o.ID, EN: "There is such an account: " + o.ID}
		}
		return "", err
	} else {
		s.seq = old.seq // a dropped account leaves a tombstone with a sequence
	}
	return token, a.save(ctx, &s)
}

// minPassword is NIST SP 800-63B's and OWASP ASVS 6.2.1's length for passwords.
const minPassword = 15

// CheckOfficer says what is wrong with an id, a name or roles.
func CheckOfficer(o alert.Officer) error {
	bad := func(field, zh, en string) error {
		return &alert.Problem{Kind: alert.Invalid, Field: field, ZH: zh, EN: en}
	}
	if !officerID(o.ID) {
		return bad("id", "账号只能用小写字母和数字，最多32个。", "An account's id is 1 to 32 lower-case letters and digits.")
	}
	if _, unsafe := alert.UnsafeRune(o.Name); unsafe || o.Name == "" || len([]rune(o.Name)) > 40 {
		return bad("name", "请写明姓名，最多40字。", "Give the name, at most 40 characters.")
	}
	if len(o.Roles) == 0 {
		return bad("roles", "至少一个角色。", "At least one role.")
	}
	for _, r := range o.Roles {
		if r.ZH() == "" {
			return bad("roles", "没有这个角色："+string(r), "No such role: "+string(r))
		}
	}
	return apart(o.Roles)
}

func officerID(id string) bool {
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return id != "" && len(id) <= 32
}

// newToken returns "ml_<officer>_<256 random bits>" and what is stored of it.
// The officer's id in it finds the account without an index of tokens.
func newToken(officer string) (token, sum string) {
	token = "ml_" + officer + "_" + base64.RawURLEncoding.EncodeToString(randomBytes(32))
	return token, tokenSum(token)
}

func tokenSum(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// Authenticate returns the officer with this id and password, else [ErrSignIn].
// It takes the same time for an id that does not exist, because it hashes the
// password all the same, and waits rather than hash more than two at once.
func (a *Accounts) Authenticate(ctx context.Context, id, password string) (Account, error) {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return Account{}, fmt.Errorf("sign in %s: %w", id, ctx.Err())
	}
	hash, known := a.decoy, false
	s, err := a.load(ctx, id)
	switch {
	case err == nil:
		hash, known = s.Password, !s.Disabled
	case !errors.Is(err, alert.ErrNotFound):
		return Account{}, err
	}
	if ok := verify(hash, password); !ok || !known {
		return Account{}, ErrSignIn
	}
	return s.Account, nil
}

// ByToken returns the officer whose API token this is, else [ErrSignIn].
func (a *Accounts) ByToken(ctx context.Context, token string) (Account, error) {
	_, rest, ok := strings.Cut(token, "ml_")
	id, _, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 || len(token) > 128 {
		return Account{}, ErrSignIn
	}
	s, err := a.load(ctx, id)
	if errors.Is(err, alert.ErrNotFound) {
		return Account{}, ErrSignIn
	}
	if err != nil {
		return Account{}, err
	}
	if s.Disabled || s.Token == "" || subtle.ConstantTimeCompare([]byte(tokenSum(token)), []byte(s.Token)) != 1 {
		return Account{}, ErrSignIn
	}
	return s.Account, nil
}

// Get returns an account; alert.ErrNotFound when there is none.
func (a *Accounts) Get(ctx context.Context, id string) (Account, error) {
	s, err := a.load(ctx, id)
	return s.Account, err
}

// Known reports whether there is such an account.
func (a *Accounts) Known(ctx context.Context, id string) bool {
	_, err := a.load(ctx, id)
	return err == nil
}

// List returns every account, by id.
func (a *Accounts) List(ctx context.Context) ([]Account, error) {
	newest := map[string]Account{}
	_, err := a.store.Scan(ctx, alert.StreamAccounts, "account.>", 1, func(r alert.Record) error {
		if r.Deleted {
			delete(newest, r.Subject)
			return nil
		}
		s, err := a.open(r)
		newest[r.Subject] = s.Account
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	var out []Account
	for _, acc := range newest {
		out = append(out, acc)
	}
	slices.SortFunc(out, func(x, y Account) int { return strings.Compare(x.ID, y.ID) })
	return out, nil
}

// Disable ends an account: no sign-in, no token, and every open session ends
// with its next request. It stays in the record, for the trail's sake.
func (a *Accounts) Disable(ctx context.Context, id string) error {
	return a.change(ctx, id, func(s *secrets) { s.Disabled = true })
}

// SetRoles gives other roles; the officer has to sign in again.
func (a *Accounts) SetRoles(ctx context.Context, id string, roles []alert.Role) error {
	return a.change(ctx, id, func(s *secrets) { s.Roles = slices.Clone(roles) })
}

// SetPassword replaces the password and ends the officer's sessions.
func (a *Accounts) SetPassword(ctx context.Context, id, password string) error {
	if len([]rune(password)) < minPassword {
		return &alert.Problem{Kind: alert.Invalid, Field: "password", ZH: fmt.Sprintf("密码至少%d个字符。", minPassword), EN: fmt.Sprintf("A password has at least %d characters.", minPassword)}
	}
	hash := a.cost.hash(password)
	return a.change(ctx, id, func(s *secrets) { s.Password, s.Disabled = hash, false })
}

// RenewToken makes a new API token; the old one is dead.
func (a *Accounts) RenewToken(ctx context.Context, id string) (token string, err error) {
	token, sum := newToken(id)
	return token, a.change(ctx, id, func(s *secrets) { s.Token = sum })
}

func (a *Accounts) change(ctx context.Context, id string, f func(*secrets)) error {
	s, err := a.load(ctx, id)
	if err != nil {
		return err
	}
	f(&s)
	if err := CheckOfficer(s.Officer); err != nil {
		return err
	}
	s.Generation++
	s.Changed = a.now().UTC()
	return a.save(ctx, &s)
}

func (a *Accounts) load(ctx context.Context, id string) (secrets, error) {
	if !officerID(id) {
		return secrets{}, fmt.Errorf("account %q: %w", id, alert.ErrNotFound)
	}
	r, err := a.store.Get(ctx, "account."+id)
	if err != nil {
		return secrets{seq: r.Seq}, fmt.Errorf("read account %s: %w", id, err)
	}
	return a.open(r)
}

func (a *Accounts) open(r alert.Record) (secrets, error) {
	s := secrets{}
	plain, err := a.seal.open(r.Subject, r.Data)
	if err == nil {
		err = json.Unmarshal(plain, &s)
	}
	if err != nil {
		return secrets{}, fmt.Errorf("read %s: %w", r.Subject, err)
	}
	s.seq = r.Seq
	return s, nil
}

func (a *Accounts) save(ctx context.Context, s *secrets) error {
	plain, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode account %s: %w", s.ID, err)
	}
	subject := "account." + s.ID
	_, err = a.store.Put(ctx, alert.Put{Subject: subject, Data: a.seal.close(subject, plain), ExpectSubject: &s.seq})
	if errors.Is(err, alert.ErrStale) {
		return &alert.Problem{Kind: alert.Conflict, ZH: "别人刚刚改过这个账号，请再看一遍。", EN: "Somebody else has just changed this account: look again."}
	}
	if err != nil {
		return fmt.Errorf("save account %s: %w", s.ID, err)
	}
	return nil
}
