package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// adminHandler is what commands on this machine ask of the process that owns the
// data folder. The socket is its user's alone, so nobody signs in here.
func (a *App) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/journal", a.Book.AdminHandler())
	mux.Handle("/journal/", a.Guard.AdminHandler())
	mux.HandleFunc("GET /backup", a.adminBackup)
	mux.HandleFunc("POST /backup/made", a.adminBackupMade)
	mux.Handle("/roll/", a.rollHandler())
	mux.HandleFunc("GET /check", a.adminCheck)
	mux.HandleFunc("POST /keys/tested", a.adminTested)
	a.officerRoutes(mux)
	return mux
}

// trailerError carries what went wrong in an answer that had begun.
const trailerError = "Mingluo-Error"

func (a *App) adminBackup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-tar")
	if _, err := a.Backup(r.Context(), w); err != nil {
		a.log.Warn("a backup was not made", "err", err)
		w.Header().Set(http.TrailerPrefix+trailerError, err.Error())
	}
}

func (a *App) adminBackupMade(w http.ResponseWriter, r *http.Request) {
	var s BackupStatus
	if !readAdmin(w, r, &s) {
		return
	}
	answerAdmin(w, nil, a.backups.made(s))
}

func (a *App) adminTested(w http.ResponseWriter, r *http.Request) {
	var q struct{ Phrase string }
	if readAdmin(w, r, &q) {
		answerAdmin(w, nil, a.TestPhrase(r.Context(), alert.Actor{Officer: alert.Officer{ID: "system"}}, q.Phrase))
	}
}

// maxAdmin bounds what a command may send.
const maxAdmin = 64 << 10

func readAdmin(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdmin))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		http.Error(w, "want JSON: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// answerAdmin answers with v, or with what went wrong: an officer's problems as
// JSON, anything else in plain text.
func answerAdmin(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if errors.Is(err, alert.ErrNotFound) {
		err = &alert.Problem{Kind: alert.NotFound, ZH: "没有这个账号。", EN: "There is no such account."}
	}
	if ps := alert.AsProblems(err); ps != nil {
		status, v = http.StatusUnprocessableEntity, ps
	} else if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the command is gone if this fails
}

// Ask sends a command's question and reads the answer into v, which may be nil.
// An officer's problems come back as [alert.Problems].
func (o *Office) Ask(ctx context.Context, method, path string, question, v any) error {
	resp, err := o.ask(ctx, method, path, question)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if v == nil {
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("ask the service: %w", err)
	}
	return json.Unmarshal(answer, v)
}

// refusal is the error that an answer stands for; nil for a good one.
func refusal(resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAdmin))
	if err != nil {
		return fmt.Errorf("ask the service: %w", err)
	}
	if resp.StatusCode != http.StatusUnprocessableEntity {
		return errors.New(strings.TrimSpace(string(answer)))
	}
	var ps alert.Problems
	if err := json.Unmarshal(answer, &ps); err != nil {
		return fmt.Errorf("ask the service: %w", err)
	}
	return ps
}

// ask sends a question, which may be nil, and returns a good answer.
func (o *Office) ask(ctx context.Context, method, path string, question any) (*http.Response, error) {
	var body io.Reader
	if question != nil {
		b, err := json.Marshal(question)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	resp, err := o.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if err := refusal(resp); err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	return resp, nil
}

// fetch asks for something long and writes the answer to w as it comes.
func (o *Office) fetch(ctx context.Context, method, path string, question any, w io.Writer) error {
	resp, err := o.ask(ctx, method, path, question)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	if said := resp.Trailer.Get(trailerError); said != "" {
		err = errors.Join(err, errors.New(said))
	}
	return err
}

func (o *Office) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://mingluo"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := o.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the service: %w", err)
	}
	return resp, nil
}

// Backup has a backup made and saves it on this machine; to is a file or a
// folder. The service is told, so that it shows the newest backup's age.
func (o *Office) Backup(ctx context.Context, to string) (BackupStatus, error) {
	s, err := SaveBackup(to, time.Now(), func(w io.Writer) error {
		return o.fetch(ctx, http.MethodGet, "/backup", nil, w)
	})
	if err != nil {
		return s, err
	}
	return s, o.Ask(ctx, http.MethodPost, "/backup/made", s, nil)
}
