package console

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
	"mingluo/internal/openapi"
)

// newWriter begins a file of entries.
type newWriter func(io.Writer) (audit.Writer, error)

func auditLines(w io.Writer) (audit.Writer, error) { return audit.NewNDJSON(w), nil }

// auditFile is the same search as a file, oldest first. An export is an act of
// its own: it stands in the audit.
func (c *Console) auditFile(begin newWriter, media, name string) seatedHandler {
	return func(w http.ResponseWriter, r *http.Request, s *seat) error {
		return c.exportAudit(w, r, s.Actor, begin, media, name)
	}
}

// apiAuditFile is auditFile by the API.
func (c *Console) apiAuditFile(begin newWriter, media, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		who, err := c.bearer(r)
		if err == nil {
			err = c.exportAudit(w, r, who, begin, media, name)
		}
		if err != nil {
			c.fail(w, r, nil, err)
		}
	}
}

func (c *Console) exportAudit(w http.ResponseWriter, r *http.Request, who alert.Actor, begin newWriter, media, name string) error {
	if err := mayAudit(who); err != nil {
		return err
	}
	q, problems := auditQuery(r.URL.Query())
	if problems != nil {
		return problems
	}
	tryOf(r).told = true
	if err := c.Audit.Flush(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, name))
	ctl := http.NewResponseController(w)
	out, err := begin(w)
	if err == nil {
		err = c.Audit.Each(r.Context(), q, func(e audit.Entry) error {
			if err := ctl.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
				return err
			}
			return out.Write(e)
		})
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil { // the file has begun: a broken line says that it is not whole
		c.Log.Error("an export of the audit broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (c *Console) auditAPI(t *apiTable) {
	who := roles(alert.RoleAuditor)
	more := append(auditParams(), query("before", "下一页：上一页给出的 next", "the next page: next of the page before"), query("limit", "最多几条，1 到 1000", "how many at most, 1 to 1000"))
	t.add("GET", "/audit", c.apiAudit, openapi.Call{ZH: "审计记录，最新的在前", EN: "the audit, newest first", Roles: who, Query: more, Answer: audit.Page{}})
	for _, f := range []struct {
		name, media string
		begin       newWriter
	}{{"csv", "text/csv", audit.NewCSV}, {"ndjson", "application/x-ndjson", auditLines}} {
		t.raw("GET", "/audit/export."+f.name, c.apiAuditFile(f.begin, f.media+"; charset=utf-8", "audit."+f.name), openapi.Call{
			ZH: "审计记录导出为 " + f.name + "，最旧的在前", EN: "the audit as " + f.name + ", oldest first", Roles: who, Query: auditParams(), AnswerMedia: []string{f.media},
		})
	}
}

func (c *Console) apiAudit(r *apiRequest) (int, any, error) {
	if err := mayAudit(r.Who); err != nil {
		return 0, nil, err
	}
	q, problems := auditQuery(r.URL.Query())
	if problems != nil {
		return 0, nil, problems
	}
	limit, err := auditLimit(r.URL.Query().Get("limit"))
	if err != nil {
		return 0, nil, err
	}
	found, err := c.Audit.Find(r.Context(), q, limit)
	return http.StatusOK, found, err
}
