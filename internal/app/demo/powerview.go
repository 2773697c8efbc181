package demo

import (
	"fmt"
	"time"
)

// powerView is a power cut as the page shows it.
type powerView struct {
	powerCut
	Running bool
	Done    bool
	Steps   []powerStep
	Said    string // one sentence: where it stands, for screen readers
	Page    string // the notice's public page
	// Percent are places on the bar, 0 to 100.
	Percent, CutPercent float64
}

// powerStep is one step with its time.
type powerStep struct {
	ZH, EN, Text string
	State        string // todo, now, done
}

func (p *power) view() *powerView {
	c := p.now()
	v := &powerView{powerCut: c, Running: c.Act != actNone && c.Act < actDone, Done: c.Act == actDone, Said: c.said()}
	if h := p.sup.house(); h != nil && c.Notice.ID != "" {
		v.Page = h.PublicURL + "/n/" + c.Notice.ID
	}
	if c.Want > 0 {
		v.Percent, v.CutPercent = 100*float64(c.Have)/float64(c.Want), 100*float64(c.HadAt)/float64(c.Want)
	}
	step := func(zh, en string, begins act, text string) {
		s := powerStep{ZH: zh, EN: en, State: "todo"}
		switch {
		case c.Act == begins:
			s.State = "now"
		case c.Act > begins && c.reached(begins):
			s.State, s.Text = "done", text
		}
		v.Steps = append(v.Steps, s)
	}
	step("发布", "released", actReleasing, since(c.Pressed, c.Released))
	step("发到一半", "half is out", actDelivering, fmt.Sprintf("%d 人已收到", c.HadAt))
	step("断电", "power cut", actDark, fmt.Sprintf("kill -9 %d", c.OldPID))
	step("重新启动并接着发", "started again", actResuming, "停了 "+since(c.Cut, c.Back))
	step("全部有结果", "everybody settled", actDone, "")
	if v.Done {
		last := &v.Steps[len(v.Steps)-1]
		last.State, last.Text = "done", "共 "+since(c.Released, c.Over)
	}
	return v
}

// reached reports whether a step was taken, for a cut that failed.
func (c *powerCut) reached(begins act) bool {
	switch begins {
	case actReleasing:
		return !c.Released.IsZero()
	case actDelivering, actDark:
		return !c.Cut.IsZero()
	case actResuming:
		return !c.Back.IsZero()
	}
	return false
}

func since(from, to time.Time) string {
	d := to.Sub(from)
	if d < time.Second {
		return fmt.Sprintf("%d 毫秒", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f 秒", d.Seconds())
}

func (c *powerCut) said() string {
	switch c.Act {
	case actReleasing:
		return "正在发布。 Releasing."
	case actDelivering:
		return "正在发送，到一半时断电。 Sending; the power goes at half."
	case actDark:
		return "已断电：服务进程被强行终止，正在重新启动。 The serving process was killed and is starting again."
	case actResuming:
		return "已重新启动，接着发送。 It is back and goes on."
	case actDone:
		return fmt.Sprintf("完成：漏发 %d 人，收到两次 %d 人。 Over: %d missed, %d told twice.", c.Missed, c.Twice, c.Missed, c.Twice)
	case actFailed:
		return "没有完成。 It was not completed."
	}
	return ""
}
