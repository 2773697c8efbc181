package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/journal"
)

// runJournal follows, checks, exports and restores the journal: through the process
// that owns the folder when one runs, else from the record itself.
func runJournal(ctx context.Context, args []string, out io.Writer) error {
	for _, c := range journalCommands() {
		if len(args) > 0 && c.name == args[0] {
			return c.run(ctx, args[1:], out)
		}
	}
	for _, c := range journalCommands() {
		fmt.Fprintf(os.Stderr, "  mingluo journal %-7s %s\n      %s / %s\n", c.name, c.args, c.zh, c.en)
	}
	return errUsage
}

func journalCommands() []command {
	const where = "[-config FILE | -dir DIR]"
	return []command{
		{"tail", where + " [-from N] [-once]", "跟随日志", "follow the journal", journalTail},
		{"verify", where, "核对日志的全部副本", "compare all copies of the journal", journalVerify},
		{"export", where + " [-o FILE]", "导出核对过的日志，每行一条", "write the checked journal, one event a line", journalExport},
		{"restore", where + " -from FILE -yes [-fork]", "由人选定一个文件作为日志（先停止服务）", "take a file as the journal; stop the service first", journalRestore},
	}
}

// journalPlace is where a journal command finds the journal.
type journalPlace struct{ config, dir string }

func (p *journalPlace) flags(f *flag.FlagSet) {
	f.StringVar(&p.config, "config", "", "configuration file; it names further mirrors and heads")
	f.StringVar(&p.dir, "dir", "mingluo-demo", "data folder, when no configuration is given")
}

func (p *journalPlace) conf() (app.Config, error) {
	if p.config != "" {
		c, err := app.Load(p.config)
		if err != nil {
			return c, &exitError{2, err}
		}
		return c, nil
	}
	c := app.Defaults()
	c.Mode, c.Data = alert.Drill, p.dir
	return c, nil
}

// stopped opens the record of a service that does not run.
func stopped(ctx context.Context, c app.Config, do func(*journal.Store) error) error {
	if _, err := os.Stat(filepath.Join(c.Data, "js")); err != nil && c.NATS.URL == "" {
		return fmt.Errorf("no record in %s: %w", c.Data, err)
	}
	store, err := c.OpenStore(ctx, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	return errors.Join(do(store), store.Close(context.WithoutCancel(ctx)))
}

func journalTail(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("journal tail", flag.ContinueOnError)
	var p journalPlace
	p.flags(f)
	from := f.Uint64("from", 1, "first event")
	once := f.Bool("once", false, "end with the last event instead of following")
	if err := flags(f, args); err != nil {
		return err
	}
	c, err := p.conf()
	if err != nil {
		return err
	}
	err = eachRunning(ctx, c.Data, *from, !*once, func(stored []byte) error { return printLine(out, stored) })
	if !errors.Is(err, errNotRunning) {
		return err
	}
	return stopped(ctx, c, func(store *journal.Store) error {
		_, err := store.Scan(ctx, alert.StreamJournal, "", *from, func(r alert.Record) error { return printLine(out, r.Data) })
		return err
	})
}

func printLine(out io.Writer, b []byte) error {
	_, err := fmt.Fprintf(out, "%s\n", b)
	return err
}

var errNotRunning = errors.New("no process owns the folder")

// askRunning asks the process that owns the folder; the caller closes the answer.
func askRunning(ctx context.Context, dir, method, path string) (*http.Response, error) {
	client, err := journal.AdminClient(dir)
	if err != nil {
		return nil, errors.Join(errNotRunning, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://mingluo"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, errors.Join(errNotRunning, err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		b, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, errors.Join(fmt.Errorf("journal: %s: %s", resp.Status, strings.TrimSpace(string(b))), err)
	}
	return resp, nil
}

// eachRunning calls fn for the events that a running service gives.
func eachRunning(ctx context.Context, dir string, from uint64, follow bool, fn func(stored []byte) error) error {
	path := fmt.Sprintf("/journal?from=%d", from)
	if follow {
		path += "&follow=1"
	}
	resp, err := askRunning(ctx, dir, http.MethodGet, path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 2*alert.MaxEventBytes)
	for lines.Scan() {
		if err := fn(lines.Bytes()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return lines.Err()
}

// journalVerify compares all copies. A running service also heals what it finds; a
// stopped one is only looked at. Exit status 0: nothing was found.
func journalVerify(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("journal verify", flag.ContinueOnError)
	var p journalPlace
	p.flags(f)
	if err := flags(f, args); err != nil {
		return err
	}
	c, err := p.conf()
	if err != nil {
		return err
	}
	report, err := verifyRunning(ctx, c.Data)
	if errors.Is(err, errNotRunning) {
		err = stopped(ctx, c, func(store *journal.Store) (err error) {
			report, err = store.VerifyJournal(ctx, c.GuardConfig())
			return err
		})
	}
	printReport(out, report)
	switch {
	case err != nil:
		return err
	case !report.OK() && report.Healed:
		return errors.New("日志曾有损坏，已修复，见上 / damage was found and healed, see above")
	case !report.OK():
		return errors.New("日志有损坏，见上 / damage was found, see above")
	}
	return nil
}

func verifyRunning(ctx context.Context, dir string) (r journal.Report, err error) {
	resp, err := askRunning(ctx, dir, http.MethodPost, "/journal/verify")
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(&r); err != nil {
		return r, fmt.Errorf("read the service's report: %w", err)
	}
	return r, nil
}

func printReport(out io.Writer, r journal.Report) {
	for _, c := range r.Copies {
		verdict := "✓ 完好 whole"
		if !c.OK {
			verdict = "✗ 损坏 damaged"
		}
		fmt.Fprintf(out, "%s  %s  %d\n     %s\n", verdict, c.Name, c.Events, c.Why)
	}
	for _, d := range r.Damages {
		fmt.Fprintf(out, "  ! %s\n", d)
	}
	if r.Slices.Checked > 0 {
		fmt.Fprintf(out, "发送结果 outcomes: %d 片核对 slices compared, %d 片损坏 damaged\n", r.Slices.Checked, len(r.Slices.Damaged))
	}
	for _, d := range r.Slices.Damaged {
		fmt.Fprintf(out, "  ! %s: %s\n", d.Slice, d.Why)
	}
	if r.Seq > 0 {
		fmt.Fprintf(out, "最后一条 last event %d, SHA-256 %s\n", r.Seq, r.Hash)
	}
}

func journalExport(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("journal export", flag.ContinueOnError)
	var p journalPlace
	p.flags(f)
	path := f.String("o", "", "file to write; it must not be there yet. Without it: standard output")
	if err := flags(f, args); err != nil {
		return err
	}
	c, err := p.conf()
	if err != nil {
		return err
	}
	if *path == "" {
		_, err := exportTo(ctx, c, out)
		return err
	}
	return exportFile(ctx, c, *path, out)
}

// exportFile leaves a whole file or none.
func exportFile(ctx context.Context, c app.Config, path string, out io.Writer) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("export the journal: %w", err)
	}
	w := bufio.NewWriter(file)
	chain, err := exportTo(ctx, c, w)
	if err = errors.Join(err, w.Flush(), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	_, err = fmt.Fprintf(out, "%s: %d 条 events, SHA-256 %s\n", path, chain.Seq(), chain.Head())
	return err
}

// exportTo writes the journal and checks its chain on the way, whoever gives it.
func exportTo(ctx context.Context, c app.Config, w io.Writer) (journal.Chain, error) {
	var chain journal.Chain
	err := eachRunning(ctx, c.Data, 1, false, func(stored []byte) error {
		if err := chain.Add(stored); err != nil {
			return err
		}
		return printLine(w, stored)
	})
	if errors.Is(err, errNotRunning) {
		err = stopped(ctx, c, func(store *journal.Store) (err error) {
			chain, err = store.ExportJournal(ctx, w)
			return err
		})
	}
	if err != nil {
		return chain, fmt.Errorf("export the journal: %w; a mirror may have more (mingluo journal verify)", err)
	}
	return chain, nil
}

func journalRestore(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("journal restore", flag.ContinueOnError)
	var p journalPlace
	p.flags(f)
	from := f.String("from", "", "file of events: a mirror, or what export wrote")
	yes := f.Bool("yes", false, "replace the journal, its mirrors and its signed heads")
	fork := f.Bool("fork", false, "also when the file lacks what was signed: what it lacks is given up")
	if err := flags(f, args); err != nil {
		return err
	}
	if *from == "" || !*yes {
		return &exitError{2, errors.New("journal restore: 用 -from 指定文件，并用 -yes 确认 / name the file with -from and confirm with -yes")}
	}
	c, err := p.conf()
	if err != nil {
		return err
	}
	return stopped(ctx, c, func(store *journal.Store) error {
		done, err := store.RestoreJournal(ctx, c.GuardConfig(), *from, *fork)
		if done.Kept != "" {
			fmt.Fprintf(out, "原有的保存在 / what was there is kept in %s\n", done.Kept)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "日志现为 / the journal is now %s: %d 条 events, SHA-256 %s\n", *from, done.Events, done.Hash)
		return nil
	})
}
