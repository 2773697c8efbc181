package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/user"
	"slices"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/roll"
)

// runRoll does what operators do with the subscribers, through the service when
// it runs and through the record itself when it does not.
func runRoll(ctx context.Context, args []string, out io.Writer) error {
	for _, c := range rollCommands() {
		if len(args) > 0 && c.name == args[0] {
			return c.run(ctx, args[1:], out)
		}
	}
	for _, c := range rollCommands() {
		fmt.Fprintf(os.Stderr, "  mingluo roll %-7s %s\n      %s / %s\n", c.name, c.args, c.zh, c.en)
	}
	return errUsage
}

func rollCommands() []command {
	const who = "[-channel sms|wechat] [-area 区域]… [-group 分组]… [-hazard 灾种] [-level 级别]"
	return append([]command{
		{"import", "[-format csv|ndjson] [-rejected FILE] FILE|-", "导入订阅者", "bring subscribers in", rollImport},
		{"export", "-o FILE -yes [-format csv|ndjson|list] [-reason 原因] " + who, "导出订阅者（网站不可用时的备用发送途径）", "list subscribers, for the second way to send", rollExport},
		{"count", who, "按渠道和区统计人数", "count people per channel and district", rollCount},
		{"find", "[-channel sms|wechat] ADDRESS|-", "查一个人的订阅", "look up one person", rollFind},
		{"leave", "[-yes] [-reason 原因] [-channel sms|wechat] ADDRESS|-", "代本人退订", "take a person off at their request", removal("leave")},
		{"erase", "[-yes] [-reason 原因] [-channel sms|wechat] ADDRESS|-", "依法删除一个人的全部信息", "erase everything about a person", removal("erase")},
	}, rollCareCommands()...)
}

// place is where a roll command finds the service.
type place struct{ config, dir string }

func (p *place) flags(f *flag.FlagSet) {
	f.StringVar(&p.config, "config", defaultConfig, "configuration file")
	f.StringVar(&p.dir, "dir", "", "a demo's data folder, instead of a configuration")
}

// reach opens the service for a command.
func (p *place) reach(ctx context.Context, do func(*app.Office) error) error {
	if p.dir == "" {
		return reach(ctx, p.config, func(o *app.Office, _ app.Config) error { return do(o) })
	}
	o, err := app.ReachDemo(ctx, p.dir, quiet())
	if err != nil {
		return err
	}
	return errors.Join(do(o), closeOffice(ctx, o))
}

// whom is the flags that say whom a list or a count is of.
type whom struct{ roll.Selection }

func (w *whom) flags(f *flag.FlagSet) {
	f.StringVar(&w.Channel, "channel", "", "sms or wechat; all unless given")
	f.Func("area", "district or town, by name or code; may be repeated", several(&w.Areas))
	f.Func("group", "group; may be repeated", several(&w.Groups))
	f.Func("hazard", "those who want to be warned of this hazard, by name or code", func(s string) error {
		w.Hazard = alert.Hazard(s)
		return nil
	})
	f.Func("level", "those who want to be warned at this level", func(s string) (err error) {
		w.Level, err = alert.ParseLevel(s)
		return err
	})
}

func several(into *[]string) func(string) error {
	return func(s string) error {
		*into = append(*into, strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(",，;；、", c) })...)
		return nil
	}
}

// operator is who acts, for the journal: the person behind sudo where there is one.
func operator() (string, error) {
	name := os.Getenv("SUDO_USER")
	if name == "" {
		u, err := user.Current()
		if err != nil {
			return "", fmt.Errorf("who acts: %w", err)
		}
		name = u.Username
	}
	return "operator:" + strings.Map(func(c rune) rune {
		if c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '_'
	}, name), nil
}

// told turns an officer's problems into lines for the terminal.
func told(err error) error {
	ps := alert.AsProblems(err)
	if ps == nil {
		return err
	}
	for _, p := range ps {
		where := ""
		if p.Line > 0 {
			where = fmt.Sprintf("第 %d 行第 %d 列 line %d, column %d: ", p.Line, p.Column, p.Line, p.Column)
		}
		fmt.Fprintf(os.Stderr, "  %s%s / %s\n", where, p.ZH, p.EN)
	}
	return &exitError{2, errors.New("没有完成，见上 / not done, see above")}
}

func rollCount(ctx context.Context, args []string, out io.Writer) error {
	var at place
	var who whom
	f := flag.NewFlagSet("roll count", flag.ContinueOnError)
	at.flags(f)
	who.flags(f)
	if err := flags(f, args); err != nil {
		return err
	}
	return at.reach(ctx, func(o *app.Office) error {
		n, err := o.CountRoll(ctx, who.Selection)
		if err != nil {
			return told(err)
		}
		places := alert.Foshan()
		for _, channel := range slices.Sorted(maps.Keys(n.Channels)) {
			fmt.Fprintf(out, "%s %d\n", channel, n.Channels[channel])
			for _, d := range slices.Sorted(maps.Keys(n.Districts[channel])) {
				fmt.Fprintf(out, "  %s %s %d\n", d, places.Name(d), n.Districts[channel][d])
			}
		}
		return nil
	})
}

// person is the flags and the word that name one person.
type person struct{ channel, address string }

// parsePerson reads the one word behind the flags. "-" is the standard input,
// which keeps the address out of the shell's history and the process list.
func parsePerson(f *flag.FlagSet, args []string, in *bufio.Reader) (p person, err error) {
	f.StringVar(&p.channel, "channel", "", "sms or wechat; told from the address unless given")
	if err := f.Parse(args); err != nil {
		return p, errUsage
	}
	if f.NArg() != 1 {
		return p, &exitError{2, fmt.Errorf("%s: want one address, or - for the standard input", f.Name())}
	}
	if p.address = f.Arg(0); p.address == "-" {
		line, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF {
			return p, fmt.Errorf("read the address: %w", err)
		}
		p.address = strings.TrimSpace(string(line))
	}
	if p.channel == "" {
		p.channel = roll.GuessChannel(p.address)
	}
	return p, nil
}

func rollFind(ctx context.Context, args []string, out io.Writer) error {
	var at place
	f := flag.NewFlagSet("roll find", flag.ContinueOnError)
	at.flags(f)
	who, err := parsePerson(f, args, bufio.NewReader(os.Stdin))
	if err != nil {
		return err
	}
	return at.reach(ctx, func(o *app.Office) error {
		s, err := o.FindOnRoll(ctx, who.channel, who.address)
		if errors.Is(err, alert.ErrNotFound) {
			return errors.New("名册里没有这个地址 / nobody on the roll has this address")
		}
		if err != nil {
			return told(err)
		}
		return showPerson(out, s)
	})
}

func showPerson(out io.Writer, s roll.Subscription) error {
	places := alert.Foshan()
	line := func(zh, en, value string) {
		if value != "" {
			fmt.Fprintf(out, "%s %-10s %s\n", zh, en, value)
		}
	}
	var areas, hazards []string
	for _, a := range s.Areas {
		areas = append(areas, places.FullName(a)+" "+a)
	}
	for _, h := range s.Hazards {
		hazards = append(hazards, h.Info().ZH)
	}
	line("编号", "id", s.ID.String())
	line("渠道", "channel", s.Channel)
	line("地址", "address", roll.Mask(s.Address))
	line("状态", "state", map[roll.State]string{roll.Active: "订阅中 active", roll.Left: "已退订 left", roll.Erased: "已删除 erased"}[s.State])
	line("区域", "areas", strings.Join(areas, "、"))
	line("分组", "groups", strings.Join(s.Groups, "、"))
	line("级别", "min level", s.MinLevel.ZH())
	line("灾种", "hazards", strings.Join(hazards, "、"))
	line("语言", "language", s.Lang)
	line("免扰", "quiet", s.Quiet.String())
	if !s.Joined.IsZero() {
		line("加入", "joined", alert.ShowTime(s.Joined))
	}
	if s.State != roll.Active {
		line("离开", "left", alert.ShowTime(s.LeftAt))
	}
	return nil
}

// removal is leave or erase.
func removal(name string) func(ctx context.Context, args []string, out io.Writer) error {
	return func(ctx context.Context, args []string, out io.Writer) error {
		var at place
		f := flag.NewFlagSet("roll "+name, flag.ContinueOnError)
		at.flags(f)
		yes := f.Bool("yes", false, "do it without asking")
		reason := f.String("reason", "", "why, for the journal; without the address")
		in := bufio.NewReader(os.Stdin)
		who, err := parsePerson(f, args, in)
		if err != nil {
			return err
		}
		by, err := operator()
		if err != nil {
			return err
		}
		ask := "退订这个人？ / take this person off the roll? "
		if name == "erase" {
			ask = "删除这个人的全部信息，不可恢复；已发给他的通知不能再撤回。 / erase everything about this person for good; what was sent to them cannot be retracted any more. "
		}
		if !*yes && !confirm(in, out, ask+masked(who)) {
			return errors.New("没有执行 / not done")
		}
		return at.reach(ctx, func(o *app.Office) error {
			do, done := o.LeaveRoll, "已退订，导入不会再把他加回来 / off the roll; no import brings them back"
			if name == "erase" {
				do, done = o.EraseFromRoll, "已删除，导入不会再把他加回来；磁盘上的旧字节在名册重写时销毁 / erased; no import brings them back; old bytes on disk go when the roll is rewritten"
			}
			if err := do(ctx, by, who.channel, who.address, *reason); err != nil {
				return told(err)
			}
			_, err := fmt.Fprintln(out, done)
			return err
		})
	}
}

// masked shows whom a question is about: enough to see that it is the right one.
func masked(p person) string {
	if a, wrong := (roll.Rules{Sample: true}).Normalise(p.channel, p.address); wrong == nil {
		return roll.Mask(a)
	}
	return roll.Mask(p.address)
}

// confirm asks on the terminal; anything but yes is no.
func confirm(in *bufio.Reader, out io.Writer, question string) bool {
	fmt.Fprintf(out, "%s [yes/no] ", question)
	answer, err := in.ReadString('\n')
	return (err == nil || err == io.EOF) && strings.TrimSpace(answer) == "yes"
}
