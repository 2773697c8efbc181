// Mingluo is the whole service in one binary. Run it without arguments for its
// subcommands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // times are Asia/Shanghai on machines without zone data too
)

// command is one subcommand. It returns errUsage when its words are off.
type command struct {
	name, args, zh, en string
	run                func(ctx context.Context, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{"demo", "[-dir DIR] [-front ADDR] [-public ADDR] [-console ADDR] [-redis URL] [-once [-cap FILE] [-json]]", "带仿真通道的演示", "try it with imitation carriers", runDemo},
		{"init", "[-config FILE] [-answers FILE | -yes] [-sheet FILE]", "安装：问几个问题，写好配置、密钥和第一位管理员", "install: asks, then writes the configuration, the keys, the first administrator", runInit},
		{"serve", "-config FILE", "运行服务", "run the service", runServe},
		{"check", "[-config FILE] [-live]", "上线前还缺什么", "what is missing before going live", runCheck},
		{"journal", "tail | verify | export | restore [-config FILE | -dir DIR]", "跟随、核对、导出、恢复日志", "follow, check, export, restore the journal", runJournal},
		{"roll", "import | export | count | find | leave | erase | check | snapshot | rewrite", "订阅名册：导入、导出、统计、查找、退订、删除、核对、重写", "the subscribers: import, export, count, find, remove, check, rewrite", runRoll},
		{"officer", officerArgs, "值班人员的账号", "the officers' accounts", runOfficer},
		{"keys", keysArgs, "密钥：恢复页、核对、导出、导入、照恢复页输入", "the keys: sheet, test, export, import, typed from the sheet", runKeys},
		{"backup", "[-config FILE] [-o FILE|DIR] | verify FILE | events FILE", "备份；核对备份；取出其中的日志", "back everything up; check a backup; print its journal", runBackup},
		{"restore", "-from FILE [-config FILE]", "在空机器上恢复备份", "restore a backup on an empty machine", runRestore},
		{"bench", "NAME [-n N] [-carrier C] [-history N] [-dir DIR] [-cpuprofile FILE] [-json]", "测量", "measure", runBench},
		{"version", "", "版本", "print the version", runVersion},
	}
}

// exitError carries an exit status other than 1.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

var errUsage = &exitError{2, errors.New("usage")}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err == nil {
		return
	}
	status := 1
	if e, ok := errors.AsType[*exitError](err); ok {
		status = e.status
	}
	if err != error(errUsage) {
		fmt.Fprintln(os.Stderr, "mingluo:", err)
	}
	os.Exit(status)
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				return c.run(ctx, args[1:], out)
			}
		}
	}
	fmt.Fprintln(os.Stderr, "mingluo 鸣锣：城市应急预警发布 / a city's emergency alert broadcast service")
	for _, c := range commands() {
		fmt.Fprintf(os.Stderr, "  mingluo %-8s %s\n      %s / %s\n", c.name, c.args, c.zh, c.en)
	}
	return errUsage
}
