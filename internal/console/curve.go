package console

import (
	"fmt"
	"strings"
	"time"

	"mingluo/internal/progress"
)

// curveView is one channel's way through time beside the expected one, drawn
// here so that it is a picture also without script.
type curveView struct {
	Answered, Delivered, Expected string // paths
	Now                           string // x of the present, while it is sent
	From, To                      time.Time
	Max                           int
	Districts                     []districtCurve
	Left                          time.Duration // until everybody has an answer; 0: done or not known
	Finish                        time.Time
	Stuck                         bool // people wait, and none was answered lately
	Unpaced                       bool // how fast the carrier takes messages is not known
}

type districtCurve struct {
	Name     string
	Answered int
	Path     string
}

const (
	curveW, curveH = 600, 120
	sparkW, sparkH = 90, 22
	lately         = 20 * time.Second // the pace is that of so long
)

// curve draws a channel. planned and open are people; rate is the carrier's own,
// in people a second; running is whether more is to come.
func (c *Console) curve(a progress.ChannelAccount, b *barView, released, now time.Time, rate float64, running bool) *curveView {
	v := &curveView{From: released, Max: max(b.Planned, 1), Unpaced: rate <= 0}
	open := b.Unsettled()
	span := extent(a.Curve)
	if running && open > 0 {
		span = max(span, now.Sub(released))
		v.Left, v.Stuck = timeLeft(a.Curve, open, now.Sub(released), rate)
		v.Finish = now.Add(v.Left)
	}
	expected := time.Duration(0)
	if rate > 0 {
		expected = time.Duration(float64(b.Planned) / rate * float64(time.Second))
		span = max(span, min(expected, 2*max(span, 30*time.Second)))
	}
	span = max(span, 10*time.Second)
	v.To = released.Add(span)
	draw := box{curveW, curveH, span, v.Max}
	v.Answered = draw.path(a.Curve.Step, a.Curve.Answered, min(now.Sub(released), span))
	v.Delivered = draw.path(a.Curve.Step, a.Curve.Delivered, min(now.Sub(released), span))
	if rate > 0 {
		v.Expected = draw.line(expected, b.Planned)
	}
	if running && open > 0 {
		v.Now = draw.x(now.Sub(released))
	}
	for _, code := range append(c.Gazetteer.Districts(), "") {
		d, ok := a.Districts[code]
		if !ok || len(d.Answered) == 0 {
			continue
		}
		name := "全市或其他"
		if code != "" {
			name = c.Gazetteer.Name(code)
		}
		total := d.Answered[len(d.Answered)-1]
		v.Districts = append(v.Districts, districtCurve{name, total, box{sparkW, sparkH, span, max(total, 1)}.path(d.Step, d.Answered, span)})
	}
	return v
}

// extent is how long after the release the last answer came.
func extent(c progress.Curve) time.Duration {
	return c.Step * time.Duration(max(len(c.Answered), len(c.Delivered)))
}

// timeLeft goes by the pace of the last moments, else by the carrier's own. It
// is stuck when people wait and the pace is nought for that long.
func timeLeft(c progress.Curve, open int, since time.Duration, rate float64) (left time.Duration, stuck bool) {
	pace := rate
	if window := max(lately, 2*c.Step); c.Step > 0 && since > window {
		at := func(d time.Duration) int {
			if i := min(int(d/c.Step), len(c.Answered)) - 1; i >= 0 {
				return c.Answered[i]
			}
			return 0
		}
		moved := at(since+c.Step) - at(since-window)
		if moved <= 0 {
			return 0, true
		}
		pace = float64(moved) / window.Seconds()
	}
	if pace <= 0 {
		return 0, false
	}
	return time.Duration(float64(open) / pace * float64(time.Second)).Round(time.Second), false
}

// box fits time and people into a drawing.
type box struct {
	w, h int
	span time.Duration
	max  int
}

func (b box) x(after time.Duration) string {
	return fmt.Sprintf("%.1f", float64(b.w)*min(1, float64(after)/float64(b.span)))
}

func (b box) y(n int) string {
	return fmt.Sprintf("%.1f", float64(b.h)*(1-min(1, float64(n)/float64(b.max))))
}

// path is the line of a cumulative count, drawn on to the present.
func (b box) path(step time.Duration, counts []int, until time.Duration) string {
	if len(counts) == 0 || step == 0 {
		return ""
	}
	var s strings.Builder
	fmt.Fprintf(&s, "M0 %d", b.h)
	for i, n := range counts {
		if at := time.Duration(i+1) * step; i == len(counts)-1 || n != counts[i+1] || i > 0 && n != counts[i-1] {
			fmt.Fprintf(&s, "L%s %s", b.x(at), b.y(n))
		}
	}
	if last := time.Duration(len(counts)) * step; until > last {
		fmt.Fprintf(&s, "L%s %s", b.x(until), b.y(counts[len(counts)-1]))
	}
	return s.String()
}

// line is the expected way: straight up at the carrier's pace, then level.
func (b box) line(full time.Duration, n int) string {
	if full >= b.span {
		n = int(float64(n) * float64(b.span) / float64(full))
		full = b.span
	}
	return fmt.Sprintf("M0 %dL%s %sL%d %s", b.h, b.x(full), b.y(n), b.w, b.y(n))
}
