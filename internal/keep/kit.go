package keep

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Kit is the keys without which nobody on the roll can be reached and no officer
// can sign in.
type Kit struct {
	Roll     []byte // the roll's keys, packed by the roll
	Accounts []byte // 32 bytes: opens the officers' accounts
}

const accountsBytes = 32

// secret is what everything that only these keys give is made from.
func (k Kit) secret() []byte {
	h := sha256.New()
	fmt.Fprintf(h, "mingluo kit 1 %d %d\n", len(k.Accounts), len(k.Roll))
	h.Write(k.Accounts)
	h.Write(k.Roll)
	return h.Sum(nil)
}

func (k Kit) derive(what string) []byte {
	m := hmac.New(sha256.New, k.secret())
	m.Write([]byte(what))
	return m.Sum(nil)
}

// Fingerprint names the keys without telling them, in four groups of four
// hexadecimal digits. It changes with any of the keys.
func (k Kit) Fingerprint() string {
	return group(strings.ToUpper(hex.EncodeToString(k.derive("fingerprint")[:8])), "-")
}

// phraseDigits has 80 bits: nobody tries them all through a page.
const phraseDigits = 24

// Phrase is the test phrase: 24 digits in six groups, which stand on the sheet
// and nowhere else. It gives none of the keys away.
func (k Kit) Phrase() string {
	n := new(big.Int).SetBytes(k.derive("test phrase"))
	n.Mod(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(phraseDigits), nil))
	return group(fmt.Sprintf("%0*s", phraseDigits, n), " ")
}

// Knows reports whether somebody typed the test phrase: digits count, half or
// full width, and what stands between them does not.
func (k Kit) Knows(typed string) bool {
	var digits strings.Builder
	for _, r := range typed {
		if '０' <= r && r <= '９' {
			r += '0' - '０'
		}
		if '0' <= r && r <= '9' {
			digits.WriteRune(r)
		}
	}
	want := strings.ReplaceAll(k.Phrase(), " ", "")
	return subtle.ConstantTimeCompare([]byte(digits.String()), []byte(want)) == 1
}

func group(s, between string) string {
	var out strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			out.WriteString(between)
		}
		out.WriteString(s[i:min(i+4, len(s))])
	}
	return out.String()
}

// pack is the kit as the sheet holds it:
//
//	version 1 | lines 1 | accounts' key 32 | roll's keys | SHA-256 of all before, 4
func (k Kit) pack() ([]byte, error) {
	if len(k.Accounts) != accountsBytes || len(k.Roll) == 0 {
		return nil, errors.New("the kit is not whole")
	}
	n := 2 + len(k.Accounts) + len(k.Roll) + 4
	lines := (n + lineBytes - 1) / lineBytes
	if lines > maxLines {
		return nil, fmt.Errorf("keys of %d bytes are too many for a sheet", len(k.Roll))
	}
	b := append([]byte{sheetVersion, byte(lines)}, k.Accounts...)
	b = append(b, k.Roll...)
	sum := sha256.Sum256(b)
	return append(b, sum[:4]...), nil
}

var errMixed = errors.New("each line fits, but not all of them together: they are of different sheets")

func unpack(b []byte) (Kit, error) {
	if len(b) < 2+accountsBytes+4 {
		return Kit{}, errMixed
	}
	body, check := b[:len(b)-4], b[len(b)-4:]
	if sum := sha256.Sum256(body); string(sum[:4]) != string(check) {
		return Kit{}, errMixed
	}
	return Kit{Accounts: body[2 : 2+accountsBytes], Roll: body[2+accountsBytes:]}, nil
}
