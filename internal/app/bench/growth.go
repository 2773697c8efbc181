package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Growth is what the benches measured at sizes ten times apart.
type Growth struct {
	Taken   time.Time           `json:"taken"`
	Machine string              `json:"machine"`
	Results map[string][]Result `json:"results"` // by bench, ascending n
}

// mostEvents bounds a folded journal: a million events are a hundred thousand
// notices, and no city will release ten times as many.
const mostEvents = 1_000_000

// benchGrowth runs the benches that grow with the city at every power of ten
// from 10,000 to n, writes what they measured to Out with .json for .svg, and
// draws it. With Apart set each runs in a process of its own, so that none
// finds the memory of the one before it.
func benchGrowth(ctx context.Context, o Options) (Result, error) {
	if o.Out != "" && !strings.HasSuffix(o.Out, ".svg") {
		return nil, fmt.Errorf("draw to %q: want a name that ends with .svg", o.Out)
	}
	run := o.Apart
	if run == nil {
		run = together
	}
	began, runs := time.Now(), 0
	g := Growth{Taken: began.UTC().Truncate(time.Second), Machine: machine(), Results: map[string][]Result{}}
	for _, name := range []string{"import", "start", "count", "fanout", "fold"} {
		for _, n := range sizes(o.From, o.N) {
			if name == "fold" && n > mostEvents {
				continue
			}
			one := time.Now()
			r, err := run(ctx, name, Options{N: n, Carrier: "instant", Dir: o.Dir})
			if err != nil {
				return nil, err
			}
			if o.Say != nil {
				o.Say(fmt.Sprintf("%-7s n = %-9d %.3g s measured, %.0f s in all", name, n, r["seconds"], time.Since(one).Seconds()))
			}
			g.Results[name] = append(g.Results[name], r)
			runs++
		}
	}
	r := timed(runs, time.Since(began))
	r["runs"] = runs
	if o.Out == "" {
		return r.add(Result{"machine": g.Machine, "results": g.Results}), nil
	}
	r["svg"], r["data"] = o.Out, strings.TrimSuffix(o.Out, ".svg")+".json"
	return r, g.write(o.Out)
}

// together runs a bench in this process.
func together(ctx context.Context, name string, o Options) (Result, error) {
	debug.FreeOSMemory()
	return Run(ctx, name, o)
}

// sizes are the powers of ten from one number to the other.
func sizes(from, to int) (out []int) {
	if from <= 0 {
		from = 10_000
	}
	for n := from; n <= to; n *= 10 {
		out = append(out, n)
	}
	return out
}

func (g Growth) write(svg string) error {
	data, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(strings.TrimSuffix(svg, ".svg")+".json", append(data, '\n'), 0o644),
		os.WriteFile(svg, g.draw(), 0o644))
}

// machine says where the figures come from.
func machine() string {
	model := runtime.GOARCH
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(b), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			model = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
		}
	}
	return fmt.Sprintf("%d × %s, %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.Version())
}

// panels are the plot's six pictures.
func (g Growth) panels() []panel {
	is, ss, cs, fs, js := g.Results["import"], g.Results["start"], g.Results["count"], g.Results["fanout"], g.Results["fold"]
	people := label{"订阅数", "subscriptions"}
	return []panel{
		{title: label{"导入 CSV", "Import of CSV"}, x: people, unit: "s", lines: []series{
			line("导入", "import", is, "seconds", 1), {label{"同样字节裸写", "the same bytes, bare"}, inverse(is, "bare_per_second")}}},
		{title: label{"启动到就绪", "Start to ready"}, x: people, unit: "s", lines: []series{
			line("正常停止之后", "after a proper stop", ss, "seconds", 1), line("崩溃之后", "after a crash", ss, "crashed_seconds", 1)}},
		{title: label{"发布到全部结果落盘", "Release to every outcome on disk"}, x: people, unit: "s", lines: []series{
			line("即时受理的通道", "a carrier that accepts at once", fs, "seconds", 1)}},
		{title: label{"受众计数", "Audience count"}, x: people, unit: "ms", lines: []series{
			line("全市", "whole city", cs, "city_p50_ms", 1), line("一个镇街", "one town", cs, "town_p50_ms", 1), line("最慢一次", "slowest", cs, "max_ms", 1)}},
		{title: label{"内存", "Memory"}, x: people, unit: "MB", lines: []series{
			line("受众索引", "audience index", cs, "index_bytes", 1e-6), line("整个进程，启动后", "whole process, started", ss, "rss_bytes", 1e-6)}},
		{title: label{"日志折叠", "Fold of the journal"}, x: label{"事件数", "events"}, unit: "s", lines: []series{
			line("从存储，带哈希链校验", "from the store, chain checked", js, "book_seconds", 1), line("仅解码与应用", "decoded and applied alone", js, "seconds", 1)}},
	}
}

func line(zh, en string, rs []Result, field string, scale float64) series {
	s := series{name: label{zh, en}}
	for _, r := range rs {
		s.points = append(s.points, point{number(r["n"]), number(r[field]) * scale})
	}
	return s
}

// inverse turns a rate into the time that n of them took.
func inverse(rs []Result, rate string) (out []point) {
	for _, r := range rs {
		out = append(out, point{number(r["n"]), number(r["n"]) / number(r[rate])})
	}
	return out
}

// number reads a field as this process wrote it or as JSON brings it.
func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return 0
}
