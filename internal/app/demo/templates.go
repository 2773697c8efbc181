package demo

import (
	"context"
	"fmt"

	"mingluo/internal/alert"
	"mingluo/internal/templates"
)

// fillTemplates puts the shipped templates into use, as three officers of a
// new installation would: one proposes, one reviews, one approves.
func (d *Demo) fillTemplates(ctx context.Context) error {
	set, err := templates.Foshan()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	d.Desk.Read(func(st *alert.State) {
		for id := range st.Templates {
			known[id] = true
		}
	})
	for _, t := range set {
		if known[t.ID] {
			continue
		}
		version, err := d.Desk.ProposeTemplate(ctx, d.As("chen"), t, "")
		if err != nil {
			return fmt.Errorf("template %s: %w", t.ID, err)
		}
		t.Version = version
		if err := d.Desk.ReviewTemplate(ctx, d.As("li"), t.ID, version, t.Hash(), "", alert.Checked()...); err != nil {
			return fmt.Errorf("template %s: %w", t.ID, err)
		}
		if err := d.Desk.ApproveTemplate(ctx, d.As("li"), t.ID, version, t.Hash(), t.ID == "chem-leak"); err != nil {
			return fmt.Errorf("template %s: %w", t.ID, err)
		}
	}
	return nil
}
