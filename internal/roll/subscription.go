package roll

import (
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// The channels that have addresses.
const (
	SMS    = "sms"    // address: E.164 number, "+8613800138000"
	WeChat = "wechat" // address: openid of the official account
)

// State is where a subscription stands.
type State uint8

const (
	Active State = iota
	Left         // asked to leave; the address may be kept for retractions until KeepUntil
	Erased       // legal erasure: nothing is kept but the mark
)

var stateNames = [...]string{"active", "left", "erased"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// MarshalText writes "active", "left" or "erased".
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes; "" is active.
func (s *State) UnmarshalText(b []byte) error {
	for i, n := range stateNames {
		if string(b) == n || len(b) == 0 {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("subscription state %q: want active, left or erased", b)
}

// Subscription is one address on one channel with what its owner asked for, in
// the open. It is never stored or logged like this; [Record] is the stored form.
type Subscription struct {
	ID        alert.RecipientID `json:"-"` // set by the roll from channel and address
	Channel   string            `json:"channel"`
	Address   string            `json:"address"` // empty when it was erased or forgotten
	Areas     []string          `json:"areas"`   // division codes, district or town; never empty while active
	Groups    []string          `json:"groups,omitempty"`
	MinLevel  alert.Level       `json:"min_level,omitempty"` // NoLevel: every level
	Hazards   []alert.Hazard    `json:"hazards,omitempty"`   // empty: every hazard
	Lang      string            `json:"lang,omitempty"`      // "zh" or "en"; "" becomes zh
	Quiet     Quiet             `json:"quiet,omitzero"`
	Joined    time.Time         `json:"joined"` // to the millisecond; zero becomes now
	State     State             `json:"state,omitempty"`
	LeftAt    time.Time         `json:"left_at,omitzero"`
	KeepUntil time.Time         `json:"keep_until,omitzero"` // the address is kept for retractions until then
}

// Profile returns what the person asked for, without who it is.
func (s Subscription) Profile() Profile {
	return Profile{
		Channel: s.Channel, Lang: s.Lang, MinLevel: s.MinLevel, Quiet: s.Quiet,
		Areas: s.Areas, Groups: s.Groups, Hazards: s.Hazards,
	}
}

// Quiet is the hours in which a person does not want to be woken by yellow and
// below (W10). Minutes after midnight in China, From inclusive, To exclusive;
// From after To spans midnight. From equal to To: no quiet hours.
type Quiet struct{ From, To uint16 }

// IsZero reports whether there are no quiet hours.
func (q Quiet) IsZero() bool { return q.From == q.To }

// ParseQuiet reads "22:00-07:00"; "" is none.
func ParseQuiet(s string) (Quiet, error) {
	if s = strings.TrimSpace(s); s == "" {
		return Quiet{}, nil
	}
	from, to, ok := strings.Cut(s, "-")
	f, err1 := time.Parse("15:04", strings.TrimSpace(from))
	t, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil {
		return Quiet{}, fmt.Errorf("quiet hours: want two times such as 22:00-07:00")
	}
	q := Quiet{From: minutes(f), To: minutes(t)}
	if q.IsZero() {
		return Quiet{}, fmt.Errorf("quiet hours: both times are the same")
	}
	return q, nil
}

func minutes(t time.Time) uint16 { return uint16(t.Hour()*60 + t.Minute()) }

func (q Quiet) String() string {
	if q.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", q.From/60, q.From%60, q.To/60, q.To%60)
}

// MarshalText writes "22:00-07:00", or nothing.
func (q Quiet) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what [ParseQuiet] reads.
func (q *Quiet) UnmarshalText(b []byte) (err error) {
	*q, err = ParseQuiet(string(b))
	return err
}

// Until says whether a message of this level has to wait now, and until when.
// Orange and red never wait, and neither does a message without a colour: an
// instruction may be graver than any of them.
func (q Quiet) Until(now time.Time, level alert.Level) (time.Time, bool) {
	if q.IsZero() || level == alert.NoLevel || level > alert.Yellow {
		return time.Time{}, false
	}
	local := now.In(chinaTime())
	m := minutes(local)
	inside := q.From <= m && m < q.To
	if q.From > q.To {
		inside = m >= q.From || m < q.To
	}
	if !inside {
		return time.Time{}, false
	}
	end := time.Date(local.Year(), local.Month(), local.Day(), int(q.To)/60, int(q.To)%60, 0, 0, local.Location())
	if !end.After(local) {
		end = end.AddDate(0, 0, 1)
	}
	return end, true
}

// chinaTime needs no time zone data: China has kept UTC+8 without summer time
// since 1991.
func chinaTime() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }
