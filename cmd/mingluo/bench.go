package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"sort"

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
