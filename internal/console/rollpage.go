package console

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// rollRoutes are the addresses of what administrators do with the subscribers.
func (c *Console) rollRoutes(page func(method, path string, h seatedHandler)) {
	if c.Roll == nil {
		return
	}
	page("GET", "/roll", c.rollPage)
	page("POST", "/roll/import", c.uploadRoll)
	page("GET", "/roll/imports/{import}", c.importPage)
	page("GET", "/roll/imports/{import}/rejected.csv", c.rejectedFile)
}

// isRollFile tells the requests that bring a file of subscribers.
func isRollFile(r *http.Request) bool {
	return r.URL.Path == "/api/v1/roll/import" || strings.HasPrefix(r.URL.Path, seats) && strings.HasSuffix(r.URL.Path, "/roll/import")
}

// rollView is what the subscribers' page shows.
type rollView struct {
	Job     string // the id that the next import will have
	Imports []importState
}

func (c *Console) rollPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayManage(s.Actor); err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, "roll", &view{seat: s, Title: "订阅者", Nav: "roll", Body: rollView{Job: rand.Text(), Imports: c.imports.all()}})
}

func (c *Console) importPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayManage(s.Actor); err != nil {
		return err
	}
	job, err := c.imports.get(r.PathValue("import"))
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, "rollimport", &view{seat: s, Title: "导入", Nav: "roll", Body: job})
}

// rejectedFile is the rejected rows for whoever corrects the file.
func (c *Console) rejectedFile(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayManage(s.Actor); err != nil {
		return err
	}
	job, err := c.imports.get(r.PathValue("import"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="rejected.csv"`)
	out := roll.NewRejections(w)
	for _, x := range job.Rejected {
		if err := out.Write(x); err != nil {
			return nil // the browser is gone
		}
	}
	_ = out.Flush()
	return nil
}

// uploadRoll imports a form's file while it comes in. Where it went wrong on the
// way is shown on the import's own page.
func (c *Console) uploadRoll(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayManage(s.Actor); err != nil {
		return err
	}
	if r.ContentLength > maxRoll {
		return errRollSize
	}
	job, f, err := c.rollUpload(r, s)
	if err != nil {
		return err
	}
	_ = c.runImport(w, r, job, f, roll.ImportOptions{}) // its error is the job's problem
	return seeOther(w, r, s.Base+"/roll/imports/"+job.now().ID)
}

var errNoRoll = &alert.Problem{Kind: alert.Invalid, Field: "file", ZH: "请选择一个 CSV 或 NDJSON 文件。", EN: "Choose a CSV or NDJSON file."}

// rollUpload reads a form up to its file, which is left to be read.
func (c *Console) rollUpload(r *http.Request, s *seat) (*importJob, roll.File, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, roll.File{}, errNoRoll
	}
	checked, id := false, ""
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, roll.File{}, errNoRoll
		}
		if err != nil {
			return nil, roll.File{}, fmt.Errorf("read the upload: %w", err)
		}
		switch p.FormName() {
		case "csrf", "job":
			b, err := readPart(p, 128)
			if err != nil {
				return nil, roll.File{}, err
			}
			if p.FormName() == "job" {
				id = string(b)
			} else if err := s.checkMark(string(b)); err != nil {
				return nil, roll.File{}, err
			} else {
				checked = true
			}
		case "file":
			if !checked {
				return nil, roll.File{}, errOldForm
			}
			if p.FileName() == "" {
				return nil, roll.File{}, errNoRoll
			}
			name := fileName(p.FileName())
			return c.imports.begin(id, name, s.ID, r.ContentLength), roll.File{Name: name, Body: p}, nil
		}
	}
}
