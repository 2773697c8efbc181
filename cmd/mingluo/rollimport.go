package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/roll"
)

// rejectedStatus is the exit status of an import that went to its end with rows
// that were not taken.
const rejectedStatus = 3

func rollImport(ctx context.Context, args []string, out io.Writer) error {
	var at place
	f := flag.NewFlagSet("roll import", flag.ContinueOnError)
	at.flags(f)
	form := f.String("format", "", "csv or ndjson; told from the content unless given")
	to := f.String("rejected", "", "where the rejected rows are listed; beside the file unless given")
	if err := f.Parse(args); err != nil {
		return errUsage
	}
	if f.NArg() != 1 {
		return &exitError{2, errors.New("roll import: want one file, or - for the standard input")}
	}
	by, err := operator()
	if err != nil {
		return err
	}
	in, size, err := openInput(f.Arg(0))
	if err != nil {
		return &exitError{2, err}
	}
	defer in.Close()
	list, err := newRejectedList(f.Arg(0), *to)
	if err != nil {
		return &exitError{2, err}
	}
	m := newMeter(os.Stderr, in, size)
	var rep roll.Report
	err = at.reach(ctx, func(o *app.Office) error {
		rep, err = o.ImportRoll(ctx, by, roll.File{Name: filepath.Base(f.Arg(0)), Form: *form, Body: m}, roll.ImportOptions{
			Rejected: list.out.Write, Progress: m.show,
		})
		return err
	})
	m.end()
	return errors.Join(tellImport(out, rep, m, list, err), list.close())
}

// openInput opens a file, or the standard input, whose size is not known.
func openInput(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return os.Stdin, 0, nil
	}
	in, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := in.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", name)
	}
	if err != nil {
		return nil, 0, errors.Join(err, in.Close())
	}
	if !info.Mode().IsRegular() {
		return in, 0, nil
	}
	return in, info.Size(), nil
}

// rejectedList is the file of rows that were not taken. It is opened before
// anything is imported, so that a list that cannot be written stops nothing half
// way, and taken away again when there is nothing to say.
type rejectedList struct {
	path string
	file *os.File
	out  *roll.Rejections
}

func newRejectedList(input, to string) (*rejectedList, error) {
	switch {
	case to != "":
	case input == "-":
		to = "stdin.rejected.csv"
	default:
		to = input + ".rejected.csv"
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("list the rejected rows, see -rejected: %w", err)
	}
	return &rejectedList{path: to, file: file, out: roll.NewRejections(file)}, nil
}

func (l *rejectedList) close() error {
	err := l.out.Flush()
	if info, statErr := l.file.Stat(); statErr == nil && info.Size() == 0 {
		return errors.Join(err, l.file.Close(), os.Remove(l.path))
	}
	return errors.Join(err, l.file.Close())
}

// tellImport says what became of the rows, whether it went to the end or not.
func tellImport(out io.Writer, r roll.Report, m *meter, list *rejectedList, err error) error {
	if r.Rows > 0 {
		fmt.Fprintf(out, "共 %d 行 rows：新增 new %d，变更 changed %d，不变 unchanged %d，已退订或删除、不恢复 left or erased %d，退回 rejected %d（%s）\n",
			r.Rows, r.Joined, r.Changed, r.Unchanged, r.Suppressed, r.Rejected, m.took(r.Rows))
	}
	if r.Rejected > 0 {
		fmt.Fprintf(out, "退回的行和原因 / the rejected rows and why: %s\n", list.path)
	}
	switch {
	case alert.AsProblems(err) != nil && r.Rows == 0:
		return told(err)
	case err != nil:
		return fmt.Errorf("停在第 %d 行之后，以前的都已处理；再运行一次即可继续。/ stopped behind line %d, everything before is settled; run it again to go on: %w", r.Line, r.Line, err)
	case r.Rejected > 0:
		return &exitError{rejectedStatus, errors.New("其余各行已导入；改正退回的行后再导入一次 / the other rows are in; correct the rejected ones and import again")}
	case r.Joined+r.Changed == 0:
		fmt.Fprintln(out, "没有变化 / nothing changed")
	}
	return nil
}
