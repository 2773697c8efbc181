package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"mingluo/channels"
	"mingluo/channels/web"
	"mingluo/deploy"
	"mingluo/internal/alert"
	"mingluo/internal/cap"
	"mingluo/internal/console"
)

// listeners are opened before the channels, because the texts name the public
// address and carriers call back to it; they are served when everything is up.
type listeners struct{ public, console net.Listener }

// listenAll opens the two listeners and settles the addresses people use.
func (a *App) listenAll() error {
	for _, l := range []struct {
		name string
		conf ListenConfig
		to   *net.Listener
		url  *string
	}{{"public", a.cfg.Public, &a.listeners.public, &a.PublicURL}, {"console", a.cfg.Console, &a.listeners.console, &a.ConsoleURL}} {
		got, moved, err := Listen(l.conf.Listen, a.opts.FreePorts)
		if err != nil {
			return fmt.Errorf("%s.listen %s: %w", l.name, l.conf.Listen, err)
		}
		a.life.onStop(l.name+" port", func(context.Context) error { got.Close(); return nil }) // closed by its server already when all went well
		*l.to, *l.url = got, reachable(l.conf.URL, got)
		if moved {
			a.Moved = append(a.Moved, fmt.Sprintf("%s 已被占用，改用 %s / is taken, using %s", l.conf.Listen, got.Addr(), got.Addr()))
		}
	}
	return nil
}

// reply takes what people answer to a notice. Nothing acts on answers yet, but
// none is lost: it is kept with its sender's id, never the address.
func (a *App) reply(ctx context.Context, r channels.Reply) error {
	id, err := a.Roll.ID(r.Channel, r.Address)
	if err != nil {
		return nil // not an address of ours: nobody to keep it for
	}
	text := []byte(r.Text)
	if len(text) > 4096 {
		text = text[:4096]
	}
	_, err = a.Store.Put(ctx, alert.Put{Subject: "answer." + r.Channel + "." + id.String(), Data: text})
	return err
}

func (a *App) alarm(al channels.Alarm) {
	level := slog.LevelError
	if al.Over {
		level = slog.LevelInfo
	}
	a.log.Log(context.Background(), level, "alarm", "channel", al.Channel, "kind", string(al.Kind), "text", al.Text, "over", al.Over)
}

func (a *App) openSite(context.Context) (err error) {
	issuer := a.issuer()
	r := renderer{a.channels, a.pageURL}
	a.Site, err = web.New(web.Config{
		Gazetteer: a.Places, BaseURL: a.PublicURL, Hotline: a.cfg.Bureau.Hotline,
		Owner: web.Owner{NameZH: a.cfg.Bureau.Name, NameEN: a.cfg.Bureau.Name},
		CAP: func(n *alert.Notice, rev *alert.Revision) ([]byte, error) {
			return cap.FromNotice(n, rev, a.Places, issuer).Encode()
		},
		Text:        func(n *alert.Notice, rev *alert.Revision) map[string]string { return r.texts(n, rev) },
		DrillBanner: a.cfg.Mode == alert.Drill, Links: a.opts.Links, Dir: filepath.Join(a.cfg.Data, "public"),
		Log: a.log.With("part", "web"), Registry: a.Registry,
	})
	if err != nil {
		return err
	}
	a.life.onStop("published state", func(context.Context) error { return a.Site.Close() })
	a.life.run("public site", func(ctx context.Context) error { return a.Site.Run(ctx, a.Book) })
	extra := maps.Clone(a.opts.Public)
	if extra == nil {
		extra = map[string]http.Handler{}
	}
	if a.wechat != nil {
		extra["/wechat/callback"] = a.wechat.Callback()
	}
	a.serveHTTP("public", a.Site.Server(a.cfg.Public.Listen, extra), a.listeners.public)
	a.life.onStop("live push", a.Site.Stop)
	return nil
}

// texts is what each channel sends of a revision, as the public page shows it.
// A channel that cannot render it did not send it either.
func (r renderer) texts(n *alert.Notice, rev *alert.Revision) map[string]string {
	if rev.Released == nil {
		return nil
	}
	out := map[string]string{}
	for _, c := range r.channels {
		for _, chosen := range rev.Content.Channels {
			if t, err := c.Render(message(n, rev, r.pageURL), "zh"); chosen == c.Name() && err == nil {
				out[c.Name()] = t.Text
			}
		}
	}
	return out
}

func (a *App) openConsole(ctx context.Context) (err error) {
	conf := console.Config{
		Desk: a.Desk, Progress: a.Tracker, Chronicle: a.Went, SilentAfter: time.Duration(a.cfg.Desk.SilentAfter), UnseenAfter: time.Duration(a.cfg.Desk.UnseenAfter), Accounts: a.Accounts, Store: a.Store, Audit: a.Audit, ImportCAP: a.ImportCAP, Senders: a.cfg.Inbox.senders(), ReceiveCAP: a.ReceiveCAP, Roll: a.Clerk, Renderer: renderer{a.channels, a.pageURL},
		Gazetteer: a.Places, Channels: a.Channels, Groups: a.groups(), Modes: []alert.Mode{a.cfg.Mode}, Key: a.secrets.Marks,
		Idle: time.Duration(a.cfg.Session.Idle), Absolute: time.Duration(a.cfg.Session.Absolute),
		SenderName: a.cfg.Bureau.Name, Contact: a.cfg.Bureau.Hotline, PublicSite: a.PublicURL,
		Papers:    a.papers(),
		Proxies:   a.cfg.Proxy.prefixes(),
		TLS:       strings.HasPrefix(a.cfg.Console.URL, "https://"), // a proxy before us speaks it
		DemoLinks: a.opts.DemoLinks, Front: a.opts.Front, Registry: a.Registry, Log: a.log.With("part", "console"),
		Ready: map[string]func(context.Context) error{"record": a.Store.Health, "journal": a.journalReady, "site": a.siteReady},
		Parts: a.allParts, Safe: a.safe(), Apart: a.drill != nil, DutyCard: deploy.DutyCard,
	}
	if err := a.openDrillPlace(conf); err != nil {
		return err
	}
	if a.drill != nil {
		conf.Try = append(conf.Try, console.Link{ZH: "去演练值班台", EN: "To the drill desk", URL: a.DrillURL})
	}
	c, err := console.New(conf)
	if err != nil {
		return err
	}
	a.Console = c
	a.serveHTTP("console", c.Server(), a.listeners.console)
	return nil
}

func (a *App) siteReady(context.Context) error {
	if !a.Site.Ready() {
		return errors.New("the public site has not read the journal yet")
	}
	return nil
}

// groups are those and the staff, where it is a group of its own.
func (a *App) groups() []string {
	if g := a.drillGroup(); g != "" {
		return append(Groups(), g)
	}
	return Groups()
}

// Groups lists the groups of subscribers that a notice can be for.
func Groups() []string {
	return []string{"危化企业", "工地", "学校", "镇街安监办", "应急责任人", alert.GroupPublic}
}

// ImportCAP turns a CAP 1.2 file into the text of a draft. The bytes received
// are kept as an attachment, but only when the file is good: nothing of a
// refused file is stored.
func (a *App) ImportCAP(ctx context.Context, data []byte, mode alert.Mode, now time.Time) (alert.Content, []string, error) {
	imported, err := a.readCAP(data, now, mode == alert.Drill)
	if err != nil {
		return alert.Content{}, nil, err
	}
	if mode == alert.Live && imported.Mode != alert.Live {
		return alert.Content{}, nil, &alert.Problem{Kind: alert.Forbidden, Rule: "R5", Field: "status",
			ZH: "这份文件标明是测试或演练，不能在实战中使用；请在演练登录中导入。", EN: "The file says that it is a test or an exercise: import it in a drill session."}
	}
	if _, err := a.Store.PutAttachment(ctx, data); err != nil {
		return alert.Content{}, nil, fmt.Errorf("keep the received file: %w", err)
	}
	var warnings []string
	for _, w := range imported.Warnings {
		warnings = append(warnings, w.ZH)
	}
	c := imported.Content
	c.Channels = renderer{channels: a.channels}.Channels()
	return c, warnings, nil
}

// readCAP parses and maps; in a drill an alert of the past is moved to now.
func (a *App) readCAP(data []byte, now time.Time, shift bool) (*cap.Imported, error) {
	parsed, warnings, err := cap.Parse(bytes.NewReader(data), cap.Older())
	if err != nil {
		return nil, err
	}
	opts := []cap.DraftOption{cap.Original(data)}
	if shift {
		opts = append(opts, cap.Shift())
	}
	imported, err := cap.Draft(parsed, a.Places, now, opts...)
	if err != nil {
		return nil, err
	}
	imported.Warnings = append(warnings, imported.Warnings...)
	return imported, nil
}
