package console

import (
	"context"
	"slices"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// staff remembers the list of accounts for a few seconds, for what pages show
// of colleagues: names, telephone numbers, whether enough people can be called.
// What anybody may do is never decided by it: that is asked of the record.
type staff struct {
	mu   sync.Mutex
	at   time.Time
	list []Account
}

// staffFor is how long pages may show the list as it was.
const staffFor = 5 * time.Second

// colleagues are the accounts, disabled ones included. When the record cannot
// be read the list as it was last stands: a page about an emergency must not
// fail for want of a telephone number.
func (c *Console) colleagues(ctx context.Context) []Account {
	c.staff.mu.Lock()
	defer c.staff.mu.Unlock()
	if time.Since(c.staff.at) < staffFor {
		return c.staff.list
	}
	list, err := c.Accounts.List(ctx)
	if err != nil {
		c.Log.Error("list the officers for a page", "err", err)
		return c.staff.list
	}
	c.staff.list, c.staff.at = list, time.Now()
	return list
}

// staffChanged makes the next page read the accounts anew.
func (c *Console) staffChanged() {
	c.staff.mu.Lock()
	defer c.staff.mu.Unlock()
	c.staff.at = time.Time{}
}

// usable are the officers whose accounts can be used.
func usable(list []Account) (out []alert.Officer) {
	for _, a := range list {
		if !a.Disabled {
			out = append(out, a.Officer)
		}
	}
	return out
}

func byID(list []Account, id string) (alert.Officer, bool) {
	i := slices.IndexFunc(list, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return alert.Officer{ID: id, Name: id}, false
	}
	return list[i].Officer, true
}
