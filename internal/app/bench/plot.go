package bench

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
	"time"

	"mingluo/internal/alert"
)

// A plot is six small log-log pictures on one sheet. A dashed line of slope one
// through each first point says what "twice the city, twice the time" would be.

type label struct{ zh, en string }

type point struct{ x, y float64 }

type series struct {
	name   label
	points []point
}

type panel struct {
	title, x label
	unit     string
	lines    []series
}

const (
	panelW, panelH = 440, 320
	plotL, plotT   = 58, 52
	plotW, plotH   = 362, 180
	columns        = 2
	margin         = 0.22 // decades around what was measured, for the figures beside the points
)

// colours tell the lines apart also for the colour-blind (Okabe and Ito), and
// each line has a mark of its own.
func colours() []string { return []string{"#0072b2", "#d55e00", "#009e73"} }

func (g Growth) draw() []byte {
	ps := g.panels()
	rows := (len(ps) + columns - 1) / columns
	w, h := columns*panelW, rows*panelH+40
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif" font-size="11" fill="#222">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", w, h)
	for i, p := range ps {
		fmt.Fprintf(&b, "<g transform=\"translate(%d %d)\">\n", i%columns*panelW, i/columns*panelH)
		p.draw(&b)
		b.WriteString("</g>\n")
	}
	say(&b, float64(w)/2, float64(h)-14, "middle", `fill="#666"`, g.Machine+" · "+g.Taken.In(alert.Beijing()).Format(time.DateOnly)+" · 虚线：线性增长 / dashed: linear growth")
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// axes are a panel's frame in powers of ten.
type axes struct{ x0, x1, y0, y1 float64 }

func (p panel) axes() axes {
	a := axes{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for _, l := range p.lines {
		for _, pt := range l.points {
			if pt.x > 0 && pt.y > 0 {
				x, y := math.Log10(pt.x), math.Log10(pt.y)
				a.x0, a.x1, a.y0, a.y1 = min(a.x0, x), max(a.x1, x), min(a.y0, y), max(a.y1, y)
			}
		}
	}
	if a.x0 > a.x1 { // nothing was measured
		return axes{0, 1, 0, 1}
	}
	// At least one whole decade is in the frame, so that the axis has its ticks.
	a.y0, a.y1 = min(a.y0-2*margin, math.Floor(a.y1)), max(a.y1+2*margin, math.Ceil(a.y0+margin))
	return axes{a.x0 - margin, a.x1 + margin, a.y0, a.y1}
}

func (a axes) at(pt point) (x, y float64) {
	x = plotL + (math.Log10(pt.x)-a.x0)/(a.x1-a.x0)*plotW
	y = plotT + plotH - (math.Log10(pt.y)-a.y0)/(a.y1-a.y0)*plotH
	return x, y
}

func (p panel) draw(b *bytes.Buffer) {
	a := p.axes()
	say(b, plotL, 24, "start", `font-size="14" font-weight="bold"`, p.title.zh)
	say(b, plotL, 40, "start", `fill="#666"`, p.title.en+", "+p.unit)
	p.grid(b, a)
	for i, l := range p.lines {
		colour := colours()[i%len(colours())]
		if i == 0 {
			linear(b, a, l.points)
		}
		p.drawLine(b, a, l.points, colour, i)
		x, y := float64(plotL), float64(plotT+plotH+36+i*15)
		mark(b, x+4, y-4, colour, i)
		say(b, x+14, y, "start", "", l.name.zh+" "+l.name.en)
	}
}

func (p panel) grid(b *bytes.Buffer, a axes) {
	fmt.Fprintf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" stroke=\"#bbb\" fill=\"none\"/>\n", plotL, plotT, plotW, plotH)
	for d := math.Ceil(a.x0); d <= a.x1; d++ {
		x, _ := a.at(point{math.Pow(10, d), 1})
		fmt.Fprintf(b, "<path d=\"M%.1f %dv%d\" stroke=\"#ddd\"/>\n", x, plotT, plotH)
		say(b, x, plotT+plotH+15, "middle", "", power(d))
	}
	for d := math.Ceil(a.y0); d <= a.y1; d++ {
		_, y := a.at(point{1, math.Pow(10, d)})
		fmt.Fprintf(b, "<path d=\"M%d %.1fh%d\" stroke=\"#ddd\"/>\n", plotL, y, plotW)
		say(b, plotL-6, y+4, "end", "", strconv.FormatFloat(math.Pow(10, d), 'g', 4, 64))
	}
	say(b, plotL+plotW, plotT+plotH+36, "end", `fill="#666"`, "→ "+p.x.zh+" "+p.x.en)
}

// linear draws the line of slope one through the first point, inside the frame.
func linear(b *bytes.Buffer, a axes, pts []point) {
	if len(pts) == 0 || pts[0].x <= 0 || pts[0].y <= 0 {
		return
	}
	from := pts[0]
	by := math.Pow(10, min(a.x1-math.Log10(from.x), a.y1-math.Log10(from.y)))
	x0, y0 := a.at(from)
	x1, y1 := a.at(point{from.x * by, from.y * by})
	fmt.Fprintf(b, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#999\" stroke-dasharray=\"4 4\" fill=\"none\"/>\n", x0, y0, x1, y1)
}

func (p panel) drawLine(b *bytes.Buffer, a axes, pts []point, colour string, kind int) {
	path := ""
	for _, pt := range pts {
		if pt.x <= 0 || pt.y <= 0 {
			continue
		}
		x, y := a.at(pt)
		if path == "" {
			path = fmt.Sprintf("M%.1f %.1f", x, y)
		} else {
			path += fmt.Sprintf("L%.1f %.1f", x, y)
		}
		mark(b, x, y, colour, kind)
		up := 15.0
		if p.highest(pt) {
			up = -7
		}
		say(b, x, y+up, "middle", fmt.Sprintf(`font-size="10" fill="%s" stroke="#fff" stroke-width="3" paint-order="stroke"`, colour), figure(pt.y))
	}
	fmt.Fprintf(b, "<path d=\"%s\" stroke=\"%s\" stroke-width=\"1.8\" fill=\"none\"/>\n", path, colour)
}

// highest reports whether no other line is above the point: its figure then
// stands above, the others' below.
func (p panel) highest(pt point) bool {
	for _, l := range p.lines {
		for _, other := range l.points {
			if other.x == pt.x && other.y > pt.y {
				return false
			}
		}
	}
	return true
}

func mark(b *bytes.Buffer, x, y float64, colour string, kind int) {
	switch kind {
	case 0:
		fmt.Fprintf(b, "<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", x, y, colour)
	case 1:
		fmt.Fprintf(b, "<rect class=\"point\" x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"7\" fill=\"%s\"/>\n", x-3.5, y-3.5, colour)
	default:
		fmt.Fprintf(b, "<path class=\"point\" d=\"M%.1f %.1fl4 7h-8z\" fill=\"%s\"/>\n", x, y-4, colour)
	}
}

func say(b *bytes.Buffer, x, y float64, anchor, style, text string) {
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>%s</text>\n", x, y, anchor, style, html.EscapeString(text))
}

// power writes 10⁶.
func power(d float64) string {
	raised := []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")
	out := "10"
	for _, c := range strconv.Itoa(int(d)) {
		if c >= '0' && c <= '9' {
			out += string(raised[c-'0'])
		}
	}
	return out
}

// figure writes a value in as few digits as tell it.
func figure(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}
