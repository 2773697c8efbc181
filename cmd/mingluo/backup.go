package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/journal"
	"mingluo/internal/keep"
)

const defaultConfig = "/etc/mingluo/mingluo.toml"

// quiet is how commands open a stopped service: what is worth saying is said by
// the command itself.
func quiet() app.Options {
	return app.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
}

// reach opens the service of a configuration, running or not, for one command.
func reach(ctx context.Context, path string, do func(*app.Office, app.Config) error) error {
	c, err := app.Load(path)
	if err != nil {
		return &exitError{2, err}
	}
	return reachConfig(ctx, c, func(o *app.Office) error { return do(o, c) })
}

func reachConfig(ctx context.Context, c app.Config, do func(*app.Office) error) error {
	office, err := app.Reach(ctx, c, quiet())
	if err != nil {
		return err
	}
	return errors.Join(do(office), closeOffice(ctx, office))
}

func closeOffice(ctx context.Context, office *app.Office) error {
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return office.Close(closing)
}

func runBackup(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && (args[0] == "verify" || args[0] == "events") {
		if len(args) != 2 {
			return &exitError{2, fmt.Errorf("backup %s: want the backup's file", args[0])}
		}
		return lookAtBackup(args[0], args[1], out)
	}
	f := flag.NewFlagSet("backup", flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	to := f.String("o", ".", "file, or folder in which a name is made")
	if err := flags(f, args); err != nil {
		return err
	}
	return reach(ctx, *path, func(office *app.Office, _ app.Config) error {
		s, err := office.Backup(ctx, *to)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "已备份并读回核对 / backed up and read back: %s\n  %d 字节 bytes，日志到第 %d 条 / journal up to event %d\n  密钥不在其中，另存：mingluo keys export / no key is in it: mingluo keys export\n", s.Path, s.Bytes, s.Last, s.Last)
		return nil
	})
}

func lookAtBackup(what, path string, out io.Writer) error {
	b, err := keep.Open(path)
	if err != nil {
		return err
	}
	defer b.Close()
	if what == "events" {
		return journal.ReadSnapshot(b.Stream(alert.StreamJournal), func(r alert.Record) error {
			_, err := fmt.Fprintf(out, "%s\n", r.Data)
			return err
		})
	}
	fmt.Fprintf(out, "完好 / whole: %s\n  %s %s %s %s\n  密钥指纹 / keys: %s  恢复页 / sheet: %s\n", path, alert.ShowTime(b.Made), b.Mode, b.Host, b.Version, b.Keys, b.Kit)
	for _, s := range b.Streams {
		fmt.Fprintf(out, "  %-12s %9d 条 messages  %d…%d\n", s.Stream, s.Messages, s.First, s.Last)
		if s.Missing > 0 {
			fmt.Fprintf(out, "    注意 / note: %d 条读不出来 / cannot be read any more\n", s.Missing)
		}
	}
	return nil
}

func runRestore(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("restore", flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	from := f.String("from", "", "backup")
	if err := flags(f, args); err != nil {
		return err
	}
	if *from == "" {
		return &exitError{2, errors.New("restore: -from FILE is missing")}
	}
	c, err := app.Load(*path)
	if err != nil {
		return &exitError{2, err}
	}
	r, err := app.Restore(ctx, c, quiet(), *from)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `已恢复并逐条核对 / restored and compared message by message: %s 的备份 / backup of %s
  日志 %d 条，值班人员 %d 人 / %d events, %d officers
  %d 项发送已暂停：备份以后可能已经发过，由值班人员核对后继续。
  %d fan-outs are paused: they may have been sent after the backup. An officer looks and resumes.

启动之前 / before it is started:
  1. 旧机器必须关机，否则两边都会发送。The old machine must be off, or both will send.
  2. 备份以后退订的人又在名册里：请照运营商的退订记录再退一次。
     Who left after the backup is on the roll again: let them leave again, by the carriers' lists.
  3. 备份以后的值班操作不在记录里。What officers did after the backup is not in the record.
`, alert.ShowTime(r.Backup.Made), alert.ShowTime(r.Backup.Made), r.Backup.Journal().Last, r.Officers, r.Backup.Journal().Last, r.Officers, len(r.Paused), len(r.Paused))
	for _, p := range r.Paused {
		fmt.Fprintf(out, "     %s/%d\n", p.Notice, p.Rev)
	}
	return nil
}
