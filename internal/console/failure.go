package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"mingluo/internal/alert"
)

// failure is an error as it is told: to a script as problem+json (RFC 9457), to
// an officer as a page. This file is the only place where errors meet HTTP.
type failure struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail"`
	DetailEN string         `json:"detail_en"`
	Rule     string         `json:"rule,omitempty"`
	Field    string         `json:"field,omitempty"`
	Problems alert.Problems `json:"problems,omitempty"`
}

// failureKinds lists what a failure can be, for the metrics.
func failureKinds() []string {
	return []string{"invalid", "forbidden", "conflict", "not-found", "too-large", "blocked", "unavailable", "unauthorised", "internal"}
}

func kindOf(k alert.ProblemKind) (status int, title string) {
	switch k {
	case alert.Invalid:
		return http.StatusUnprocessableEntity, "内容有缺失或错误"
	case alert.Forbidden:
		return http.StatusForbidden, "不允许这样做"
	case alert.Conflict:
		return http.StatusConflict, "有人先一步，请再看一遍"
	case alert.NotFound:
		return http.StatusNotFound, "没有找到"
	case alert.TooLarge:
		return http.StatusRequestEntityTooLarge, "太大"
	case alert.Blocked:
		return http.StatusConflict, "现在还不能这样做"
	case alert.Unready:
		return http.StatusServiceUnavailable, "记录暂时不可用"
	}
	return http.StatusInternalServerError, "内部错误"
}

// explain finds the words and the status for an error.
func explain(err error) failure {
	problem := func(kind alert.ProblemKind, zh, en string) alert.Problems {
		return alert.Problems{{Kind: kind, ZH: zh, EN: en}}
	}
	ps := alert.AsProblems(err)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case len(ps) > 0:
	case tooLarge:
		ps = problem(alert.TooLarge, "内容太大，没有接收。", "The body is too large and was not taken.")
	case errors.Is(err, errSignedOut), errors.Is(err, ErrSignIn):
		return failure{Type: "urn:mingluo:problem:unauthorised", Title: "需要登录", Status: http.StatusUnauthorized, Detail: "登录已经结束或没有登录。", DetailEN: "The sign-in has ended or is missing."}
	case errors.Is(err, alert.ErrStale), errors.Is(err, alert.ErrTaken):
		ps = problem(alert.Conflict, "有人先一步，请再看一遍。", "Somebody else was quicker: look again.")
	case errors.Is(err, alert.ErrNotFound):
		ps = problem(alert.NotFound, "没有找到。", "It was not found.")
	case errors.Is(err, alert.ErrUnknown):
		ps = problem(alert.Unready, "没有得到确认：可能已经记下，也可能没有。请先看一遍再决定是否重做。", "There was no confirmation: it may have been recorded or not. Look before you repeat it.")
	case errors.Is(err, alert.ErrFull):
		ps = problem(alert.Unready, "磁盘或存储已满，没有记下任何内容。请通知管理员。", "The record is full and nothing was written. Tell the administrator.")
	default:
		return failure{Type: "urn:mingluo:problem:internal", Title: "内部错误", Status: http.StatusInternalServerError, Detail: "服务出了差错，没有完成。请再试一次；仍不行请通知管理员。", DetailEN: "The service failed and did not finish. Try again; if it stays so tell the administrator."}
	}
	status, title := kindOf(ps[0].Kind)
	f := failure{Type: "urn:mingluo:problem:" + string(ps[0].Kind), Title: title, Status: status, Rule: ps[0].Rule, Field: ps[0].Field, Problems: ps}
	var zh, en []string
	for _, p := range ps {
		zh, en = append(zh, p.ZH), append(en, p.EN)
	}
	f.Detail, f.DetailEN = strings.Join(zh, ""), strings.Join(en, " ")
	return f
}

// kind is the problem's kind that the failure was explained from.
func (f failure) kind() alert.ProblemKind {
	return alert.ProblemKind(strings.TrimPrefix(f.Type, "urn:mingluo:problem:"))
}

// note counts a failure, and logs one that is the service's own fault.
func (c *Console) note(r *http.Request, f failure, err error) {
	c.meters.refused.WithLabelValues(strings.TrimPrefix(f.Type, "urn:mingluo:problem:")).Inc()
	tryOf(r).refused(f, err)
	if f.Status >= http.StatusInternalServerError {
		c.Log.Error("console request failed", "method", r.Method, "route", r.Pattern, "err", err)
	}
}

// fail answers with an error: JSON under /api/, a page elsewhere.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, s *seat, err error) {
	f := explain(err)
	c.note(r, f, err)
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeProblem(w, f)
		return
	}
	c.failPage(w, r, s, f)
}

func writeProblem(w http.ResponseWriter, f failure) {
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if f.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="mingluo"`)
	}
	w.WriteHeader(f.Status)
	json.NewEncoder(w).Encode(f) // the client is gone if this fails
}
