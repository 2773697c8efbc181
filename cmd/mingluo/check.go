package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mingluo/internal/app"
	"mingluo/internal/journal"
)

// runCheck says what is missing before going live; the exit status is 0 only
// when nothing blocks.
func runCheck(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("check", flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	live := f.Bool("live", false, "ask the running service, and say so when there is none")
	if err := flags(f, args); err != nil {
		return err
	}
	c, err := app.Load(*path)
	if err != nil {
		return err
	}
	findings := app.Inspect(ctx, c)
	if recorded(c) || *live {
		found, err := recordFindings(ctx, c, *live)
		if err != nil {
			found = append(found, app.Finding{Blocks: true, ZH: "记录打不开：" + err.Error(), EN: "The record does not open: " + err.Error()})
		}
		findings = append(findings, found...)
	} else {
		findings = append(findings, app.Finding{Blocks: true, ZH: "还没有安装：请运行 mingluo init。", EN: "Nothing is installed yet: run mingluo init."})
	}
	for _, x := range findings {
		fmt.Fprintf(out, "%s  %s\n     %s\n", x.Sign(), x.ZH, x.EN)
	}
	if app.Blocking(findings) {
		return errors.New("还不能上线，见上 / not ready to go live, see above")
	}
	fmt.Fprintln(out, "没有什么挡着 / nothing blocks")
	return nil
}

// recorded reports whether there is a record to look into.
func recorded(c app.Config) bool {
	if c.NATS.URL != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(c.Data, "js"))
	return err == nil
}

func recordFindings(ctx context.Context, c app.Config, live bool) (found []app.Finding, err error) {
	if live {
		if _, err := journal.AdminClient(c.Data); err != nil {
			return nil, err
		}
	}
	err = reachConfig(ctx, c, func(o *app.Office) error {
		found, err = o.Findings(ctx)
		return err
	})
	return found, err
}
