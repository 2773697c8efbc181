package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
)

func rollCareCommands() []command {
	return []command{
		{"check", "[-config FILE] [-alone] [-snapshot FILE]", "核对名册与索引、第二份副本；核对一个快照", "compare the roll with its index and its second copy; check a snapshot", runRollCheck},
		{"snapshot", "[-config FILE]", "写一个加密的快照", "write an encrypted snapshot", runRollSnapshot},
		{"rewrite", "[-config FILE] [-alone]", "用新密钥重写名册，销毁旧密钥和旧密文", "rewrite the roll under a new key and destroy the old one", runRollRewrite},
	}
}

func runRollCheck(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("roll check", flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	alone := f.Bool("alone", false, "with an external NATS: no other process writes to it, so damage may be mended")
	snapshot := f.String("snapshot", "", "check this snapshot instead")
	if err := flags(f, args); err != nil {
		return err
	}
	if *snapshot != "" {
		return checkSnapshot(*path, *snapshot, out)
	}
	return reachAlone(ctx, *path, *alone, func(office *app.Office) error {
		found, err := office.CheckRoll(ctx)
		if err != nil {
			return err
		}
		n := found.Hidden + found.Stale + found.Altered + found.Unread
		switch {
		case found.Damaged() && !found.Mended:
			return fmt.Errorf("名册损坏，没有修复 / the roll is damaged and not mended: %s", found.String())
		case found.Damaged():
			fmt.Fprintf(out, "已修复 %d 条记录：请检查磁盘 / mended %d records: have the disk checked\n  %s\n", n, n, found.String())
		default:
			fmt.Fprintf(out, "完好 / whole: %d 人 people, %s\n", found.People, found.Took.Round(time.Millisecond))
		}
		for _, odd := range found.Odd {
			fmt.Fprintf(out, "  注意 / note: %s\n", odd)
		}
		return nil
	})
}

func checkSnapshot(config, path string, out io.Writer) error {
	c, err := app.Load(config)
	if err != nil {
		return &exitError{2, err}
	}
	info, err := app.VerifyRollSnapshot(c, path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "完好 / whole: %s\n  %s，%d 人 people，名册序号 roll sequence %d，密钥指纹 keys %s\n", filepath.Base(path), alert.ShowTime(info.Made), info.People, info.Seq, info.Keys)
	return nil
}

func runRollSnapshot(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("roll snapshot", flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	if err := flags(f, args); err != nil {
		return err
	}
	return reach(ctx, *path, func(office *app.Office, _ app.Config) error {
		s, err := office.SnapshotRoll(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "快照已写好 / a snapshot was written: %s\n  %d 人 people，名册序号 roll sequence %d\n", s.Path, s.People, s.Seq)
		return nil
	})
}

func runRollRewrite(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("roll rewrite", flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	alone := f.Bool("alone", false, "with an external NATS: no other process writes to it")
	if err := flags(f, args); err != nil {
		return err
	}
	return reach(ctx, *path, func(office *app.Office, _ app.Config) error {
		began := time.Now()
		r, err := office.RewriteRoll(ctx, *alone)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, `名册已用新密钥重写 / the roll was rewritten under a new key: %d 条 records, %s
  新密钥指纹 / new keys: %s

接下来 / now:
  1. 恢复页已作废：重新打印（mingluo keys sheet），核对后放入保险柜，销毁旧的一页。
     The recovery sheet is void: print a new one, test it, put it into the safe, destroy the old one.
  2. 以前的备份只能用旧密钥打开：旧的恢复页销毁后就打不开了，请马上做一次新备份。
     Backups made before open with the old keys only: without the old sheet they are lost. Make a new one now.
`, r.People, time.Since(began).Round(time.Millisecond), r.Keys)
		return nil
	})
}

// reachAlone is reach for a person who says that nobody else writes to the record.
func reachAlone(ctx context.Context, path string, alone bool, do func(*app.Office) error) error {
	c, err := app.Load(path)
	if err != nil {
		return &exitError{2, err}
	}
	o := quiet()
	o.AloneOnRecord = alone
	office, err := app.Reach(ctx, c, o)
	if err != nil {
		return err
	}
	if alone && office.Running {
		err = errors.New("-alone: 服务正在运行，请先停止 / the service is running: stop it first")
	} else {
		err = do(office)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return errors.Join(err, office.Close(closing))
}
