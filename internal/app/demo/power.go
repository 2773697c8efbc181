package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// power is the button 拔电源: it releases a notice to everybody, kills the serving
// process (SIGKILL) when half of them have it, starts it again, and counts in the
// carriers' books who has the notice, and how often.
type power struct {
	sup  *Supervisor
	runs sync.WaitGroup

	mu  sync.Mutex
	cut powerCut // the present one or the last
}

// act is how far a power cut has come.
type act int

const (
	actNone act = iota
	actReleasing
	actDelivering
	actDark
	actResuming
	actDone
	actFailed
)

// powerCut is one press of the button.
type powerCut struct {
	Act    act
	No     int
	Notice noticeRev
	Want   int // people to be told
	Have   int // of them have it, by the carriers' books
	HadAt  int // had it when the power was cut
	Bound  int // on people who are told twice
	OldPID int
	NewPID int

	Pressed, Released, Cut, Back, Over time.Time

	verdict
	Differs string // the roll is not the sample any more: what was compared instead
	Err     string
}

func newPower(s *Supervisor) *power {
	return &power{sup: s, cut: powerCut{Want: s.cfg.SMS + s.cfg.WeChat}}
}

// press begins a power cut, unless one is under way, and leads back to the page.
func (p *power) press(w http.ResponseWriter, r *http.Request) {
	if p.begin() {
		p.runs.Go(func() { p.run(p.sup.life) })
	}
	http.Redirect(w, r, "/#power", http.StatusSeeOther)
}

func (p *power) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sup.house() == nil || p.sup.life.Err() != nil || p.cut.Act != actNone && p.cut.Act < actDone {
		return false
	}
	want := p.sup.cfg.SMS + p.sup.cfg.WeChat
	const channels = 2
	p.cut = powerCut{Act: actReleasing, No: p.cut.No + 1, Pressed: time.Now(), Want: want, Bound: channels * p.sup.cfg.Unrecorded}
	return true
}

func (p *power) wait() { p.runs.Wait() }

func (p *power) set(change func(c *powerCut)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.cut)
}

func (p *power) now() powerCut {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut
}

const (
	// slowly is how long the carriers take for an answer meanwhile: the whole takes
	// some seconds and can be watched.
	slowly = 60 * time.Millisecond
	// countEvery is how often the books are read; it takes a millisecond or two.
	countEvery = 10 * time.Millisecond
	// powerPatience bounds one power cut.
	powerPatience = 2 * time.Minute
)

// run plays one power cut to its end.
func (p *power) run(life context.Context) {
	ctx, cancel := context.WithTimeout(life, powerPatience)
	defer cancel()
	carriers := p.sup.carriers
	carriers.slow(slowly)
	defer carriers.slow(0)
	before := carriers.WeChat.Counts().Deduplicated
	err := p.release(ctx)
	if err == nil {
		err = p.cutAtHalf(ctx)
	}
	if err == nil {
		err = p.settle(ctx)
	}
	if err != nil {
		p.set(func(c *powerCut) { c.Act, c.Err, c.Over = actFailed, err.Error(), time.Now() })
		return
	}
	notice := p.now().Notice
	v := judge(carriers.holders(notice.ID), invited(p.sup.cfg), carriers.WeChat.Counts().Deduplicated-before)
	p.set(func(c *powerCut) {
		c.Act, c.Over, c.verdict, c.Have = actDone, time.Now(), v, v.Reached
		if c.Differs != "" { // people came or went since the sample was made: heads are compared, not names
			c.Missed, c.Strangers = max(0, c.Want-v.Reached), max(0, v.Reached-c.Want)
		}
	})
}

// release issues a notice that every sample person wants.
func (p *power) release(ctx context.Context) error {
	no, now := p.now().No, time.Now()
	c := signal("11B01", alert.Orange, "台风", "全市", foshan(),
		"这是一次断电演练：发到一半时，发布服务的进程被强行终止，再重新启动。",
		"不用做任何事：看看有没有人没收到，有多少人收到两次。")
	c.Headline = fmt.Sprintf("断电演练第%d次：台风橙色预警信号（转发）", no)
	c.Channels = []string{"sms", "wechat"}
	c.Effective, c.Expires = now.UTC().Truncate(time.Second), now.Add(15*time.Minute).UTC().Truncate(time.Second)
	c.Source.Sent, c.Source.Identifier = c.Effective, c.Source.Sender+"_"+now.In(alert.Beijing()).Format("20060102150405")
	n, err := p.sup.house().issue(ctx, c)
	if err != nil {
		return fmt.Errorf("release the notice: %w", err)
	}
	p.set(func(c *powerCut) { c.Act, c.Notice, c.Released = actDelivering, n, time.Now() })
	return nil
}

// cutAtHalf kills the process when half of the people have the notice, and starts
// it again.
func (p *power) cutAtHalf(ctx context.Context) error {
	err := p.count(ctx, func(have int) (bool, error) { return 2*have >= p.now().Want, nil })
	if err != nil {
		return err
	}
	old := p.sup.expectEnd()
	old.kill()
	dark := time.Now()
	had := len(p.sup.carriers.holders(p.now().Notice.ID))
	p.set(func(c *powerCut) { c.Act, c.Cut, c.HadAt, c.Have, c.OldPID = actDark, dark, had, had, old.pid() })
	if err := p.sup.start(ctx); err != nil {
		if ctx.Err() == nil {
			p.sup.fail(err)
		}
		return err
	}
	p.set(func(c *powerCut) { c.Act, c.Back, c.NewPID = actResuming, time.Now(), p.sup.process().pid() })
	return nil
}

// settle waits until the service knows of everybody what became of them. That is
// only when to look: what is shown comes from the carriers.
func (p *power) settle(ctx context.Context) error {
	look := time.Now()
	return p.count(ctx, func(int) (bool, error) {
		if time.Now().Before(look) {
			return false, nil
		}
		look = time.Now().Add(10 * countEvery)
		got, err := p.sup.house().progress(ctx, p.now().Notice)
		if err != nil {
			return false, err
		}
		planned := 0
		for _, c := range got.Channels {
			planned += c.Planned
		}
		p.set(func(c *powerCut) {
			if got.Done && planned != c.Want {
				c.Differs = fmt.Sprintf("登记簿里现在是 %d 人，不是样例的 %d 人：按人数比较", planned, c.Want)
				c.Want = planned
			}
		})
		return got.Done, nil
	})
}

// count reads the books again and again until enough says so.
func (p *power) count(ctx context.Context, enough func(have int) (bool, error)) error {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		have := len(p.sup.carriers.holders(p.now().Notice.ID))
		p.set(func(c *powerCut) { c.Have = have })
		if ok, err := enough(have); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(errors.New("演示没有在时限内完成 / it was not over in time"), ctx.Err())
		}
	}
}
