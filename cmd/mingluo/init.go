package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/pelletier/go-toml/v2"

	"mingluo/internal/app"
)

// runInit asks, and makes an installation. With -answers or -yes it asks nobody:
// what is not answered there or by a flag is its default.
func runInit(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("init", flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file to write")
	file := f.String("answers", "", "file with answers: key = \"value\", keys as the flags below")
	yes := f.Bool("yes", false, "ask nothing; what is not given keeps its default")
	html := f.String("sheet", "", "write the recovery sheet to this file, to print, instead of the terminal")
	given := map[string]*string{}
	for _, q := range questions() {
		if !q.secret {
			given[q.key] = f.String(q.key, "", q.en)
		}
	}
	if err := flags(f, args); err != nil {
		return err
	}
	known, err := readAnswers(*file)
	if err != nil {
		return &exitError{2, err}
	}
	f.Visit(func(f *flag.Flag) {
		if v := given[f.Name]; v != nil {
			known[f.Name] = *v
		}
	})
	if _, err := os.Lstat(*path); err == nil {
		return &exitError{2, fmt.Errorf("%s 已经有了：不会在已有的安装上重装 / is there already: an installation is never made over another", *path)}
	}
	a, err := collect(ctx, newAsker(out), known, *yes || *file != "")
	if err != nil {
		return err
	}
	return install(ctx, a, *path, *html, out)
}

// readAnswers reads a file of answers; a key that nobody asks for is an error.
func readAnswers(path string) (answers, error) {
	a := answers{}
	if path == "" {
		return a, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the answers: %w", err)
	}
	if err := toml.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("read the answers in %s: %w", path, err)
	}
	asked := map[string]bool{}
	for _, q := range questions() {
		asked[q.key] = true
	}
	for key := range a {
		if !asked[key] {
			return nil, fmt.Errorf("read the answers in %s: nobody asks for %q", path, key)
		}
	}
	return a, nil
}

// collect goes through the questions. Each answer is checked at once.
func collect(ctx context.Context, ask *asker, known answers, silent bool) (answers, error) {
	a := answers{}
	if !silent {
		fmt.Fprint(ask.out, "鸣锣安装：回车采用 [ ] 里的值。 / Mingluo: Enter takes what stands in [ ].\n\n")
	}
	for _, q := range questions() {
		if q.when != nil && !q.when(a) {
			continue
		}
		v, isKnown := known[q.key]
		if !isKnown {
			v = q.def
		}
		if !silent && !isKnown {
			if err := askOne(ctx, ask, q, a); err != nil {
				return nil, err
			}
			continue
		}
		a[q.key] = v
		if p := q.problem(a); p != "" {
			return nil, &exitError{2, fmt.Errorf("%s %q: %s", q.key, v, p)}
		}
	}
	return a, nil
}

func askOne(ctx context.Context, ask *asker, q question, a answers) error {
	for {
		var v string
		var err error
		if q.secret {
			v, err = ask.hidden(ctx, q.zh+" / "+q.en)
		} else {
			v, err = ask.ask(ctx, q.zh+" / "+q.en, q.def)
		}
		if err != nil {
			return err
		}
		a[q.key] = v
		p := q.problem(a)
		if p == "" {
			return nil
		}
		fmt.Fprintln(ask.out, "  "+p)
	}
}

func install(ctx context.Context, a answers, path, html string, out io.Writer) error {
	uid, gid, err := userIDs(a["user"])
	if err != nil {
		return &exitError{2, err}
	}
	made, err := app.Install(ctx, app.Installation{Config: path, Settings: a.settings(), Admin: admin(a), UID: uid, GID: gid}, quiet())
	if err != nil {
		return err
	}
	c := made.Config
	if err := showSheet(made.Sheet, html, out); err != nil {
		return errors.Join(fmt.Errorf("the installation is made, the sheet was not written: run mingluo keys sheet -config %s: %w", path, err))
	}
	fmt.Fprintf(out, `
安装好了 / installed: %s, %s

  管理员 / administrator  %s（%s）
  密码 / password         %s
  只显示这一次；第一次登录后必须更换。 / Shown once; it has to be changed at the first sign-in.

接着 / next:
  1. 上面的恢复页放进保险柜。 / The recovery sheet above goes into the safe.
  2. systemctl enable --now mingluo    （或 / or: mingluo serve -config %s）
  3. 登录值班台 http://%s，在“密钥与备份”里输入恢复页上的核对码。
     Sign in to the console and type the sheet's test phrase under “Keys and backups”.
  4. mingluo officer add -id … -name … -roles writer,reviewer,approver   （至少两人能签发 / two who approve at least）
  5. mingluo check -config %s   还缺什么 / what is missing
`, path, c.Data, a["admin-name"], a["admin-id"], made.Password, path, c.Console.Listen, path)
	return nil
}

func showSheet(s app.Sheet, file string, out io.Writer) error {
	if file == "" {
		_, err := io.WriteString(out, "\n"+s.Text())
		return err
	}
	page, err := s.HTML()
	if err != nil {
		return err
	}
	if err := createPrivate(file, page); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "打印 %s，放进保险柜，然后删除这个文件。\nPrint %s, put it in the safe, then delete the file.\n", file, file)
	return err
}
