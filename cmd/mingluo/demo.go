package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"mingluo/internal/alert"
	"mingluo/internal/app/demo"
	"mingluo/internal/shared"
)

func runDemo(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	if demo.Serves() {
		return demo.Serve(ctx, os.Stdin, out, os.Stderr)
	}
	var c demo.Config
	f.StringVar(&c.Dir, "dir", "mingluo-demo", "data folder, kept between runs")
	f.StringVar(&c.Front, "front", "127.0.0.1:8082", "address of the front page and the phones")
	f.StringVar(&c.Public, "public", "127.0.0.1:8080", "address of the public site")
	f.StringVar(&c.Console, "console", "127.0.0.1:8081", "address of the officers' console")
	f.StringVar(&c.NATSListen, "nats-listen", "", "open the embedded server to the nats command line, such as 127.0.0.1:4222")
	f.StringVar(&c.Redis, "redis", "", "keep the audience index in this Redis: redis://host:6379, rediss://, unix:///socket; a cluster's nodes with commas")
	once := f.Bool("once", false, "play the whole story without a person, report, and end")
	capFile := f.String("cap", "", "with -once: the CAP 1.2 file to start from, - for standard input")
	asJSON := f.Bool("json", false, "with -once: report as JSON")
	verbose := f.Bool("v", false, "log what happens inside")
	if err := flags(f, args); err != nil {
		return err
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	shared.LogTo(c.Log)
	if *once {
		dirGiven := false
		f.Visit(func(f *flag.Flag) { dirGiven = dirGiven || f.Name == "dir" })
		if !dirGiven {
			c.Dir = ""
		}
		return playOnce(ctx, c, *capFile, *asJSON, out)
	}
	if *capFile != "" || *asJSON {
		return &exitError{2, errors.New("demo: -cap and -json go with -once")}
	}
	return serveDemo(ctx, c, out)
}

func serveDemo(ctx context.Context, c demo.Config, out io.Writer) error {
	d, err := demo.Supervise(ctx, c)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	greet(d, out)
	err = untilStopped(ctx, d.Failed(), d.Stop)
	if err == nil {
		fmt.Fprintln(out, "\n已停止，一切都已保存；再运行一次就接着来。 / Stopped; everything is kept.")
	}
	return err
}

func greet(d *demo.Supervisor, out io.Writer) {
	for _, s := range d.Moved {
		fmt.Fprintln(out, "注意 / note:", s)
	}
	fmt.Fprintf(out, `
鸣锣 · 演示（一切都是演练，发往仿真通道） / Mingluo demo: everything is a drill

  从这里开始 / start here   %s/
  公众网页 / public site    %s/
  值班台 / console          %s/signin
  手机 / phones             %s/phones

`, d.FrontURL, d.PublicURL(), d.ConsoleURL(), d.FrontURL)
	for _, o := range d.Officers() {
		roles := ""
		for _, r := range o.Roles {
			roles += " " + r.ZH()
		}
		fmt.Fprintf(out, "  %s（%s%s） 密码 %s\n      一键登录 / one click %s\n", o.Name, o.ID, roles, o.Password, o.SignIn)
	}
	fmt.Fprintln(out)
	for _, f := range d.Facts() {
		fmt.Fprintf(out, "  %s / %s  %s\n", f.ZH, f.EN, f.Value)
	}
	if url := d.NATSURL(); url != "" {
		fmt.Fprintf(out, "  NATS %s\n", url)
	}
	fmt.Fprintln(out, "  演示用，不保证数据安全 / nothing there is safe\n\n  Ctrl-C 停止 / to stop")
}

// playOnce plays the story in a folder of its own and reports.
func playOnce(ctx context.Context, c demo.Config, capFile string, asJSON bool, out io.Writer) error {
	var file []byte
	var err error
	switch capFile {
	case "":
	case "-":
		file, err = readLimited(os.Stdin)
	default:
		file, err = readFile(capFile)
	}
	if err != nil {
		return &exitError{2, err}
	}
	if c.Dir == "" {
		if c.Dir, err = os.MkdirTemp("", "mingluo-once-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.Dir)
	}
	c.Public, c.Console, c.Bare = "127.0.0.1:0", "127.0.0.1:0", true
	report, err := demo.Story(ctx, c, file, capFile != "")
	if ps := alert.AsProblems(err); ps != nil {
		for _, p := range ps {
			where := p.Field
			if p.Line > 0 {
				where = fmt.Sprintf("line %d, column %d %s", p.Line, p.Column, p.Field)
			}
			fmt.Fprintf(os.Stderr, "mingluo: %s: %s %s\n", where, p.ZH, p.EN)
		}
		return &exitError{2, errors.New("这份 CAP 不能使用 / this CAP cannot be used")}
	}
	if err != nil {
		return err
	}
	if asJSON {
		err = report.WriteJSON(out)
	} else {
		err = report.WriteText(out)
	}
	if err != nil {
		return err
	}
	if !report.OK {
		return fmt.Errorf("the story did not end well: %v", report.Failures)
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f)
}

// maxCAPBytes is what a CAP file may have; one more byte is read to see that
// there is more.
const maxCAPBytes = 4 << 20

func readLimited(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxCAPBytes+1))
	if err == nil && len(b) > maxCAPBytes {
		err = fmt.Errorf("more than %d bytes: not a CAP message of a sane size", maxCAPBytes)
	}
	return b, err
}
