package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/keep"
)

const keysArgs = "sheet [-html FILE] | confirm | export -o FILE | import -from FILE | restore [-from FILE]"

func runKeys(ctx context.Context, args []string, out io.Writer) error {
	verbs := map[string]func(context.Context, []string, io.Writer) error{
		"sheet": keysSheet, "confirm": keysConfirm, "export": keysExport, "import": keysImport, "restore": keysRestore,
	}
	if len(args) == 0 || verbs[args[0]] == nil {
		return &exitError{2, errors.New("keys: want " + keysArgs)}
	}
	return verbs[args[0]](ctx, args[1:], out)
}

// keysFlags are the flags that every keys command has; more adds its own.
func keysFlags(name string, args []string, more func(*flag.FlagSet)) (app.Config, error) {
	f := flag.NewFlagSet("keys "+name, flag.ContinueOnError)
	path := f.String("config", defaultConfig, "configuration file")
	if more != nil {
		more(f)
	}
	if err := flags(f, args); err != nil {
		return app.Config{}, err
	}
	c, err := app.Load(*path)
	if err != nil {
		return c, &exitError{2, err}
	}
	return c, nil
}

func keysSheet(_ context.Context, args []string, out io.Writer) error {
	var file string
	c, err := keysFlags("sheet", args, func(f *flag.FlagSet) {
		f.StringVar(&file, "html", "", "write a page to print instead, to this file; delete it afterwards")
	})
	if err != nil {
		return err
	}
	return printSheet(c, file, out)
}

func printSheet(c app.Config, file string, out io.Writer) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	sheet, err := app.NewSheet(c, host, time.Now())
	if err != nil {
		return err
	}
	return showSheet(sheet, file, out)
}

// createPrivate writes a file that only its owner reads, never over another.
func createPrivate(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

func keysConfirm(ctx context.Context, args []string, out io.Writer) error {
	c, err := keysFlags("confirm", args, nil)
	if err != nil {
		return err
	}
	phrase, err := newAsker(out).ask(ctx, "恢复页上的 24 位核对码 / test phrase on the sheet:", "")
	if err != nil {
		return err
	}
	return reachConfig(ctx, c, func(office *app.Office) error {
		if err := office.Ask(ctx, http.MethodPost, "/keys/tested", struct{ Phrase string }{phrase}, nil); err != nil {
			return sentences(err)
		}
		fmt.Fprintln(out, "已核对并记录 / tested and recorded")
		return nil
	})
}

// sentences says an officer's problems in both languages.
func sentences(err error) error {
	ps := alert.AsProblems(err)
	if ps == nil {
		return err
	}
	var lines []string
	for _, p := range ps {
		lines = append(lines, p.ZH+" / "+p.EN)
	}
	return errors.New(strings.Join(lines, "\n"))
}

func keysExport(ctx context.Context, args []string, out io.Writer) error {
	var file, from string
	c, err := keysFlags("export", args, func(f *flag.FlagSet) {
		f.StringVar(&file, "o", "", "file")
		f.StringVar(&from, "passphrase-file", "", "read the passphrase from this file")
	})
	if err != nil {
		return err
	}
	if file == "" {
		return &exitError{2, errors.New("keys export: -o FILE is missing")}
	}
	files, err := app.ReadKeyFiles(c.Data)
	if err != nil {
		return err
	}
	kit, err := app.ReadKit(c.Data)
	if err != nil {
		return err
	}
	passphrase, err := newPassphrase(ctx, newAsker(out), from)
	if err != nil {
		return err
	}
	sealed, err := keep.Seal(files, passphrase, kit.Fingerprint(), time.Now(), keep.StandardCost())
	if err == nil {
		err = createPrivate(file, sealed)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "密钥已写入 %s（指纹 %s）。不要和备份放在一起；口令另存。\nThe keys are in %s (fingerprint %s). Keep them apart from the backups, and the passphrase apart from both.\n", file, kit.Fingerprint(), file, kit.Fingerprint())
	return nil
}

// newPassphrase asks twice, or reads it from a file.
func newPassphrase(ctx context.Context, a *asker, from string) (string, error) {
	if from != "" {
		return passphraseFile(from)
	}
	for {
		first, err := a.hidden(ctx, fmt.Sprintf("口令，至少 %d 个字符 / passphrase, %d characters at least:", keep.MinPassphrase, keep.MinPassphrase))
		if err != nil {
			return "", err
		}
		if len([]rune(first)) < keep.MinPassphrase {
			fmt.Fprintln(a.out, "太短 / too short")
			continue
		}
		second, err := a.hidden(ctx, "再输一次 / again:")
		if err != nil {
			return "", err
		}
		if first == second {
			return first, nil
		}
		fmt.Fprintln(a.out, "两次不一样 / they differ")
	}
}

func passphraseFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the passphrase: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

func keysImport(ctx context.Context, args []string, out io.Writer) error {
	var file, from string
	c, err := keysFlags("import", args, func(f *flag.FlagSet) {
		f.StringVar(&file, "from", "", "file that keys export wrote")
		f.StringVar(&from, "passphrase-file", "", "read the passphrase from this file")
	})
	if err != nil {
		return err
	}
	sealed, err := os.ReadFile(file)
	if err != nil {
		return &exitError{2, fmt.Errorf("keys import: -from: %w", err)}
	}
	var passphrase string
	if from != "" {
		passphrase, err = passphraseFile(from)
	} else {
		passphrase, err = newAsker(out).hidden(ctx, "口令 / passphrase:")
	}
	if err != nil {
		return err
	}
	files, err := keep.Unseal(sealed, passphrase)
	if err != nil {
		return err
	}
	if err := app.PlaceKeyFiles(c.Data, files); err != nil {
		return err
	}
	return placed(c, out)
}

// keysRestore takes the sheet, typed by a person or from a file.
func keysRestore(ctx context.Context, args []string, out io.Writer) error {
	var from string
	c, err := keysFlags("restore", args, func(f *flag.FlagSet) {
		f.StringVar(&from, "from", "", "a file with the sheet's lines, - for standard input; else they are asked for")
	})
	if err != nil {
		return err
	}
	var kit keep.Kit
	switch from {
	case "":
		kit, err = typeSheet(ctx, newAsker(out))
	case "-":
		kit, err = keep.ReadSheet(os.Stdin)
	default:
		var f *os.File
		if f, err = os.Open(from); err != nil {
			return &exitError{2, err}
		}
		defer f.Close()
		kit, err = keep.ReadSheet(f)
	}
	if err != nil {
		return err
	}
	if err := app.PlaceKit(c.Data, kit); err != nil {
		return err
	}
	return placed(c, out)
}

// typeSheet asks for line after line; a wrong one is asked for again.
func typeSheet(ctx context.Context, a *asker) (keep.Kit, error) {
	fmt.Fprintln(a.out, "照恢复页逐行输入；大小写、空格、O 和 0 都不要紧。\nType the sheet line by line; case, blanks, O and 0 do not matter.")
	var t keep.Typing
	for !t.Done() {
		of := "?"
		if t.Total() > 0 {
			of = fmt.Sprint(t.Total())
		}
		line, err := a.ask(ctx, fmt.Sprintf("%d/%s:", t.Next(), of), "")
		if err != nil {
			return keep.Kit{}, err
		}
		if err := t.Line(line); err != nil {
			fmt.Fprintln(a.out, "  这一行不对，请再输一次 / this line is wrong, type it again:", err)
		}
	}
	return t.Kit()
}

func placed(c app.Config, out io.Writer) error {
	kit, err := app.ReadKit(c.Data)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "密钥已放入 %s，指纹 %s：请和恢复页上的对照。\nThe keys are in %s, fingerprint %s: compare it with the sheet.\n", c.Data, kit.Fingerprint(), c.Data, kit.Fingerprint())
	return nil
}
