package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// RollSnapshot is a snapshot that was written.
type RollSnapshot struct {
	roll.SnapshotInfo
	Path string `json:"path"`
}

// rollHandler serves everything that commands ask about the roll. In a service
// that was opened quietly the roll is opened for the first of them.
func (a *App) rollHandler() http.Handler {
	mux := http.NewServeMux()
	a.Clerk.serveAdmin(mux)
	a.rollCareHandler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.needRoll(r.Context()); err != nil {
			answerAdmin(w, nil, err)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// rollCareHandler serves what concerns the roll as a whole.
func (a *App) rollCareHandler(mux *http.ServeMux) {
	handle := func(path string, do func(ctx context.Context, q url.Values) (any, error)) {
		mux.HandleFunc("POST /roll/"+path, func(w http.ResponseWriter, r *http.Request) {
			// A client that goes away must not stop a rewrite in the middle; the
			// process's end does.
			v, err := do(context.WithoutCancel(r.Context()), r.URL.Query())
			answerAdmin(w, v, err)
		})
	}
	handle("check", func(ctx context.Context, _ url.Values) (any, error) { return a.Care.Compare(ctx) })
	handle("snapshot", func(ctx context.Context, _ url.Values) (any, error) {
		info, path, err := a.Care.Snapshot(ctx)
		return RollSnapshot{info, path}, err
	})
	handle("rewrite", func(ctx context.Context, q url.Values) (any, error) {
		return a.RewriteRoll(ctx, q.Get("alone") == "yes")
	})
}

// RewriteRoll rewrites the roll under a new key. It refuses while a fan-out is
// open: a red alert must not meet a roll that cannot be changed.
func (a *App) RewriteRoll(ctx context.Context, alone bool) (roll.Rewritten, error) {
	if n := a.openFanouts(time.Now()); n > 0 {
		return roll.Rewritten{}, &alert.Problem{Kind: alert.Blocked,
			ZH: "正有发布在发送，名册暂不能改写：请等发送结束（或解除、停止）后再运行。",
			EN: "A fan-out is under way: rewrite the roll when it has ended, was lifted or stopped."}
	}
	r, err := a.Care.Rewrite(ctx, alone)
	if _, ok := errors.AsType[*roll.NotAloneError](err); ok {
		return r, &alert.Problem{Kind: alert.Blocked,
			ZH: "数据存放在外部 NATS 上，别的进程可能正在写名册：请先全部停止，再用 -alone 运行，然后把 keys.json 复制到各台机器。",
			EN: "The record lies on an external NATS and others may be writing to the roll: stop them all, run this with -alone, then copy keys.json to the other machines."}
	}
	return r, err
}

// openFanouts counts the releases whose sending has perhaps not ended.
func (a *App) openFanouts(now time.Time) (n int) {
	if a.Tracker == nil {
		return 0 // opened quietly: nothing is sent
	}
	a.Book.Read(func(st *alert.State) {
		n = len(st.Unfinished(now, func(p *alert.Plan) bool { return a.Tracker.Finished(p) }))
	})
	return n
}

// CheckRoll has the roll compared.
func (o *Office) CheckRoll(ctx context.Context) (f roll.Findings, err error) {
	return f, o.Ask(ctx, http.MethodPost, "/roll/check", nil, &f)
}

// SnapshotRoll has a snapshot written.
func (o *Office) SnapshotRoll(ctx context.Context) (s RollSnapshot, err error) {
	return s, o.Ask(ctx, http.MethodPost, "/roll/snapshot", nil, &s)
}

// RewriteRoll has the roll rewritten.
func (o *Office) RewriteRoll(ctx context.Context, alone bool) (r roll.Rewritten, err error) {
	path := "/roll/rewrite"
	if alone {
		path += "?alone=yes"
	}
	return r, o.Ask(ctx, http.MethodPost, path, nil, &r)
}

// VerifyRollSnapshot reads a snapshot from its first to its last byte with the
// keys in the data folder.
func VerifyRollSnapshot(c Config, path string) (roll.SnapshotInfo, error) {
	keys, err := roll.LoadKeys(filepath.Join(c.Data, rollKeyFile))
	if err != nil {
		return roll.SnapshotInfo{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return roll.SnapshotInfo{}, err
	}
	info, err := roll.ReadSnapshot(f, keys, nil)
	return info, errors.Join(err, f.Close())
}
