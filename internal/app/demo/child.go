package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"mingluo/channels/web"
	"mingluo/internal/app"
)

// servesEnv is set in the environment of a process that [Supervise] starts.
const servesEnv = "MINGLUO_DEMO_SERVES"

// Serves reports whether this process was started to be the service of a
// supervised demo: it has to call [Serve] and nothing else.
func Serves() bool { return os.Getenv(servesEnv) != "" }

// orders are what a supervisor writes to its service, one line of JSON. They come
// by a pipe, because they hold secrets.
type orders struct {
	Config    Config
	To        access
	Words     words
	FrontURL  string
	FreePorts bool // at the first start; later ones come back to the same ports
	Verbose   bool
}

// report is what the service answers when it serves.
type report struct {
	House house
	Moved []string
	NATS  string // for the nats command line; "" when it is not open
}

// Serve is the service of a supervised demo. It reads its orders, serves, says
// where, and goes on until ctx or its input ends: when the supervisor is gone,
// so is the service.
func Serve(ctx context.Context, in io.ReadCloser, out, log io.Writer) error {
	var o orders
	if err := json.NewDecoder(bufio.NewReader(in)).Decode(&o); err != nil {
		return fmt.Errorf("read the orders of the demo's supervisor: %w", err)
	}
	level := slog.LevelWarn
	if o.Verbose {
		level = slog.LevelDebug
	}
	o.Config.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level}))
	d := &Demo{cfg: o.Config}
	err := d.serve(ctx, o.To, o.Words, app.Options{
		FreePorts: o.FreePorts, Front: http.RedirectHandler(o.FrontURL, http.StatusFound),
		Public: map[string]http.Handler{"/phones": http.RedirectHandler(o.FrontURL+"/phones", http.StatusFound)},
		Links:  []web.Link{{ZH: "手机（仿真）", EN: "Phones (imitation)", URL: o.FrontURL + "/phones"}},
	})
	if err == nil {
		err = json.NewEncoder(out).Encode(report{Moved: d.Moved, NATS: d.Store.ClientURL(),
			House: house{Officers: d.Officers, ConsoleURL: d.ConsoleURL, PublicURL: d.PublicURL, PhonesURL: o.FrontURL + "/phones", Facts: d.facts()}})
	}
	if err == nil {
		err = d.untilGone(ctx, in)
	}
	stopping, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return errors.Join(err, d.Stop(stopping))
}

// untilGone waits for the end of ctx, of the input, or of a part.
func (d *Demo) untilGone(ctx context.Context, in io.ReadCloser) error {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, in) // nothing more comes; its end is what counts
	}()
	defer func() { in.Close(); <-gone }()
	select {
	case <-ctx.Done():
	case <-gone:
	case err := <-d.Failed():
		return err
	}
	return nil
}

// stopWithin bounds the stop of a service.
const stopWithin = 30 * time.Second
