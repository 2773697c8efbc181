package demo

import (
	"context"
	"fmt"
	"time"

	"mingluo/internal/alert"
)

// fillRoster puts the demo's officers on duty for the coming week, and the two
// who may sign into the table of authority. Each says that he or she can be
// called, as at the beginning of a shift, and has a phone of the imitation
// carriers. A bare demo has none of it: there the carriers' counts are those of
// the notices.
func (d *Demo) fillRoster(ctx context.Context, now time.Time) error {
	for _, o := range staff() {
		if err := d.Accounts.SetReach(ctx, o.ID, o.Phone, o.WeChat); err != nil {
			return fmt.Errorf("where %s is called: %w", o.ID, err)
		}
	}
	var planned, granted bool
	d.Desk.Read(func(st *alert.State) {
		planned = len(st.OnDuty(now)) > 0
		granted = st.Grants != nil
	})
	if !granted {
		all := []string{d.Places.City()}
		err := d.Desk.SetGrants(ctx, d.As("sun"), 0, []alert.Grant{
			{Officer: "li", Highest: alert.Red, Areas: all},
			{Officer: "wang", Highest: alert.Red, Areas: all, Emergency: true},
		})
		if err != nil {
			return fmt.Errorf("table of authority: %w", err)
		}
	}
	if planned {
		return nil
	}
	from := now.Add(-time.Minute).Truncate(time.Minute)
	id, err := d.Desk.PlanShift(ctx, d.As("sun"), alert.Shift{From: from, Until: from.AddDate(0, 0, 7), Officers: []string{"chen", "li"}, OnCall: []string{"wang"}}, "")
	if err != nil {
		return fmt.Errorf("roster: %w", err)
	}
	for _, o := range []string{"chen", "li", "wang"} {
		if err := d.Desk.AcknowledgeShift(ctx, d.As(o), id); err != nil {
			return fmt.Errorf("roster: %w", err)
		}
	}
	return nil
}
