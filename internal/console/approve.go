package console

import (
	"net/http"
	"slices"
	"strings"

	"mingluo/internal/alert"
)

// approvalBody is the one screen on which an approver decides: what would go
// out to how many, what changed and who wrote it, and two buttons.
type approvalBody struct {
	noticeBody
	Since   string // what the changes are against; Chinese, a key of the catalogue
	Changes []changeView
	Name    string // the template's, where there is one
	Tried   act    // what was typed in an act that was refused, to be kept
}

// Ticked reports whether an item of the checklist was ticked in an act that was
// refused for something else.
func (b *approvalBody) Ticked(key string) bool { return slices.Contains(b.Tried.Checklist, key) }

// changeView is one of the text's fields with what became of it.
type changeView struct {
	Label  string // a key of the catalogue
	Pieces []piece
}

// decides are the acts of the approval screen.
func decides(act string) bool {
	return slices.Contains([]string{"review", "approve", "sign", "release", "return"}, act)
}

func (c *Console) approval(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showApproval(w, r, s, act{}, nil, http.StatusOK)
}

// showApproval shows the screen, after a refused act with what was typed in it.
// A decision about another text than the present one keeps no ticks: what they
// confirmed is not what stands there now.
func (c *Console) showApproval(w http.ResponseWriter, r *http.Request, s *seat, tried act, ps alert.Problems, status int) error {
	n, _, seq, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	rev := n.Pending()
	if rev == nil && ps != nil {
		return c.showNotice(w, r, s, ps, status)
	}
	if rev == nil {
		return seeOther(w, r, s.Base+"/notices/"+n.ID) // decided already
	}
	if tried.Hash != rev.Hash {
		tried.Checklist = nil
	}
	c.looked(r, s, n)
	b := &approvalBody{noticeBody: noticeBody{ID: n.ID, Mode: n.Mode, Rev: rev, Pending: rev}, Tried: tried}
	for _, id := range rev.Touched {
		b.Mine = b.Mine || id == s.ID
		b.Touched = append(b.Touched, c.nameOf(r.Context(), id, map[string]string{}))
	}
	b.Application = c.applicationOf(r.Context(), n)
	if err := c.judge(r, s, &b.noticeBody); err != nil {
		return err
	}
	if b.Telling, err = c.telling(r.Context(), n, rev); err != nil {
		return err
	}
	if b.AskFactor, err = c.asksFactor(r.Context(), s); err != nil {
		return err
	}
	c.compare(b, n, rev)
	v := &view{seat: s, Title: rev.Content.Headline, Nav: "notices", Live: true, Seq: seq, Problems: ps, Body: b}
	return c.show(w, r, status, "approve", v)
}

// compare finds what the approver knows already, and what became of it: the
// text that was returned, the one in force, or the reviewed template.
func (c *Console) compare(b *approvalBody, n *alert.Notice, rev *alert.Revision) {
	var before alert.Content
	if prev := n.Rev(rev.No - 1); prev != nil && prev.Returned != nil {
		b.Since, before = "与退回的那一版相比", prev.Content
	} else if cur := n.Current(); cur != nil {
		b.Since, before = "与生效的这一版相比", cur.Content
	} else if use := rev.Content.Template; use != nil {
		c.Desk.Read(func(st *alert.State) {
			if t := st.Templates[use.ID].Version(use.Version); t != nil {
				b.Since, b.Name = "与审定的模板相比", t.ZH
				before = alert.Content{Headline: t.Headline, Description: t.Description, Instruction: t.Instruction}
			}
		})
	}
	if b.Since == "" {
		b.Since, before = "自由文字，没有可比的底稿", rev.Content
	}
	for _, f := range []struct{ label, before, after string }{
		{"标题", before.Headline, rev.Content.Headline},
		{"正在发生什么，会怎样", before.Description, rev.Content.Description},
		{"请公众怎样做", before.Instruction, rev.Content.Instruction},
		{"解读", before.Explained("zh"), rev.Content.Explained("zh")},
		{"停课", strings.Join(alert.SuspensionSentences(before.Suspend), ""), strings.Join(alert.SuspensionSentences(rev.Content.Suspend), "")},
	} {
		if f.before != "" || f.after != "" {
			b.Changes = append(b.Changes, changeView{f.label, ungapped(wordDiff(f.before, f.after))})
		}
	}
}
