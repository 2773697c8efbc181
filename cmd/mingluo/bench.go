package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
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
	f := flag.NewFlagSet("bench "+args[0], flag.ContinueOnError)
	n := f.Int("n", 0, "how much; 0 is the bench's own")
	asJSON := f.Bool("json", false, "one JSON object")
	if err := flags(f, args[1:]); err != nil {
		return err
	}
	r, err := bench.Run(ctx, args[0], *n)
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
