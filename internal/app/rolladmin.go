package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// serveAdmin answers the roll commands on this machine. Addresses stand in
// bodies, never in a URL: URLs end in logs.
func (c *Clerk) serveAdmin(mux *http.ServeMux) {
	mux.HandleFunc("POST /roll/import", c.adminImport)
	mux.HandleFunc("POST /roll/export", c.adminExport)
	mux.HandleFunc("POST /roll/count", c.adminCount)
	mux.HandleFunc("POST /roll/find", c.adminFind)
	mux.HandleFunc("POST /roll/leave", c.adminRemove(c.Leave))
	mux.HandleFunc("POST /roll/erase", c.adminRemove(c.Erase))
}

// importEvent is a line of an import's answer: what was rejected, how far it
// came, and at the end what it came to.
type importEvent struct {
	Rejected *roll.Rejection `json:"rejected,omitempty"`
	Progress *roll.Report    `json:"progress,omitempty"`
	Done     *roll.Report    `json:"done,omitempty"`
	Problems alert.Problems  `json:"problems,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// operator is who says that they act: "operator:" and a user of the machine.
var operator = regexp.MustCompile(`^operator:[A-Za-z0-9._-]{1,64}$`)

func checkOperator(by string) error {
	if !operator.MatchString(by) {
		return errors.New("say who acts: operator:USER")
	}
	return nil
}

// adminImport answers while the file still comes in.
func (c *Clerk) adminImport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	rc := http.NewResponseController(w)
	if err := errors.Join(checkOperator(q.Get("by")), rc.EnableFullDuplex()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = rc.Flush() // the header, so that the command begins to read
	line := json.NewEncoder(w)
	rep, err := c.Import(r.Context(), q.Get("by"), roll.File{Name: q.Get("name"), Form: q.Get("form"), Body: r.Body}, roll.ImportOptions{
		Rejected: func(x roll.Rejection) error { return line.Encode(importEvent{Rejected: &x}) },
		Progress: func(rep roll.Report) {
			_ = line.Encode(importEvent{Progress: &rep}) // the command is gone if this fails, and its file with it
			_ = rc.Flush()
		},
	})
	end := importEvent{Done: &rep, Problems: alert.AsProblems(err)}
	if err != nil {
		end.Error = err.Error()
	}
	_ = line.Encode(end)
}

// exportQuestion asks for a list.
type exportQuestion struct {
	By     string         `json:"by"`
	Form   string         `json:"form"`
	Reason string         `json:"reason"`
	Sel    roll.Selection `json:"selection"`
}

func (c *Clerk) adminExport(w http.ResponseWriter, r *http.Request) {
	var q exportQuestion
	if !readAdmin(w, r, &q) {
		return
	}
	err := checkOperator(q.By)
	out := &begun{ResponseWriter: w}
	if err == nil {
		_, err = c.Export(r.Context(), q.By, q.Form, q.Reason, q.Sel, out)
	}
	switch {
	case err == nil:
	case out.yes:
		w.Header().Set(http.TrailerPrefix+trailerError, err.Error())
	default:
		answerAdmin(w, nil, err)
	}
}

// begun remembers whether anything of an answer went out.
type begun struct {
	http.ResponseWriter
	yes bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

func (c *Clerk) adminCount(w http.ResponseWriter, r *http.Request) {
	var sel roll.Selection
	if !readAdmin(w, r, &sel) {
		return
	}
	n, err := c.Count(r.Context(), sel)
	answerAdmin(w, n, err)
}

// personQuestion is about one person.
type personQuestion struct {
	By      string `json:"by,omitempty"`
	Channel string `json:"channel"`
	Address string `json:"address"`
	Reason  string `json:"reason,omitempty"`
}

// found is a person's answer; Found is false when nobody has the address.
type found struct {
	Found        bool              `json:"found"`
	ID           string            `json:"id,omitempty"`
	Subscription roll.Subscription `json:"subscription"`
}

func (c *Clerk) adminFind(w http.ResponseWriter, r *http.Request) {
	var q personQuestion
	if !readAdmin(w, r, &q) {
		return
	}
	s, err := c.Find(r.Context(), q.Channel, q.Address)
	if errors.Is(err, alert.ErrNotFound) {
		answerAdmin(w, found{}, nil)
		return
	}
	answerAdmin(w, found{Found: true, ID: s.ID.String(), Subscription: s}, err)
}

func (c *Clerk) adminRemove(do func(ctx context.Context, by, channel, address, reason string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q personQuestion
		if !readAdmin(w, r, &q) {
			return
		}
		err := checkOperator(q.By)
		if err == nil {
			err = do(r.Context(), q.By, q.Channel, q.Address, q.Reason)
		}
		answerAdmin(w, struct{}{}, err)
	}
}

// ImportRoll has a file imported, and tells how it goes as [Clerk.Import] does.
func (o *Office) ImportRoll(ctx context.Context, by string, f roll.File, tell roll.ImportOptions) (roll.Report, error) {
	q := url.Values{"by": {by}, "name": {f.Name}, "form": {f.Form}}
	resp, err := o.send(ctx, http.MethodPost, "/roll/import?"+q.Encode(), f.Body)
	if err != nil {
		return roll.Report{}, err
	}
	defer resp.Body.Close()
	if err := refusal(resp); err != nil {
		return roll.Report{}, err
	}
	var last roll.Report
	for lines := json.NewDecoder(resp.Body); ; {
		var e importEvent
		if err := lines.Decode(&e); err != nil {
			return last, fmt.Errorf("import: the service did not say how it ended; behind line %d nothing is certain: %w", last.Line, err)
		}
		switch {
		case e.Done != nil:
			return *e.Done, e.err()
		case e.Rejected != nil && tell.Rejected != nil:
			if err := tell.Rejected(*e.Rejected); err != nil {
				return last, err
			}
		case e.Progress != nil:
			if last = *e.Progress; tell.Progress != nil {
				tell.Progress(last)
			}
		}
	}
}

func (e importEvent) err() error {
	if e.Problems != nil {
		return e.Problems
	}
	if e.Error != "" {
		return errors.New(e.Error)
	}
	return nil
}

// ExportRoll writes a list of people. After an error what was written is of no use.
func (o *Office) ExportRoll(ctx context.Context, by, form, reason string, sel roll.Selection, w io.Writer) error {
	return o.fetch(ctx, http.MethodPost, "/roll/export", exportQuestion{By: by, Form: form, Reason: reason, Sel: sel}, w)
}

// CountRoll counts people.
func (o *Office) CountRoll(ctx context.Context, sel roll.Selection) (n RollCount, err error) {
	err = o.Ask(ctx, http.MethodPost, "/roll/count", sel, &n)
	return n, err
}

// FindOnRoll looks for a person; nobody there is alert.ErrNotFound.
func (o *Office) FindOnRoll(ctx context.Context, channel, address string) (roll.Subscription, error) {
	var a found
	err := o.Ask(ctx, http.MethodPost, "/roll/find", personQuestion{Channel: channel, Address: address}, &a)
	if err != nil {
		return roll.Subscription{}, err
	}
	if !a.Found {
		return roll.Subscription{}, alert.ErrNotFound
	}
	a.Subscription.ID, err = alert.ParseRecipientID(a.ID)
	return a.Subscription, err
}

// LeaveRoll takes a person off the roll.
func (o *Office) LeaveRoll(ctx context.Context, by, channel, address, reason string) error {
	return o.Ask(ctx, http.MethodPost, "/roll/leave", personQuestion{By: by, Channel: channel, Address: address, Reason: reason}, nil)
}

// EraseFromRoll drops everything about a person.
func (o *Office) EraseFromRoll(ctx context.Context, by, channel, address, reason string) error {
	return o.Ask(ctx, http.MethodPost, "/roll/erase", personQuestion{By: by, Channel: channel, Address: address, Reason: reason}, nil)
}
