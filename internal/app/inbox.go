package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/internal/alert"
	"mingluo/internal/cap"
	"mingluo/internal/desk"
)

// InboxConfig says from where signals and applications come by themselves.
type InboxConfig struct {
	Folder  string   `toml:"folder"`  // CAP files put here are taken; "" watches none
	Senders []string `toml:"senders"` // sending systems, each its name, a space and its token
}

const (
	leastToken = 32 // characters
	maxCAP     = 4 << 20
)

func (c InboxConfig) check(bad func(format string, a ...any)) {
	seen := map[string]bool{}
	for i, s := range c.Senders {
		name, token := sender(s)
		if name == "" || len(token) < leastToken || seen[token] {
			bad("inbox.senders %d: want a name, a space and a token of its own of at least %d characters", i+1, leastToken)
		}
		seen[token] = true
	}
}

func sender(s string) (name, token string) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", s
	}
	return strings.TrimSpace(s[:i]), s[i+1:]
}

// senders are the names of sending systems by the hash of their tokens.
func (c InboxConfig) senders() map[[32]byte]string {
	out := map[[32]byte]string{}
	for _, s := range c.Senders {
		name, token := sender(s)
		out[sha256.Sum256([]byte(token))] = name
	}
	return out
}

// ReceiveCAP puts a CAP message into the inbox, under the same limits as one
// that an officer uploads. A message marked as a test or an exercise lies in the
// drill's inbox. Received again it is the same item, and fresh is false.
func (a *App) ReceiveCAP(ctx context.Context, data []byte) (id string, mode alert.Mode, fresh bool, err error) {
	now := time.Now()
	parsed, _, err := cap.Parse(bytes.NewReader(data), cap.Older())
	if err != nil {
		return "", "", false, err
	}
	if mode = a.cfg.Mode; parsed.Status != "Actual" {
		mode = alert.Drill
	}
	if parsed.MsgType == "Cancel" {
		id, fresh, err = a.receiveCancel(ctx, data, parsed, mode)
		return id, mode, fresh, err
	}
	c, warnings, err := a.ImportCAP(ctx, data, mode, now)
	if err != nil {
		return "", "", false, err
	}
	in := alert.InboxReceived{From: "cap", Name: parsed.Sender, Sent: parsed.Sent, Content: c, Warnings: warnings}
	if c.Source != nil {
		in.Original = c.Source.Original
		if c.Source.Name != "" {
			in.Name = c.Source.Name
		}
	}
	if len(parsed.References) > 0 {
		in.Cancels = parsed.References[0].Identifier
	}
	id, fresh, err = a.Desk.Receive(ctx, mode, in)
	return id, mode, fresh, err
}

// receiveCancel puts the end of a signal before the officers: no text to issue,
// but a reason to lift what was made of it. They decide.
func (a *App) receiveCancel(ctx context.Context, data []byte, m *cap.Alert, mode alert.Mode) (string, bool, error) {
	sum, err := a.Store.PutAttachment(ctx, data)
	if err != nil {
		return "", false, fmt.Errorf("keep the received file: %w", err)
	}
	c := alert.Content{Kind: alert.KindRelay, Headline: "取消先前的信号", Description: m.Note, Source: &alert.Source{Sender: m.Sender, Identifier: m.Identifier, Sent: m.Sent.UTC(), Name: m.Sender, Original: sum}}
	if len(m.Info) > 0 {
		c.Headline, c.Description = cmp.Or(m.Info[0].Headline, c.Headline), cmp.Or(m.Info[0].Description, c.Description)
	}
	in := alert.InboxReceived{From: "cap", Name: m.Sender, Sent: m.Sent, Content: c, Original: sum}
	if len(m.References) > 0 {
		in.Cancels = m.References[0].Identifier
	}
	return a.Desk.Receive(ctx, mode, in)
}

// openInbox tells officers of what came in, and watches the folder.
func (a *App) openInbox(k *calling) error {
	usher := &desk.Usher{Book: a.Book, Officers: k.officers, Means: k.means, Ring: k.ringInbox, After: time.Duration(a.cfg.Desk.UnseenAfter), Log: a.log.With("part", "inbox")}
	a.life.run("inbox", usher.Run)
	if a.cfg.Inbox.Folder == "" {
		return nil
	}
	root, err := os.OpenRoot(a.cfg.Inbox.Folder)
	if err != nil {
		return fmt.Errorf("inbox.folder: %w", err)
	}
	a.life.onStop("inbox folder", func(context.Context) error { return root.Close() })
	a.life.run("inbox folder", func(ctx context.Context) error { return a.watchFolder(ctx, root) })
	return nil
}

// ringInbox reaches the officer at the own number, as a call does.
func (k *calling) ringInbox(ctx context.Context, told alert.InboxTold, o alert.Officer, it alert.InboxItem) {
	ctx, cancel := context.WithTimeout(ctx, ringWithin)
	defer cancel()
	c := &it.Content
	m := channels.Direct{
		ID: fmt.Sprintf("inbox-%s-%d", it.ID, told.No), Mode: it.Mode,
		What: "收件箱：" + c.Hazard.Info().ZH + c.Level.ZH() + c.Kind.ZH(), Where: k.places.Describe(c.Areas), Action: "请打开收件箱，不打开就告诉下一位", Issuer: k.bureau,
		From: it.At.At, Until: time.Now().Add(k.valid), URL: k.console + "/signin",
	}
	to := ways(o)
	for _, ch := range k.channels {
		teller, ok := ch.(channels.Teller)
		if ok && slices.Contains(told.Means, ch.Name()) {
			m.Address = to[ch.Name()]
			k.tell(ctx, teller, m, ch.Name())
		}
	}
}

const (
	lookInFolder = 2 * time.Second
	fileSettled  = 2 * time.Second // a file that somebody still writes to is left alone
)

// watchFolder takes the CAP files of a folder until ctx ends. What was taken
// goes to done, what was refused to refused, with the reason beside it.
func (a *App) watchFolder(ctx context.Context, root *os.Root) error {
	tick := time.NewTicker(lookInFolder)
	defer tick.Stop()
	for {
		if err := a.takeFiles(ctx, root, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Error("look into the inbox folder", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// takeFiles takes every settled file once, by name.
func (a *App) takeFiles(ctx context.Context, root *os.Root, now time.Time) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !isCAP(e.Name()) || now.Sub(info.ModTime()) < fileSettled {
			continue
		}
		if err := a.takeFile(ctx, root, e.Name()); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", e.Name(), err))
		}
	}
	return errors.Join(errs...)
}

func isCAP(name string) bool {
	low := strings.ToLower(name)
	return !strings.HasPrefix(name, ".") && (strings.HasSuffix(low, ".xml") || strings.HasSuffix(low, ".cap"))
}

func (a *App) takeFile(ctx context.Context, root *os.Root, name string) error {
	data, err := readAtMost(root, name, maxCAP)
	var id string
	if err == nil {
		id, _, _, err = a.ReceiveCAP(ctx, data)
	}
	ps := alert.AsProblems(err)
	switch {
	case err == nil:
		a.log.Info("a signal came in", "file", name, "item", id)
		return moveTo(root, "done", name)
	case ps == nil || ps[0].Kind == alert.Unready || ps[0].Kind == alert.Blocked:
		return err // not the file's fault: it is taken later
	}
	if err := moveTo(root, "refused", name); err != nil {
		return err
	}
	var why strings.Builder
	for _, p := range ps {
		fmt.Fprintf(&why, "%s\n%s\n", p.ZH, p.EN)
	}
	a.log.Warn("a file of the inbox folder was refused", "file", name, "why", ps)
	return root.WriteFile(path.Join("refused", name+".txt"), []byte(why.String()), 0o640)
}

func readAtMost(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &alert.Problem{Kind: alert.TooLarge, Field: "cap", ZH: "文件太大，最多 4 MiB。", EN: "The file is too large: at most 4 MiB."}
	}
	return data, err
}

func moveTo(root *os.Root, dir, name string) error {
	if err := root.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return root.Rename(name, path.Join(dir, name))
}
