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

func runBench(ctx context.Context, args []string, out io.Writer) error {
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
	f.StringVar(&o.Dir, "dir", "", "work in a folder in here instead of the temporary folder; it is deleted at the end")
	asJSON := f.Bool("json", false, "one JSON object")
	profile := f.String("cpuprofile", "", "write a CPU profile to this file")
	if err := flags(f, args[1:]); err != nil {
		return err
	}
	r, err := profiled(*profile, func() (bench.Result, error) { return bench.Run(ctx, args[0], o) })
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

// profiled runs fn with a CPU profile written to a file; "" is none.
func profiled(path string, fn func() (bench.Result, error)) (r bench.Result, err error) {
	if path == "" {
		return fn()
	}
	to, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write a cpu profile: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := pprof.StartCPUProfile(to); err != nil {
		return nil, fmt.Errorf("write a cpu profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return fn()
}
