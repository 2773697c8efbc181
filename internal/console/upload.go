package console

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"mingluo/internal/alert"
)

// uploadCAP turns a CAP file into a draft. The file is read as a stream and
// never beyond its limit.
func (c *Console) uploadCAP(w http.ResponseWriter, r *http.Request, s *seat) error {
	data, err := readUpload(r, s)
	if err != nil {
		return err
	}
	n, warnings, err := c.ImportCAP(r.Context(), data, s.Actor.Mode, time.Now())
	if err != nil {
		return err
	}
	c.preset(&n)
	d, err := c.Desk.NewDraft(r.Context(), s.Actor, n, warnings)
	if err != nil {
		return err
	}
	return seeOther(w, r, s.Base+"/drafts/"+d.ID)
}

// preset fills what a relayed signal does not say: who we are, under which
// authority we pass it on, and all channels.
func (c *Console) preset(n *alert.Content) {
	b := c.blank(time.Now())
	if n.SenderName == "" {
		n.SenderName = b.SenderName
	}
	if n.Contact == "" {
		n.Contact = b.Contact
	}
	if n.Authority.Basis == "" {
		n.Authority = b.Authority
	}
	if n.Scope == "" {
		n.Scope = b.Scope
	}
	if len(n.Channels) == 0 {
		n.Channels = b.Channels
	}
	c.derive(n)
	if n.Suspend == nil {
		n.Suspend = alert.ProposeSuspension(c.Gazetteer, n.Hazard, n.Level, n.Areas)
	}
}

var errUpload = &alert.Problem{Kind: alert.Invalid, Field: "cap", ZH: "请选择一个 CAP 1.2 的 XML 文件。", EN: "Choose a CAP 1.2 XML file."}

func readUpload(r *http.Request, s *seat) ([]byte, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, errUpload
	}
	checked := false
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, errUpload
		}
		if err != nil {
			return nil, fmt.Errorf("read the upload: %w", err)
		}
		switch p.FormName() {
		case "csrf":
			mark, err := readPart(p, 128)
			if err == nil {
				err = s.checkMark(string(mark))
			}
			if err != nil {
				return nil, err
			}
			checked = true
		case "cap":
			if !checked {
				return nil, errOldForm
			}
			data, err := readPart(p, maxCAP)
			if err == nil && len(data) == 0 {
				err = errUpload
			}
			return data, err
		}
	}
}

func readPart(p *multipart.Part, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(p, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &alert.Problem{Kind: alert.TooLarge, Field: p.FormName(), ZH: "文件太大，最多 4 MiB。", EN: "The file is too large: at most 4 MiB."}
	}
	return data, err
}
