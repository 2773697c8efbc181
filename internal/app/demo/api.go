package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

// officerAPI is an officer at the service's API, over a real socket, as any
// script would be.
type officerAPI struct {
	consoleURL, token string
}

func (h *house) as(officer string) officerAPI {
	for _, o := range h.Officers {
		if o.ID == officer {
			return officerAPI{h.ConsoleURL, o.Token}
		}
	}
	return officerAPI{consoleURL: h.ConsoleURL}
}

// capFile is a body that is a CAP file; anything else goes as JSON.
type capFile []byte

// draft and noticeRev are what the API answers, as far as it is needed here.
type draft struct {
	ID      string        `json:"draft"`
	Seq     uint64        `json:"seq"`
	Content alert.Content `json:"content"`
	Touched []string      `json:"touched"`
}

type noticeRev struct {
	ID   string `json:"notice"`
	Rev  int    `json:"rev"`
	Hash string `json:"hash"`
}

const (
	apiPatience  = 15 * time.Second
	maxAPIAnswer = 4 << 20
)

// call asks the API. Each question has a connection of its own: the process at
// the other end may just have been killed.
func (o officerAPI) call(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	media, b := "application/json", []byte(nil)
	switch x := body.(type) {
	case nil:
	case capFile:
		media, b = "application/cap+xml", x
	default:
		var err error
		if b, err = json.Marshal(x); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, o.consoleURL+"/api/v1"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Close = true
	r.Header.Set("Authorization", "Bearer "+o.token)
	r.Header.Set("Content-Type", media)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAPIAnswer))
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	return err
}

// issue takes a text through both officers to its release.
func (h *house) issue(ctx context.Context, c alert.Content) (n noticeRev, err error) {
	chen, li := h.as("chen"), h.as("li")
	if err := chen.call(ctx, http.MethodPost, "/notices?submit=1", c, &n); err != nil {
		return n, fmt.Errorf("submit: %w", err)
	}
	if err := li.call(ctx, http.MethodGet, "/notices/"+n.ID, nil, &n); err != nil {
		return n, fmt.Errorf("look at it: %w", err)
	}
	for _, act := range []string{"review", "sign"} {
		var done struct{}
		if err := li.call(ctx, http.MethodPost, "/notices/"+n.ID+"/"+act, map[string]any{"rev": n.Rev, "hash": n.Hash, "checklist": checklist(act)}, &done); err != nil {
			return n, fmt.Errorf("%s: %w", act, err)
		}
	}
	return n, nil
}

// progress says how far a revision has come.
func (h *house) progress(ctx context.Context, n noticeRev) (progress.Progress, error) {
	var all struct{ Revisions []progress.Progress }
	if err := h.as("li").call(ctx, http.MethodGet, "/notices/"+n.ID+"/progress", nil, &all); err != nil {
		return progress.Progress{}, err
	}
	for _, p := range all.Revisions {
		if p.Rev == n.Rev {
			return p, nil
		}
	}
	return progress.Progress{}, nil
}

// checklist is what the confidentiality review has to tick; nil for other acts.
func checklist(act string) []string {
	if act != "review" {
		return nil
	}
	return alert.Checked()
}
