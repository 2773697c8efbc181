package console

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"path/filepath"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// apiImport takes a file of subscribers as the request's body, at most 1 GiB,
// and imports it while it comes in. It answers with what came of it, or, asked
// for application/x-ndjson, with a line for every rejected row and for every
// batch as it goes. Rows before a fault stay imported: the problem says behind
// which line it stopped, and sending the file again goes on.
func (c *Console) apiImport(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	f, job, err := c.apiFile(r)
	if err != nil {
		c.fail(w, r, nil, err)
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "application/x-ndjson") {
		c.streamImport(w, r, job, f)
		return
	}
	if err := c.runImport(w, r, job, f, roll.ImportOptions{}); err != nil {
		c.fail(w, r, nil, stoppedAt(err, job.now()))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(job.now()) // the client is gone if this fails
}

// apiFile looks at everything but the body.
func (c *Console) apiFile(r *http.Request) (f roll.File, job *importJob, err error) {
	who, err := c.bearer(r)
	if err == nil {
		err = mayManage(who)
	}
	if err == nil && r.ContentLength > maxRoll {
		err = errRollSize
	}
	if err == nil {
		f.Form, err = formOf(r.Header.Get("Content-Type"))
	}
	if err != nil {
		return f, nil, err
	}
	f.Name, f.Body = fileName(r.URL.Query().Get("name")), r.Body
	return f, c.imports.begin("", f.Name, who.ID, r.ContentLength), nil
}

var errRollSize = &alert.Problem{Kind: alert.TooLarge, ZH: "文件太大，最多 1 GiB。请分成几个文件。", EN: "The file is too large, at most 1 GiB: split it."}

// formOf is the form that a media type means; "" is told from the content, since
// browsers call a CSV file many things.
func formOf(contentType string) (string, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		media = "?"
	}
	switch media {
	case "text/csv", "application/csv":
		return roll.CSV, nil
	case "application/x-ndjson", "application/jsonl", "application/x-jsonlines":
		return roll.NDJSON, nil
	case "", "text/plain", "text/tab-separated-values", "application/octet-stream", "application/vnd.ms-excel":
		return "", nil
	}
	return "", &alert.Problem{Kind: alert.Invalid, Field: "Content-Type", ZH: "请用 text/csv 或 application/x-ndjson。", EN: "Send text/csv or application/x-ndjson."}
}

// fileName is a file's name without its folder, within bounds.
func fileName(s string) string {
	if s == "" {
		return ""
	}
	name := []rune(filepath.Base(strings.ReplaceAll(s, `\`, "/")))
	return string(name[:min(len(name), 100)])
}

// stoppedAt says in an officer's words behind which line an import stopped.
func stoppedAt(err error, s importState) error {
	line := s.Report.Line
	if s.Report.Rows == 0 {
		return err
	}
	f := explain(err)
	return &alert.Problem{
		Kind: f.kind(), Line: line,
		ZH: fmt.Sprintf("导入停在第 %d 行之后，以前的行都已处理；再导入一次即可继续。%s", line, f.Detail),
		EN: fmt.Sprintf("The import stopped behind line %d; everything before is settled, and importing again goes on. %s", line, f.DetailEN),
	}
}

// streamImport answers while the body still comes in.
func (c *Console) streamImport(w http.ResponseWriter, r *http.Request, job *importJob, f roll.File) {
	ctl := http.NewResponseController(w)
	if err := ctl.EnableFullDuplex(); err != nil {
		c.fail(w, r, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	line := json.NewEncoder(w)
	_ = c.runImport(w, r, job, f, roll.ImportOptions{ // its error is the job's problem
		Rejected: func(x roll.Rejection) error { return line.Encode(map[string]any{"rejected": x}) },
		Progress: func(rep roll.Report) {
			_ = line.Encode(map[string]any{"progress": rep}) // the client is gone if this fails, and its file with it
			_ = ctl.Flush()
		},
	})
	s := job.now()
	s.Rejected, s.More = nil, 0 // told already
	_ = line.Encode(map[string]any{"done": s})
}

func (c *Console) apiImports(r *apiRequest) (int, any, error) {
	if err := mayManage(r.Who); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, importList{c.imports.all()}, nil
}

func (c *Console) apiImportState(r *apiRequest) (int, any, error) {
	if err := mayManage(r.Who); err != nil {
		return 0, nil, err
	}
	s, err := c.imports.get(r.PathValue("import"))
	return http.StatusOK, s, err
}
