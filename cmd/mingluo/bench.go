package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"sort"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/app/bench"
)

func runBench(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) == 0 || args[0] == "-h" {
		for _, b := range bench.All() {
			fmt.Fprintf(out, "  %-12s %s (n = %d)\n", b.Name, b.About, b.N)
		}
		return errUsage
	}
	var o bench.Options
	f := flag.NewFlagSet("bench "+args[0], flag.ContinueOnError)
	f.IntVar(&o.N, "n", 0, "how much; 0 is the bench's own")
	f.StringVar(&o.Carrier, "carrier", "", "fanout: instant or smpp")
	f.IntVar(&o.History, "history", 0, "append, start: notices of the past in the journal")
	f.IntVar(&o.From, "from", 0, "growth: the first size, 10,000 if 0")
	f.StringVar(&o.Out, "o", "", "growth: draw to this .svg, with the data beside it as .json")
	f.StringVar(&o.Dir, "dir", "", "work in a folder in here instead of the temporary folder; it is deleted at the end")
	asJSON := f.Bool("json", false, "one JSON object")
	profile := f.String("cpuprofile", "", "write a CPU profile of the measured part to this file")
	if err := flags(f, args[1:]); err != nil {
		return err
	}
	if *profile != "" {
		p := &profiler{path: *profile}
		o.Measuring = p.begin
		defer func() { err = errors.Join(err, p.err) }()
	}
	o.Apart, o.Say = apart, func(line string) { fmt.Fprintln(os.Stderr, line) }
	fmt.Fprintln(os.Stderr, "测量用的数据随时会删除，不保证安全 / the records of a bench are deleted at its end: nothing in them is safe")
	r, err := bench.Run(ctx, args[0], o)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	var names []string
	for k := range r {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		fmt.Fprintf(out, "%-20s %v\n", k, r[k])
	}
	return nil
}

// apart runs a bench in a process of its own and reads what it prints.
func apart(ctx context.Context, name string, o bench.Options) (bench.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("bench %s: find this program: %w", name, err)
	}
	cmd := exec.CommandContext(ctx, self, "bench", name, "-json", "-n", strconv.Itoa(o.N), "-carrier", o.Carrier, "-dir", o.Dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it has a folder to take away
	cmd.WaitDelay = time.Minute
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("bench %s -n %d: %w: %s", name, o.N, err, strings.TrimSpace(complaints.String()))
	}
	var r bench.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return nil, fmt.Errorf("bench %s: read what it printed: %w", name, err)
	}
	return r, nil
}

// profiler writes a CPU profile of a bench's measured part.
type profiler struct {
	path string
	err  error
}

func (p *profiler) begin() (end func()) {
	to, err := os.Create(p.path)
	if err != nil {
		p.err = fmt.Errorf("write a cpu profile: %w", err)
		return func() {}
	}
	if p.err = pprof.StartCPUProfile(to); p.err != nil {
		return func() { to.Close() }
	}
	return func() {
		pprof.StopCPUProfile()
		p.err = to.Close()
	}
}
