package console

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// application is a department's request to have something released (依申请发布).
type application struct {
	Identifier string        `json:"identifier"` // the department's own number of it
	Sent       time.Time     `json:"sent"`
	Content    alert.Content `json:"content"`
}

// receipt is the acknowledgement that a sending system gets, at once and
// whenever it asks again.
type receipt struct {
	Item     string     `json:"item"`
	Mode     alert.Mode `json:"mode"`
	Received time.Time  `json:"received"`
	Known    bool       `json:"known,omitempty"` // it was received before
	State    string     `json:"state"`           // received, seen, drafted, declined
	Seen     *time.Time `json:"seen,omitempty"`
	Reason   string     `json:"reason,omitempty"` // why nothing is issued
}

func receiptOf(it *alert.InboxItem) receipt {
	out := receipt{Item: it.ID, Mode: it.Mode, Received: it.At.At, State: "received"}
	if it.Seen != nil {
		out.State, out.Seen = "seen", &it.Seen.At
	}
	if h := it.Handled; h != nil {
		if out.State = "drafted"; h.Draft == "" {
			out.State, out.Reason = "declined", h.Declined
		}
	}
	return out
}

// senderOf says which sending system the request's token belongs to.
func (c *Console) senderOf(r *http.Request) (string, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	name := c.Senders[sha256.Sum256([]byte(strings.TrimSpace(token)))]
	if !ok || name == "" {
		return "", ErrSignIn
	}
	return name, nil
}

// apiReceive takes a CAP file or an application from a sending system.
func (c *Console) apiReceive(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	name, err := c.senderOf(r)
	var id string
	var fresh bool
	if err == nil {
		id, fresh, err = c.receive(r, name)
	}
	if err != nil {
		c.fail(w, r, nil, err)
		return
	}
	status := http.StatusCreated
	if !fresh {
		status = http.StatusOK
	}
	c.writeReceipt(w, r, id, !fresh, status)
}

func (c *Console) receive(r *http.Request, name string) (id string, fresh bool, err error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch strings.TrimSpace(media) {
	case "application/cap+xml", "application/xml", "text/xml":
		data, err := io.ReadAll(io.LimitReader(r.Body, maxCAP+1))
		if err != nil {
			return "", false, fmt.Errorf("read the CAP file: %w", err)
		}
		if len(data) > maxCAP {
			return "", false, &alert.Problem{Kind: alert.TooLarge, Field: "cap", ZH: "文件太大，最多 4 MiB。", EN: "The file is too large: at most 4 MiB."}
		}
		id, _, fresh, err = c.ReceiveCAP(r.Context(), data)
		return id, fresh, err
	case "application/json":
		var in application
		if err := readJSON(r.Body, &in); err != nil {
			return "", false, err
		}
		return c.receiveApplication(r, name, in)
	}
	return "", false, &alert.Problem{Kind: alert.Invalid, Field: "Content-Type", ZH: "请发送 CAP 1.2（application/cap+xml）或 JSON。", EN: "Send CAP 1.2 (application/cap+xml) or JSON."}
}

const (
	maxIdentifier = 200
	staleAfter    = 24 * time.Hour // an application older than this is a replay (R19)
	maxAhead      = 10 * time.Minute
)

func (c *Console) receiveApplication(r *http.Request, name string, in application) (string, bool, error) {
	bad := func(field, zh, en string) (string, bool, error) {
		return "", false, &alert.Problem{Kind: alert.Invalid, Rule: "R19", Field: field, ZH: zh, EN: en}
	}
	now := time.Now()
	_, unsafe := alert.UnsafeRune(in.Identifier)
	switch {
	case in.Identifier == "" || len(in.Identifier) > maxIdentifier || unsafe:
		return bad("identifier", "请写明申请的编号，最多 200 字节。", "Give the application's identifier, at most 200 bytes.")
	case in.Sent.IsZero() || now.Sub(in.Sent) > staleAfter || in.Sent.Sub(now) > maxAhead:
		return bad("sent", "发送时间缺失，或者不在最近 24 小时内。", "The time of sending is missing, or not within the last 24 hours.")
	case strings.TrimSpace(in.Content.Headline) == "" || strings.TrimSpace(in.Content.Description) == "":
		return bad("content.headline", "申请要有标题和正文。", "An application has a headline and a description.")
	}
	in.Content.Source = &alert.Source{Sender: name, Identifier: in.Identifier, Sent: in.Sent.UTC(), Name: name}
	in.Content.Template, in.Content.Again = nil, false // a department fills in no template of ours
	return c.Desk.Receive(r.Context(), c.Modes[0], alert.InboxReceived{From: "department", Name: name, Sent: in.Sent.UTC(), Content: in.Content})
}

// apiReceipt answers what became of an item. Who sent it may ask; an item's
// name cannot be guessed.
func (c *Console) apiReceipt(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if _, err := c.senderOf(r); err != nil {
		c.fail(w, r, nil, err)
		return
	}
	c.writeReceipt(w, r, r.PathValue("item"), false, http.StatusOK)
}

func (c *Console) writeReceipt(w http.ResponseWriter, r *http.Request, id string, known bool, status int) {
	var out receipt
	c.Desk.Read(func(st *alert.State) {
		if it := st.Inbox[id]; it != nil {
			out = receiptOf(it)
		}
	})
	if out.Item == "" {
		c.fail(w, r, nil, errNoItem)
		return
	}
	out.Known = known
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // the client is gone if this fails
}

var errNoItem = &alert.Problem{Kind: alert.NotFound, Field: "item", ZH: "收件箱里没有这一件。", EN: "There is no such item in the inbox."}

// itemAnswer is an item of the inbox for an officer's program.
type itemAnswer struct {
	receipt
	From     string            `json:"from"`
	Name     string            `json:"name"`
	Sent     time.Time         `json:"sent"`
	Content  alert.Content     `json:"content"`
	Warnings []string          `json:"warnings,omitempty"`
	Cancels  string            `json:"cancels,omitempty"`
	Told     []alert.InboxTold `json:"told,omitempty"`
	Draft    string            `json:"draft,omitempty"`
}

func answerItem(it *alert.InboxItem) itemAnswer {
	out := itemAnswer{receipt: receiptOf(it), From: it.From, Name: it.Name, Sent: it.Sent, Content: it.Content, Warnings: it.Warnings, Cancels: it.Cancels, Told: it.Told}
	if it.Handled != nil {
		out.Draft = it.Handled.Draft
	}
	return out
}

type itemList struct {
	Items []itemAnswer `json:"items"`
}

// apiInbox lists what came in, newest first: what waits, or with ?past=1 all.
func (c *Console) apiInbox(r *apiRequest) (int, any, error) {
	out, all := itemList{Items: []itemAnswer{}}, r.URL.Query().Get("past") == "1"
	c.Desk.Read(func(st *alert.State) {
		for _, id := range slices.Backward(st.InboxIDs) {
			if it := st.Inbox[id]; it.Mode == r.Who.Mode && (all || it.Handled == nil) && len(out.Items) < 10*listed {
				out.Items = append(out.Items, answerItem(it))
			}
		}
	})
	return http.StatusOK, out, nil
}

// itemAct is what an officer does with an item.
type itemAct struct {
	Reason string `json:"reason"`
}

// apiInboxAct is seen, draft or decline.
func (c *Console) apiInboxAct(r *apiRequest) (int, any, error) {
	var a itemAct
	if err := readJSON(r.Body, &a); err != nil {
		return 0, nil, err
	}
	id := r.PathValue("item")
	var err error
	switch r.PathValue("act") {
	case "seen":
		err = c.Desk.SeeInbox(r.Context(), r.Who, id)
	case "draft":
		_, err = c.Desk.DraftFromInbox(r.Context(), r.Who, id, c.presetItem)
	case "decline":
		err = c.Desk.DeclineInbox(r.Context(), r.Who, id, a.Reason)
	default:
		err = errNoAct
	}
	if err != nil {
		return 0, nil, err
	}
	var out itemAnswer
	c.Desk.Read(func(st *alert.State) { out = answerItem(st.Inbox[id]) })
	return http.StatusOK, out, nil
}

// presetItem fills what an item does not say.
func (c *Console) presetItem(n *alert.Content) {
	if len(n.Channels) == 0 {
		for _, ch := range c.Channels() {
			n.Channels = append(n.Channels, ch.Name)
		}
	}
	c.derive(n)
}

func (c *Console) inboxAPI(t *apiTable) {
	t.add("GET", "/inbox", c.apiInbox, openapi.Call{
		ZH: "收到的信号和申请，最新的在前", EN: "signals and applications that came in, newest first", Answer: itemList{},
		Query: []openapi.Parameter{query("past", "1：包括已处理的", "1: also what was dealt with", "0", "1")},
	})
	one := func(word, zh, en, example string, needs ...string) openapi.Call {
		return openapi.Call{Path: word, ZH: zh, EN: en, Roles: roles(alert.RoleWriter, alert.RoleApprover), Body: itemAct{}, Needs: needs, Example: example, Answer: itemAnswer{}}
	}
	t.acts("/inbox/{item}", c.apiInboxAct,
		one("seen", "看过了", "it was looked at", `{}`),
		one("draft", "据此起草", "make a draft of it", `{}`),
		one("decline", "不发，写明原因", "issue nothing, and say why", `{"reason": "与本市无关"}`, "reason"),
	)
	if c.ReceiveCAP == nil {
		return
	}
	t.raw("POST", "/inbox", c.apiReceive, openapi.Call{
		ZH: "报送系统送来 CAP 信号或发布申请", EN: "a sending system delivers a CAP signal or an application", Status: http.StatusCreated,
		Notes: "用配置里报送系统自己的令牌。同一编号再送一次，回答 200 和同一件。 With the sending system's own token. The same identifier again is answered with 200 and the same item.",
		Body:  application{}, Needs: []string{"identifier", "sent", "content"}, Example: `{"identifier": "住建-2026-017", "sent": "2026-08-20T02:00:00Z", "content": ` + exampleContent + `}`,
		Media: []string{"application/cap+xml", "application/xml", "text/xml"}, Answer: receipt{},
	})
	t.raw("GET", "/inbox/{item}/receipt", c.apiReceipt, openapi.Call{ZH: "回执：看过没有，发了没有", EN: "the acknowledgement: was it seen, was it issued", Answer: receipt{}})
}
