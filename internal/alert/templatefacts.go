package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// TemplateProposed puts a template, or its next version, before the reviewers.
type TemplateProposed struct {
	Template Template `json:"template"`
	Reason   string   `json:"reason,omitempty"`
}

// TemplateReviewed is the confidentiality review that notices made from the
// template carry.
type TemplateReviewed struct {
	Version   int      `json:"version"`
	Hash      string   `json:"hash"`
	Note      string   `json:"note,omitempty"`
	Checklist []string `json:"checklist,omitempty"` // keys of [ReviewItems], ticked one by one
}

// TemplateReturned gives a version back to its author with a reason.
type TemplateReturned struct {
	Version int    `json:"version"`
	Hash    string `json:"hash"`
	Reason  string `json:"reason"`
}

// TemplateApproved puts a version into use.
type TemplateApproved struct {
	Version   int    `json:"version"`
	Hash      string `json:"hash"`
	Emergency bool   `json:"emergency,omitempty"` // may be released at once by a named officer (紧急发布)
}

// TemplateWithdrawn takes a template out of use.
type TemplateWithdrawn struct {
	Reason string `json:"reason"`
}

// TemplateRestored takes a withdrawal back: the version that was in use is in
// use again.
type TemplateRestored struct {
	Reason string `json:"reason"`
}

func (TemplateProposed) FactName() (string, string)  { return "template", "proposed" }
func (TemplateReviewed) FactName() (string, string)  { return "template", "reviewed" }
func (TemplateApproved) FactName() (string, string)  { return "template", "approved" }
func (TemplateWithdrawn) FactName() (string, string) { return "template", "withdrawn" }
func (TemplateReturned) FactName() (string, string)  { return "template", "returned" }
func (TemplateRestored) FactName() (string, string)  { return "template", "restored" }

// TemplateVersion is one version with who judged it.
type TemplateVersion struct {
	Template
	Hash      string
	Proposed  Decision
	Reviewed  *Decision
	Checklist []string // what the review ticked
	Returned  *Decision
	Approved  *Decision
	Emergency bool
}

// Waits reports whether the version waits to be judged.
func (v *TemplateVersion) Waits() bool { return v.Approved == nil && v.Returned == nil }

// Vouched reports whether the version was reviewed item by item, so that what is
// made from it needs no review of its own.
func (v *TemplateVersion) Vouched() bool { return v.Reviewed != nil && CheckReview(v.Checklist) == nil }

// TemplateHistory is a template with all its versions.
type TemplateHistory struct {
	ID        string
	Mode      Mode // what was made in a drill is never used live (R5)
	Versions  []*TemplateVersion
	Withdrawn *Decision // after the newest approval
}

// Current returns the version in use, nil when there is none.
func (h *TemplateHistory) Current() *TemplateVersion {
	if h == nil || h.Withdrawn != nil {
		return nil
	}
	return h.InUse()
}

// InUse returns the newest approved version, also of a template that was taken
// out of use; nil when none ever was approved.
func (h *TemplateHistory) InUse() *TemplateVersion {
	for i := len(h.Versions) - 1; i >= 0; i-- {
		if h.Versions[i].Approved != nil {
			return h.Versions[i]
		}
	}
	return nil
}

// Usable reports whether a notice of this mode may be made from the template.
func (h *TemplateHistory) Usable(mode Mode) bool {
	return h.Current() != nil && (h.Mode == Live || mode == Drill)
}

// Latest returns the newest version.
func (h *TemplateHistory) Latest() *TemplateVersion { return h.Versions[len(h.Versions)-1] }

// Version returns a version by its number, or nil.
func (h *TemplateHistory) Version(no int) *TemplateVersion {
	if h == nil || no < 1 || no > len(h.Versions) {
		return nil
	}
	return h.Versions[no-1]
}

// Same reports whether two proposals differ in nothing but their number.
func (t *Template) Same(other *Template) bool {
	a, b := *t, *other
	a.Version, b.Version = 0, 0
	return a.Hash() == b.Hash()
}

// Hash binds an approval to exactly this version: 64 hexadecimal digits.
func (t *Template) Hash() string {
	b, err := json.Marshal(t)
	if err != nil { // strings and numbers cannot fail
		b = []byte(err.Error())
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (s *deskState) applyTemplate(e *Event, f Fact, d Decision) error {
	h := s.Templates[e.ID]
	if p, ok := f.(TemplateProposed); ok {
		if h == nil {
			h = &TemplateHistory{ID: e.ID, Mode: e.Mode}
			s.Templates[e.ID] = h
		}
		if e.Mode != h.Mode {
			return fmt.Errorf("a %s act on a %s template", e.Mode, h.Mode)
		}
		if p.Template.ID != e.ID || p.Template.Version != len(h.Versions)+1 {
			return fmt.Errorf("version %d of %s after %d of %s", p.Template.Version, p.Template.ID, len(h.Versions), e.ID)
		}
		d.Reason = p.Reason
		h.Versions = append(h.Versions, &TemplateVersion{Template: p.Template, Hash: p.Template.Hash(), Proposed: d})
		return nil
	}
	if h == nil {
		return fmt.Errorf("the template was never proposed")
	}
	switch f := f.(type) {
	case TemplateWithdrawn:
		d.Reason = f.Reason
		h.Withdrawn = &d
	case TemplateRestored:
		h.Withdrawn = nil
	case TemplateReturned:
		v, err := h.bound(f.Version, f.Hash)
		if err != nil {
			return err
		}
		d.Reason = f.Reason
		v.Returned = &d
	case TemplateReviewed:
		v, err := h.bound(f.Version, f.Hash)
		if err != nil {
			return err
		}
		d.Reason = f.Note
		v.Reviewed, v.Checklist = &d, f.Checklist
	case TemplateApproved:
		v, err := h.bound(f.Version, f.Hash)
		if err != nil {
			return err
		}
		v.Approved, v.Emergency, h.Withdrawn = &d, f.Emergency, nil
	}
	return nil
}

func (h *TemplateHistory) bound(version int, hash string) (*TemplateVersion, error) {
	v := h.Version(version)
	if v == nil {
		return nil, fmt.Errorf("version %d was never proposed", version)
	}
	if v.Hash != hash {
		return nil, fmt.Errorf("version %d: the act is bound to another text", version)
	}
	return v, nil
}

// Carried returns the confidentiality review that a content carries because it
// is made from a template in use and holds nothing else; nil when it needs one
// of its own.
func (s *deskState) Carried(c *Content, mode Mode) *Decision {
	if c.Template == nil {
		return nil
	}
	h := s.Templates[c.Template.ID]
	v := h.Current()
	if !h.Usable(mode) || !v.Vouched() || !v.Template.Made(c) || c.Kind == KindPolicy {
		return nil
	}
	d := *v.Reviewed
	d.Reason = fmt.Sprintf("模板“%s”第 %d 版的保密审查", v.ZH, v.Version)
	return &d
}
