package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"mingluo/internal/alert"
)

// The second factor is asked for again at every signature, because a screen
// that somebody left open is not a person (OWASP ASVS 7.5.3). It is a code of
// an authenticator app (RFC 6238: SHA-1, 6 digits, 30 s, one step to either
// side), or one of the sealed envelope's codes in the duty room, which is for
// the night on which the telephone is flat.

// factor is what an account keeps of it, sealed with the rest.
type factor struct {
	Secret    string     `json:"secret,omitempty"`  // base32; "" when there is none
	Pending   string     `json:"pending,omitempty"` // shown, not yet confirmed by a first code
	Step      int64      `json:"step,omitempty"`    // the newest step used: a code works once
	Envelopes []envelope `json:"envelopes,omitempty"`
}

// envelope is one printed code. It has 80 random bits, so a fast hash will do.
type envelope struct {
	Sum  string    `json:"sum"`
	Made time.Time `json:"made"`
	Used time.Time `json:"used,omitzero"`
}

// ErrFactor: the code is wrong, was used before, or there is no second factor.
var ErrFactor = errors.New("the second factor does not match")

const (
	factorIssuer = "Mingluo"
	factorStep   = 30 * time.Second
	maxEnvelopes = 20
)

func factorOptions() totp.ValidateOpts {
	return totp.ValidateOpts{Period: uint(factorStep / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
}

// BeginFactor makes a new secret for the officer's app. It counts only after
// [Accounts.ConfirmFactor].
func (a *Accounts) BeginFactor(ctx context.Context, id string) (secret string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: factorIssuer, AccountName: id, Period: uint(factorStep / time.Second)})
	if err != nil {
		return "", fmt.Errorf("make a second factor for %s: %w", id, err)
	}
	return key.Secret(), a.amend(ctx, id, func(s *secrets) error { s.Factor.Pending = key.Secret(); return nil })
}

// FactorPicture draws the secret that waits for its first code, as a QR
// picture (PNG) for the app; alert.ErrNotFound when none waits.
func (a *Accounts) FactorPicture(ctx context.Context, id string) (secret string, picture []byte, err error) {
	s, err := a.load(ctx, id)
	if err != nil {
		return "", nil, err
	}
	if s.Factor.Pending == "" {
		return "", nil, fmt.Errorf("second factor of %s: %w", id, alert.ErrNotFound)
	}
	address := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + factorIssuer + ":" + id, RawQuery: url.Values{"secret": {s.Factor.Pending}, "issuer": {factorIssuer}}.Encode()}
	key, err := otp.NewKeyFromURL(address.String())
	if err != nil {
		return "", nil, fmt.Errorf("draw the second factor of %s: %w", id, err)
	}
	img, err := key.Image(240, 240)
	if err != nil {
		return "", nil, fmt.Errorf("draw the second factor of %s: %w", id, err)
	}
	var b bytes.Buffer
	err = png.Encode(&b, img)
	return s.Factor.Pending, b.Bytes(), err
}

// ConfirmFactor puts the newest secret into force once a code of it was typed.
func (a *Accounts) ConfirmFactor(ctx context.Context, id, code string) error {
	return a.amend(ctx, id, func(s *secrets) error {
		step, ok := matches(s.Factor.Pending, code, a.now())
		if s.Factor.Pending == "" || !ok {
			return ErrFactor
		}
		s.Factor.Secret, s.Factor.Pending, s.Factor.Step = s.Factor.Pending, "", step
		return nil
	})
}

// DropFactor takes the app's secret away, for a lost telephone. It ends the
// officer's sessions.
func (a *Accounts) DropFactor(ctx context.Context, id string) error {
	return a.change(ctx, id, func(s *secrets) { s.Factor.Secret, s.Factor.Pending = "", "" })
}

// HasFactor reports whether the officer has an app in force, and how many
// envelope codes are unused.
func (a *Accounts) HasFactor(ctx context.Context, id string) (app bool, envelopes int, err error) {
	s, err := a.load(ctx, id)
	for _, e := range s.Factor.Envelopes {
		if e.Used.IsZero() {
			envelopes++
		}
	}
	return s.Factor.Secret != "", envelopes, err
}

func envelopeCount(n int) error {
	if n < 1 || n > maxEnvelopes {
		return &alert.Problem{Kind: alert.Invalid, Field: "count", ZH: fmt.Sprintf("一次打印 1 到 %d 个。", maxEnvelopes), EN: fmt.Sprintf("1 to %d codes at a time.", maxEnvelopes)}
	}
	return nil
}

// FillEnvelope makes n one-time codes for the officer's sealed envelope; the
// old ones are void. They are returned once and kept as hashes only.
func (a *Accounts) FillEnvelope(ctx context.Context, id string, n int) (codes []string, err error) {
	if err := envelopeCount(n); err != nil {
		return nil, err
	}
	var kept []envelope
	for range n {
		code := NewPassword()
		codes = append(codes, code)
		kept = append(kept, envelope{Sum: envelopeSum(code), Made: a.now().UTC()})
	}
	return codes, a.amend(ctx, id, func(s *secrets) error { s.Factor.Envelopes = kept; return nil })
}

// UseFactor checks a code and uses it up: the same code never works twice, on
// whatever machine. sealed reports that it came from the envelope.
func (a *Accounts) UseFactor(ctx context.Context, id, code string) (sealed bool, err error) {
	code = strings.ToLower(strings.Join(strings.Fields(code), ""))
	err = a.amend(ctx, id, func(s *secrets) error {
		if step, ok := matches(s.Factor.Secret, code, a.now()); ok && step > s.Factor.Step {
			s.Factor.Step, sealed = step, false
			return nil
		}
		sum := envelopeSum(code)
		for i, e := range s.Factor.Envelopes {
			if e.Sum == sum && e.Used.IsZero() {
				s.Factor.Envelopes[i].Used, sealed = a.now().UTC(), true
				return nil
			}
		}
		return ErrFactor
	})
	return sealed, err
}

// matches returns the step whose code this is, one step either side of now.
func matches(secret, code string, now time.Time) (step int64, ok bool) {
	if secret == "" || len(code) != 6 {
		return 0, false
	}
	for _, off := range []int64{0, -1, 1} {
		at := now.Add(time.Duration(off) * factorStep)
		if good, err := totp.ValidateCustom(code, secret, at, factorOptions()); err == nil && good {
			return at.Unix() / int64(factorStep/time.Second), true
		}
	}
	return 0, false
}

func envelopeSum(code string) string {
	h := sha256.Sum256([]byte("envelope\x00" + strings.ReplaceAll(code, "-", "")))
	return hex.EncodeToString(h[:])
}

// amend changes an account without ending its sessions, and again when another
// machine changed it at the same moment.
func (a *Accounts) amend(ctx context.Context, id string, f func(*secrets) error) error {
	for try := 1; ; try++ {
		s, err := a.load(ctx, id)
		if err != nil {
			return err
		}
		if err := f(&s); err != nil {
			return err
		}
		s.Changed = a.now().UTC()
		err = a.save(ctx, &s)
		if ps := alert.AsProblems(err); ps == nil || ps[0].Kind != alert.Conflict || try == 5 {
			return err
		}
	}
}
