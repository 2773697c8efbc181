package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audit"
	"mingluo/internal/openapi"
)

// perAuditPage is how many records a page shows.
const perAuditPage = 50

// auditBody is the auditors' page: what was asked for, and what was found.
type auditBody struct {
	Form     url.Values
	Officers []alert.Officer
	Kinds    []string // what acts can be about
	Outcomes []audit.Outcome
	Found    audit.Page
	Lines    []auditLine
	Next     string // address of the next page
	CSV      string // addresses of the same search as a file
	NDJSON   string
	Failing  bool
}

type auditLine struct {
	audit.Entry
	Name  string   // the officer's
	Words []string // the act's words, Chinese where they are known
	Link  string   // the page of what it was about
}

func (c *Console) auditRoutes(page func(method, path string, h seatedHandler)) {
	page("GET", "/audit", c.auditPage)
	page("GET", "/audit/export.csv", c.auditFile(audit.NewCSV, "text/csv; charset=utf-8", "audit.csv"))
	page("GET", "/audit/export.ndjson", c.auditFile(auditLines, "application/x-ndjson; charset=utf-8", "audit.ndjson"))
}

func (c *Console) auditPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	if err := mayAudit(s.Actor); err != nil {
		return err
	}
	form := r.URL.Query()
	b := auditBody{Form: form, Kinds: auditKinds(), Outcomes: audit.Outcomes(), Failing: c.Audit.Failing() != nil}
	v := &view{seat: s, Title: "审计记录", Nav: "audit"}
	status := http.StatusOK
	q, problems := auditQuery(form)
	if problems != nil {
		v.Problems, status = problems, http.StatusUnprocessableEntity
	} else if err := c.auditFind(r.Context(), s, q, &b); err != nil {
		return err
	}
	accounts, err := c.Accounts.List(r.Context())
	if err != nil {
		return err
	}
	for _, a := range accounts {
		b.Officers = append(b.Officers, a.Officer)
	}
	v.Body = &b
	return c.show(w, r, status, "audit", v)
}

func (c *Console) auditFind(ctx context.Context, s *seat, q audit.Query, b *auditBody) (err error) {
	if b.Found, err = c.Audit.Find(ctx, q, perAuditPage); err != nil {
		return err
	}
	names := map[string]string{}
	for _, e := range b.Found.Entries {
		line := auditLine{Entry: e, Words: actWords(e.Act), Link: c.auditLink(s, &e)}
		if e.Officer != "" {
			line.Name = c.nameOf(ctx, e.Officer, names)
		}
		b.Lines = append(b.Lines, line)
	}
	at := func(path string, next uint64) string {
		f := url.Values{}
		for _, k := range []string{"officer", "object", "act", "outcome", "from", "until"} {
			if v := b.Form.Get(k); v != "" {
				f.Set(k, v)
			}
		}
		if next > 0 {
			f.Set("before", strconv.FormatUint(next, 10))
		}
		return s.Base + path + "?" + f.Encode()
	}
	if b.Found.Next > 0 {
		b.Next = at("/audit", b.Found.Next)
	}
	b.CSV, b.NDJSON = at("/audit/export.csv", 0), at("/audit/export.ndjson", 0)
	return nil
}

// auditLink is the page of what an entry is about, when there is one to see in
// this mode.
func (c *Console) auditLink(s *seat, e *audit.Entry) (link string) {
	c.Desk.Read(func(st *alert.State) {
		if n := st.Notices[e.Object]; n != nil && n.Mode == s.Actor.Mode {
			link = s.Base + "/notices/" + e.Object
		} else if inc := st.Incidents[e.Object]; inc != nil && inc.Mode == s.Actor.Mode {
			link = s.Base + "/incidents/" + e.Object
		} else if h := st.Templates[e.Object]; h != nil && h.Mode == s.Actor.Mode {
			link = s.Base + "/templates/" + e.Object
		}
	})
	return link
}

// refusedOutcome is the form's word for everything but what was done.
const refusedOutcome = "refused"

// auditQuery reads a search, of the page and of the API alike. Days and minutes
// without a zone are Beijing's.
func auditQuery(f url.Values) (audit.Query, alert.Problems) {
	var ps alert.Problems
	bad := func(field, zh, en string) {
		ps = append(ps, &alert.Problem{Kind: alert.Invalid, Field: field, ZH: zh, EN: en})
	}
	q := audit.Query{Officer: strings.TrimSpace(f.Get("officer")), Object: strings.TrimSpace(f.Get("object")), Act: f.Get("act")}
	switch o := f.Get("outcome"); {
	case o == refusedOutcome:
		q.Refused = true
	case o != "" && audit.Outcome(o).ZH() == "":
		bad("outcome", "没有这种结果。", "There is no such outcome.")
	default:
		q.Outcome = audit.Outcome(o)
	}
	when := func(field string) time.Time {
		t, err := readMoment(f.Get(field))
		if err != nil {
			bad(field, "时间看不懂，请写成 2026-08-20T03:00。", "The time cannot be read: write it like 2026-08-20T03:00.")
		}
		return t
	}
	q.From, q.Until = when("from"), when("until")
	if s := f.Get("before"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			bad("before", "页码看不懂。", "The page cannot be read.")
		}
		q.Before = n
	}
	return q, ps
}

// readMoment reads "", 2026-08-20, 2026-08-20T03:00 or RFC 3339.
func readMoment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, alert.Beijing()); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Parse(time.RFC3339, s)
}

// auditLimit reads how many entries a program asks for.
func auditLimit(s string) (int, error) {
	if s == "" {
		return perAuditPage, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1000 {
		return 0, &alert.Problem{Kind: alert.Invalid, Field: "limit", ZH: "limit 是 1 到 1000 的数。", EN: "limit is a number from 1 to 1000."}
	}
	return n, nil
}

// auditParams describes a search for the API.
func auditParams() []openapi.Parameter {
	outcomes := []string{"", refusedOutcome}
	for _, o := range audit.Outcomes() {
		outcomes = append(outcomes, string(o))
	}
	return []openapi.Parameter{
		query("officer", "值班员账号", "the officer's id"), query("object", "通知、草稿或事件的编号", "a notice's, draft's or incident's id"),
		query("act", "操作，如 notices.approve；notices 为这一类全部", "an act like notices.approve; notices stands for all of its kind"),
		query("outcome", "结果；refused 为全部未完成的", "what came of it; refused is everything that was not done", outcomes...),
		query("from", "从何时起，北京时间或 RFC 3339", "from when on, Beijing time or RFC 3339"), query("until", "到何时为止（不含）", "until when, not included"),
	}
}
