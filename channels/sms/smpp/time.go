package smpp

import (
	"fmt"
	"time"
)

// AbsoluteTime returns t as schedule_delivery_time and validity_period write an
// instant (§7.1.1): YYMMDDhhmmsstnnp, here always with the offset of UTC.
func AbsoluteTime(t time.Time) []byte {
	u := t.UTC()
	return append(u.AppendFormat(make([]byte, 0, 16), "060102150405"),
		byte('0'+u.Nanosecond()/100_000_000), '0', '0', '+')
}

// ParseAbsoluteTime reads the absolute form back.
func ParseAbsoluteTime(b []byte) (time.Time, error) {
	if len(b) != 16 || (b[15] != '+' && b[15] != '-') {
		return time.Time{}, fmt.Errorf("time %q: want YYMMDDhhmmsstnnp", b)
	}
	for _, c := range b[:15] {
		if c < '0' || c > '9' {
			return time.Time{}, fmt.Errorf("time %q: want digits before the sign", b)
		}
	}
	quarters := int(b[13]-'0')*10 + int(b[14]-'0')
	if quarters > 48 {
		return time.Time{}, fmt.Errorf("time %q: over 48 quarter hours from UTC", b)
	}
	if b[15] == '-' {
		quarters = -quarters
	}
	t, err := time.ParseInLocation("060102150405", string(b[:12]), time.FixedZone("", quarters*15*60))
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q: %w", b, err)
	}
	return t.Add(time.Duration(b[12]-'0') * 100 * time.Millisecond).UTC(), nil
}
