package roll

import (
	"fmt"
	"strings"
	"time"
)

// Findings is what a comparison of the roll's stream with what else knows the
// roll came to.
type Findings struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took"`
	People  uint64        `json:"people"`
	Against string        `json:"against"` // what the stream was compared with; "" when there was nothing

	Hidden    int  `json:"hidden"`    // people whom the stream does not give out
	Stale     int  `json:"stale"`     // of whom it gives out an older record
	Altered   int  `json:"altered"`   // or another one under the same sequence
	Shortened bool `json:"shortened"` // its sequences ended earlier than they had come
	Unread    int  `json:"unread"`    // messages that it counts and does not give out
	// Strange people are in the stream and nowhere else; they are left alone.
	Strange int `json:"strange"`
	// Corrected people were missing in the index, not in the stream.
	Corrected int `json:"corrected"`
	// Unsettled buckets changed too often while they were compared.
	Unsettled int      `json:"unsettled"`
	Odd       []string `json:"odd,omitempty"` // files of the second copy that cannot be read
	Mended    bool     `json:"mended"`        // the stream was written anew
	Source    string   `json:"source,omitempty"`
}

// Damaged reports whether the stream lost or changed anything.
func (f *Findings) Damaged() bool {
	return f.Hidden+f.Stale+f.Altered+f.Unread > 0 || f.Shortened
}

// String is one line for operators.
func (f *Findings) String() string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(f.Hidden, "hidden")
	add(f.Stale, "stale")
	add(f.Altered, "altered")
	add(f.Unread, "unreadable")
	add(f.Strange, "strange")
	add(f.Corrected, "corrected in the index")
	add(f.Unsettled, "buckets unsettled")
	add(len(f.Odd), "files of the second copy unreadable")
	if f.Shortened {
		parts = append(parts, "its sequences ended early")
	}
	if f.Against == "" {
		parts = append(parts, "nothing to compare with")
	}
	if len(parts) == 0 {
		parts = append(parts, "whole")
	}
	if f.Mended {
		parts = append(parts, "mended from "+f.Source)
	}
	return fmt.Sprintf("%d people: %s", f.People, strings.Join(parts, ", "))
}
