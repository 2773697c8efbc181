package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Safe is what lies in the safe, as the service knows it.
type Safe interface {
	Safe() SafeStatus
	// TestPhrase takes the test phrase off the recovery sheet. A wrong one is an
	// [alert.Problem].
	TestPhrase(ctx context.Context, who alert.Actor, phrase string) error
}

// SafeStatus is the state of the recovery sheet and the backups.
type SafeStatus struct {
	Kit        string // fingerprint of the keys in use, as it stands on their sheet
	Tested     bool   // that sheet's phrase was entered
	TestedBy   string
	TestedAt   time.Time
	BackupDir  string // where backups go by themselves; "" makes none
	Backup     time.Time
	BackupPath string
	BackupFail string // why the last one failed
	Restored   time.Time
	RestoredOf time.Time // the backup that the record was restored from
}

type safeBody struct {
	SafeStatus
	Admin bool
}

func (c *Console) safe(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showSafe(w, r, s, nil, http.StatusOK)
}

func (c *Console) showSafe(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	if c.Safe == nil {
		return errNoPage
	}
	b := &safeBody{SafeStatus: c.Safe.Safe(), Admin: s.Has(alert.RoleAdmin)}
	return c.show(w, r, status, "safe", &view{seat: s, Title: "密钥与备份", Nav: "safe", Problems: ps, Body: b})
}

var errAdminOnly = &alert.Problem{Kind: alert.Forbidden, ZH: "这由管理员来做。", EN: "This is for an administrator."}

// testPhrase is the administrator's proof that the sheet exists and can be read.
func (c *Console) testPhrase(w http.ResponseWriter, r *http.Request, s *seat) error {
	err := c.tryPhrase(r, s)
	if ps := alert.AsProblems(err); ps != nil {
		f := explain(err)
		c.note(r, f, err)
		return c.showSafe(w, r, s, ps, f.Status)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/safe")
}

func (c *Console) tryPhrase(r *http.Request, s *seat) error {
	if c.Safe == nil {
		return errNoPage
	}
	if !s.Has(alert.RoleAdmin) {
		return errAdminOnly
	}
	if _, ok := c.throttle.allow(s.ID, "phrase", time.Now()); !ok {
		return &alert.Problem{Kind: alert.Blocked, Field: "phrase", ZH: "试得太多了，请等一分半钟再试。", EN: "Too many tries: wait 90 seconds."}
	}
	if err := c.Safe.TestPhrase(r.Context(), s.Actor, r.PostForm.Get("phrase")); err != nil {
		return err
	}
	c.throttle.succeed(s.ID, "phrase")
	return nil
}

// red are the parts that a person has to see to; they stand on top of the board.
func red(parts []PartStatus) []PartStatus {
	return slices.DeleteFunc(slices.Clone(parts), func(p PartStatus) bool { return p.Lamp != Red })
}
