package wechatapi

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

type sendRequest struct {
	ToUser      string `json:"touser"`
	TemplateID  string `json:"template_id"`
	URL         string `json:"url"`
	ClientMsgID string `json:"client_msg_id"`
	Data        map[string]struct {
		Value string `json:"value"`
	} `json:"data"`
}

func (s *Server) templateSend(w http.ResponseWriter, r *http.Request) {
	var q sendRequest
	decodeErr := json.NewDecoder(r.Body).Decode(&q)

	s.mu.Lock()
	delay := s.faults.Delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-s.stopped:
		}
	}

	s.mu.Lock()
	if strike(&s.faults.RefuseNext) {
		s.mu.Unlock()
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return
	}
	var a reply
	switch code := s.tokens.check(r.URL.Query().Get("access_token"), time.Now()); {
	case code != codeOK:
		a = reply{ErrCode: code, ErrMsg: words(code)}
	case decodeErr != nil:
		a = reply{ErrCode: codeBadJSON, ErrMsg: words(codeBadJSON)}
	default:
		a = s.send(&q, time.Now())
	}
	if a.ErrCode != codeOK {
		s.counts.Refused++
	}
	reset := strike(&s.faults.ResetNext) || slices.Contains(s.faults.ResetFor, q.ToUser)
	silent, gate := s.faults.Silent, s.faults.Gate
	s.mu.Unlock()

	if gate != nil {
		open := make(chan struct{})
		gate(func() { close(open) })
		select {
		case <-open:
		case <-s.stopped:
		}
	}
	switch {
	case reset:
		resetConnection(w)
	case silent:
		select {
		case <-r.Context().Done():
		case <-s.stopped:
		}
	default:
		answer(w, a)
	}
}

// strike uses up one of a fault's counter.
func strike(n *int) bool {
	if *n <= 0 {
		return false
	}
	*n--
	return true
}

// send decides one message. The lock is held.
func (s *Server) send(q *sendRequest, now time.Time) reply {
	if strike(&s.faults.FailNext) {
		return reply{ErrCode: s.faults.FailCode, ErrMsg: words(s.faults.FailCode)}
	}
	if code := s.faults.FailFor[q.ToUser]; code != 0 {
		return reply{ErrCode: code, ErrMsg: words(code)}
	}
	p := s.phones[q.ToUser]
	t, known := s.templates[q.TemplateID]
	switch {
	case p == nil:
		return reply{ErrCode: codeBadOpenID, ErrMsg: words(codeBadOpenID)}
	case !p.following:
		return reply{ErrCode: codeNotFollowing, ErrMsg: words(codeNotFollowing)}
	case !known:
		return reply{ErrCode: codeBadTemplate, ErrMsg: words(codeBadTemplate)}
	case s.faults.Quota < 0:
		return reply{ErrCode: codeQuota, ErrMsg: words(codeQuota)}
	}
	fields, bad := s.fill(t, q)
	if bad != "" {
		return reply{ErrCode: codeBadArgument, ErrMsg: fmt.Sprintf("argument invalid! data.%s.value invalid", bad)}
	}
	if id, again := s.seen.find(q.ToUser, q.ClientMsgID, now); again {
		s.counts.Deduplicated++
		return reply{ErrCode: codeSameMsgID, ErrMsg: words(codeSameMsgID), MsgID: id}
	}
	return s.accept(p, t, q, fields, now)
}

// fill lays the request's data out in the template's order; bad names the
// first field that does not fit.
func (s *Server) fill(t Template, q *sendRequest) (fields []Value, bad string) {
	for _, f := range t.Fields {
		v := q.Data[f.Name].Value
		if !valid(s.fieldTypes, f.Name, v) {
			return nil, f.Name
		}
		fields = append(fields, Value{Name: f.Name, Label: f.Label, Value: v})
	}
	return fields, ""
}

func (s *Server) accept(p *phone, t Template, q *sendRequest, fields []Value, now time.Time) reply {
	s.lastMsgID++
	m := Message{At: now, MsgID: s.lastMsgID, TemplateID: t.ID, Title: t.Title, Fields: fields, URL: q.URL, ClientMsgID: q.ClientMsgID}
	if p.put(m, contentHash(m), s.cfg.KeepMessages) {
		s.counts.Doubled++
	}
	s.counts.Accepted++
	s.seen.put(q.ToUser, q.ClientMsgID, m.MsgID, now)
	if s.faults.Quota > 0 {
		if s.faults.Quota--; s.faults.Quota == 0 {
			s.faults.Quota = -1
		}
	}
	s.events.finished(q.ToUser, m.MsgID, now)
	return reply{ErrMsg: words(codeOK), MsgID: m.MsgID}
}

// contentHash tells whether two messages say the same thing.
func contentHash(m Message) (h [16]byte) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q", m.TemplateID, m.URL)
	for _, f := range m.Fields {
		fmt.Fprintf(sum, " %q %q", f.Name, f.Value)
	}
	copy(h[:], sum.Sum(nil))
	return h
}

// resetConnection breaks the connection with RST, so that the caller does not
// learn what became of its request.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2, which this server does not speak
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (s *Server) templateList(w http.ResponseWriter, r *http.Request) {
	type item struct {
		TemplateID string `json:"template_id"`
		Title      string `json:"title"`
		Content    string `json:"content"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.tokens.check(r.URL.Query().Get("access_token"), time.Now()); code != codeOK {
		answerCode(w, code)
		return
	}
	list := []item{}
	for _, t := range s.cfg.Templates {
		it := item{TemplateID: t.ID, Title: t.Title}
		for _, f := range t.Fields {
			it.Content += f.Label + "：{{" + f.Name + ".DATA}}\n"
		}
		list = append(list, it)
	}
	answer(w, map[string]any{"template_list": list})
}

// defaultDailyQuota is what an account with few followers has. Source: WeChat's
// wording on template messages (100,000 a day, raised with the followers).
const defaultDailyQuota = 100_000

func (s *Server) quotaGet(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.tokens.check(r.URL.Query().Get("access_token"), time.Now()); code != codeOK {
		answerCode(w, code)
		return
	}
	remain := defaultDailyQuota
	switch {
	case s.faults.Quota < 0 || s.faults.FailNext > 0 && s.faults.FailCode == codeQuota:
		remain = 0
	case s.faults.Quota > 0:
		remain = s.faults.Quota
	}
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok",
		"quota": map[string]int{"daily_limit": defaultDailyQuota, "used": defaultDailyQuota - remain, "remain": remain}})
}
