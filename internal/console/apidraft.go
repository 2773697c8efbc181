package console

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
)

// draftAnswer is a draft as the API gives it. Seq names the save: a PUT or a
// submit gives it back, and somebody else's save in between is a conflict.
type draftAnswer struct {
	Draft    string        `json:"draft"`
	Seq      uint64        `json:"seq"`
	Mode     alert.Mode    `json:"mode"`
	Updates  string        `json:"updates,omitempty"` // the notice that it is an update of
	Content  alert.Content `json:"content"`
	Touched  []string      `json:"touched"`
	Warnings []string      `json:"warnings,omitempty"`
	Saved    time.Time     `json:"saved"`
	Notice   string        `json:"notice,omitempty"` // once it was submitted
	Rev      int           `json:"rev,omitempty"`
}

func answerDraft(d *desk.Draft) draftAnswer {
	return draftAnswer{Draft: d.ID, Seq: d.Seq, Mode: d.Mode, Updates: d.Notice, Content: d.Content, Touched: d.Touched, Warnings: d.Warnings, Saved: d.Saved, Notice: d.Submitted}
}

// apiNewNotice takes a text as JSON or as CAP 1.2 and opens a draft; with
// ?submit=1 it is put before the reviewers at once.
func (c *Console) apiNewNotice(r *apiRequest) (int, any, error) {
	n, warnings, err := c.readContent(r)
	if err != nil {
		return 0, nil, err
	}
	d, err := c.Desk.NewDraft(r.Context(), r.Who, n, warnings)
	if err != nil {
		return 0, nil, err
	}
	out := answerDraft(d)
	if q := r.URL.Query().Get("submit"); q != "" && q != "0" {
		out.Notice, out.Rev, err = c.Desk.Submit(r.Context(), r.Who, d.ID, d.Seq)
		if err != nil {
			// The caller wanted one thing and did not get it: nothing stays behind.
			if dropErr := c.Desk.DropDraft(r.Context(), r.Who, d.ID); dropErr != nil {
				c.Log.Error("drop a draft that could not be submitted", "draft", d.ID, "err", dropErr)
			}
			return 0, nil, err
		}
	}
	return http.StatusCreated, out, nil
}

func (c *Console) readContent(r *apiRequest) (alert.Content, []string, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch strings.TrimSpace(media) {
	case "application/json":
		var n alert.Content
		err := readJSON(r.Body, &n)
		c.derive(&n)
		return n, nil, err
	case "application/cap+xml", "application/xml", "text/xml":
		data, err := io.ReadAll(io.LimitReader(r.Body, maxCAP+1))
		if err != nil {
			return alert.Content{}, nil, fmt.Errorf("read the CAP file: %w", err)
		}
		if len(data) > maxCAP {
			return alert.Content{}, nil, &alert.Problem{Kind: alert.TooLarge, ZH: "CAP 文件最多 4 MiB。", EN: "A CAP file has at most 4 MiB."}
		}
		n, warnings, err := c.ImportCAP(r.Context(), data, r.Who.Mode, time.Now())
		if err == nil {
			c.preset(&n)
		}
		return n, warnings, err
	}
	return alert.Content{}, nil, &alert.Problem{Kind: alert.Invalid, Field: "Content-Type", ZH: "请用 application/json 或 application/cap+xml。", EN: "Send application/json or application/cap+xml."}
}

func (c *Console) apiDrafts(r *apiRequest) (int, any, error) {
	all, err := c.Desk.Drafts(r.Context())
	out := []draftAnswer{}
	for _, d := range all {
		if d.Mode == r.Who.Mode {
			out = append(out, answerDraft(d))
		}
	}
	return http.StatusOK, draftList{out}, err
}

// ownMode finds a draft of the caller's mode.
func (c *Console) ownMode(r *apiRequest) (*desk.Draft, error) {
	d, err := c.Desk.Draft(r.Context(), r.PathValue("draft"))
	switch {
	case err != nil:
		return nil, err
	case d.Mode != r.Who.Mode:
		return nil, otherMode()
	case d.Dropped != nil:
		return nil, &alert.Problem{Kind: alert.NotFound, Field: "draft", ZH: "这份草稿已经丢弃；POST …/undrop 把它拿回来。", EN: "The draft was dropped: POST …/undrop takes it back."}
	}
	return d, nil
}

func (c *Console) apiDraft(r *apiRequest) (int, any, error) {
	d, err := c.ownMode(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, answerDraft(d), nil
}

func (c *Console) apiSaveDraft(r *apiRequest) (int, any, error) {
	var in saveDraft
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	c.derive(&in.Content)
	d, err := c.Desk.SaveDraft(r.Context(), r.Who, r.PathValue("draft"), in.Seq, in.Content)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, answerDraft(d), nil
}

func (c *Console) apiDropDraft(r *apiRequest) (int, any, error) {
	err := c.Desk.DropDraft(r.Context(), r.Who, r.PathValue("draft"))
	return http.StatusOK, dropAnswer{r.PathValue("draft")}, err
}

func (c *Console) apiSubmit(r *apiRequest) (int, any, error) {
	var in submitDraft
	if err := readJSON(r.Body, &in); err != nil {
		return 0, nil, err
	}
	if in.Seq == 0 {
		return 0, nil, &alert.Problem{Kind: alert.Invalid, Field: "seq", ZH: "请写明 seq：您看到的是哪一次保存。", EN: "Give seq: which save you looked at."}
	}
	notice, rev, err := c.Desk.Submit(r.Context(), r.Who, r.PathValue("draft"), in.Seq)
	return http.StatusOK, done{Notice: notice, Rev: rev, State: string(alert.StateSubmitted)}, err
}

func (c *Console) apiPreview(r *apiRequest) (int, any, error) {
	var n alert.Content
	if err := readJSON(r.Body, &n); err != nil {
		return 0, nil, err
	}
	c.derive(&n)
	p, err := c.Desk.Preview(r.Context(), r.Who.Mode, n)
	return http.StatusOK, previewAnswer{c.statement(zh, r.Who.Mode, &n, p.Audience), p}, err
}
