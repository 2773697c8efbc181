package console

import (
	"context"
	"errors"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// signs are the acts that take a fresh second factor.
func signs(act string) bool {
	return slices.Contains([]string{"approve", "release", "sign", "emergency", "countersign", "template-approve", "template-restore", administers}, act)
}

// administers names every act of administrators on people and their authority: who
// may sign is decided by them.
const administers = "administer"

// freshFor is how long a page's session need not type a second code: an
// approval and the release right behind it are one decision.
const freshFor = 2 * time.Minute

var (
	errNoFactor = &alert.Problem{Kind: alert.Forbidden, Field: "factor", ZH: "实战的签发和管理需要动态验证码：请先在“我的账号”里绑定手机上的验证器，或使用值班室密封信封里的一次性码。", EN: "Signing and administering take a second factor: set up an authenticator under “My account”, or use a code of the sealed envelope."}
	errFactor   = &alert.Problem{Kind: alert.Forbidden, Field: "factor", ZH: "动态验证码不对或已经用过，请输入新的 6 位数字。", EN: "The code is wrong or was used already: type the next one."}
)

// fresh checks the second factor of an act that signs. sess is nil for the API.
func (c *Console) fresh(ctx context.Context, who alert.Actor, sess *session, act, code string) error {
	if !signs(act) {
		return nil
	}
	app, envelopes, err := c.Accounts.HasFactor(ctx, who.ID)
	if err != nil {
		return err
	}
	needed := slices.Contains(c.FactorIn, who.Mode)
	switch {
	case !app && !needed:
		return nil
	case !app && envelopes == 0:
		return errNoFactor
	case code == "" && sess != nil && c.sessions.isFresh(sess, time.Now()):
		return nil
	}
	if _, ok := c.throttle.allow(who.ID, "factor", time.Now()); !ok {
		return &alert.Problem{Kind: alert.Blocked, Field: "factor", ZH: "试得太多了，请等一分半钟再试。", EN: "Too many tries: wait 90 seconds."}
	}
	sealed, err := c.Accounts.UseFactor(ctx, who.ID, code)
	if errors.Is(err, ErrFactor) {
		c.meters.signIns.WithLabelValues(signInWrong).Inc()
		return errFactor
	}
	if err != nil {
		return err
	}
	c.throttle.succeed(who.ID, "factor")
	if sealed {
		c.broken(ctx, who)
	}
	if sess != nil {
		c.sessions.refresh(sess, time.Now())
	}
	return nil
}

// freshToManage checks that whoever changes people or their authority is the
// administrator, and is here now.
func (c *Console) freshToManage(ctx context.Context, who alert.Actor, sess *session, code string) error {
	if !who.Has(alert.RoleAdmin) {
		return errAdminOnly
	}
	return c.fresh(ctx, who, sess, administers, code)
}

// asksFactor reports whether a signature on this seat's page takes a code now.
func (c *Console) asksFactor(ctx context.Context, s *seat) (bool, error) {
	app, _, err := c.Accounts.HasFactor(ctx, s.ID)
	return (app || slices.Contains(c.FactorIn, s.Actor.Mode)) && !c.sessions.isFresh(s.sess, time.Now()), err
}

func (t *sessions) isFresh(s *session, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !s.factor.IsZero() && now.Sub(s.factor) < freshFor
}

func (t *sessions) refresh(s *session, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.factor = now
}
