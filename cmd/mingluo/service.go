package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"mingluo/internal/app"
	"mingluo/internal/shared"
)

// flags parses a subcommand's words; its own complaints have been printed.
func flags(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		return errUsage
	}
	if f.NArg() > 0 {
		return &exitError{2, fmt.Errorf("%s: unexpected %q", f.Name(), f.Arg(0))}
	}
	return nil
}

func runServe(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	path := f.String("config", "/etc/mingluo/mingluo.toml", "configuration file")
	if err := flags(f, args); err != nil {
		return err
	}
	c, err := app.Load(*path)
	if err != nil {
		return &exitError{2, err}
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	shared.LogTo(log)
	a, err := app.New(c, app.Options{Log: log})
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "public site: %s\nconsole: %s\n", a.PublicURL, a.ConsoleURL)
	return untilStopped(ctx, a.Failed(), a.Stop)
}

// untilStopped waits for a signal or a part's failure, and stops in time.
func untilStopped(ctx context.Context, failed <-chan error, stop func(context.Context) error) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopping, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(err, stop(stopping))
}

func runVersion(_ context.Context, _ []string, out io.Writer) error {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version + " " + info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				version += " " + s.Value
			}
		}
	}
	_, err := fmt.Fprintln(out, "mingluo", version)
	return err
}
