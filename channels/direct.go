package channels

import (
	"context"
	"time"

	"mingluo/internal/alert"
)

// Direct is one message to one officer of the desk: a call to look at something
// now. It is no notice and no task: it is in no plan and no tally, waits for no
// pacer, and is on its way while a fan-out fills the route. What it says is
// chosen by the desk, in a few words that every channel can carry.
type Direct struct {
	ID      string // of the call: the same for every try
	Mode    alert.Mode
	Address string // E.164 number, or openid
	What    string // what waits: 待签发：台风橙色预警
	Where   string // for which places
	Action  string // what to do now
	Issuer  string // whose desk calls
	From    time.Time
	Until   time.Time
	URL     string
}

// Teller is what a channel also is when it can reach one person at once.
type Teller interface {
	// Tell hands one message over and returns what the carrier said of it. An
	// error speaks of the channel or of this moment, an outcome of the person.
	Tell(ctx context.Context, d Direct) (alert.Outcome, error)
}
