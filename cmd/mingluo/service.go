package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/journal"
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

func runCheck(_ context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("check", flag.ContinueOnError)
	path := f.String("config", "/etc/mingluo/mingluo.toml", "configuration file")
	if err := flags(f, args); err != nil {
		return err
	}
	c, err := app.Load(*path)
	if err != nil {
		return err
	}
	findings := app.Inspect(c)
	for _, x := range findings {
		fmt.Fprintf(out, "%s  %s\n     %s\n", x.Sign(), x.ZH, x.EN)
	}
	if app.Blocking(findings) {
		return errors.New("还不能上线，见上 / not ready to go live, see above")
	}
	fmt.Fprintln(out, "配置可用 / the configuration can be used")
	return nil
}

// runJournal follows the journal: through the process that owns the folder
// when one runs, else from the record itself.
func runJournal(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] != "tail" {
		return &exitError{2, errors.New("journal: want tail")}
	}
	f := flag.NewFlagSet("journal tail", flag.ContinueOnError)
	dir := f.String("dir", "mingluo-demo", "data folder")
	from := f.Uint64("from", 1, "first event")
	once := f.Bool("once", false, "end with the last event instead of following")
	if err := flags(f, args[1:]); err != nil {
		return err
	}
	err := tailRunning(ctx, *dir, *from, !*once, out)
	if !errors.Is(err, errNotRunning) {
		return err
	}
	if _, err := os.Stat(*dir + "/js"); err != nil {
		return fmt.Errorf("no record in %s: %w", *dir, err)
	}
	store, err := journal.Open(ctx, journal.Config{Dir: *dir, AllowUnsafeStore: true})
	if err != nil {
		return err
	}
	defer store.Close(context.WithoutCancel(ctx))
	_, err = store.Scan(ctx, alert.StreamJournal, "journal.>", *from, func(r alert.Record) error {
		_, err := fmt.Fprintf(out, "%s\n", r.Data)
		return err
	})
	return err
}

var errNotRunning = errors.New("no process owns the folder")

func tailRunning(ctx context.Context, dir string, from uint64, follow bool, out io.Writer) error {
	client, err := journal.AdminClient(dir)
	if err != nil {
		return errors.Join(errNotRunning, err)
	}
	url := fmt.Sprintf("http://mingluo/journal?from=%d", from)
	if follow {
		url += "&follow=1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return errors.Join(errNotRunning, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
		return fmt.Errorf("journal: %s: %s", resp.Status, strings.TrimSpace(string(b)))
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 2*alert.MaxEventBytes)
	for lines.Scan() {
		if _, err := fmt.Fprintln(out, lines.Text()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return lines.Err()
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
