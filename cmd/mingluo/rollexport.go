package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mingluo/internal/app"
	"mingluo/internal/roll"
)

// rollExport writes addresses in the open, so it asks for -yes, is recorded, and
// makes a file that only its owner can read.
func rollExport(ctx context.Context, args []string, out io.Writer) error {
	var at place
	var who whom
	f := flag.NewFlagSet("roll export", flag.ContinueOnError)
	at.flags(f)
	who.flags(f)
	to := f.String("o", "", "file to write; it must not be there")
	form := f.String("format", roll.CSV, "csv, ndjson, or list: bare addresses, one a line")
	reason := f.String("reason", "", "why, for the journal")
	yes := f.Bool("yes", false, "yes: write addresses in the open, and record that it was done")
	if err := flags(f, args); err != nil {
		return err
	}
	switch {
	case *to == "":
		return &exitError{2, errors.New("roll export: -o FILE is missing")}
	case *form == roll.Plain && who.Channel == "":
		return &exitError{2, errors.New("roll export: a list of addresses is of one -channel")}
	case !*yes:
		return &exitError{2, errors.New("文件里是明文号码，操作会记入日志：确认请加 -yes / the file holds addresses in the open and the act is recorded: add -yes to confirm")}
	}
	by, err := operator()
	if err != nil {
		return err
	}
	return at.reach(ctx, func(o *app.Office) error {
		n := counter{}
		err := writeNew(*to, func(w io.Writer) error {
			return o.ExportRoll(ctx, by, *form, *reason, who.Selection, io.MultiWriter(w, &n))
		})
		if err != nil {
			return told(err)
		}
		people := n.lines
		if *form == roll.CSV {
			people-- // the head line
		}
		_, err = fmt.Fprintf(out, "已导出 / exported: %s，%d 人 people。用后请销毁；退订标记不在其中，它不能代替备份。\n  Destroy it after use. It holds no marks of those who left: it is no backup.\n", *to, people)
		return err
	})
}

// writeNew makes a file that only its owner can read, whole or not at all: until
// it is whole it has another name.
func writeNew(path string, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s is there already", path), err)
	}
	part := path + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(file.Chmod(0o600), write(file))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

// counter counts the lines of a list.
type counter struct{ lines int }

func (c *counter) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}
