package console

import (
	"net/http"
	"strconv"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

// refusedBody lists those whom a release did not reach: where, of which group,
// on which channel, why, in the carrier's own code. Never who.
type refusedBody struct {
	ID       string
	Headline string
	Rev      int
	Channels []refusedChannel
}

type refusedChannel struct {
	Channel string
	Reasons []reasonLine
	People  []refusedLine
	More    int
}

type refusedLine struct {
	progress.Refusal
	Word string
}

func (c *Console) refusedPage(w http.ResponseWriter, r *http.Request, s *seat) error {
	n, _, seq, err := c.findNotice(r.PathValue("notice"), s)
	if err != nil {
		return err
	}
	rev, account, err := c.accountOf(r, n)
	if err != nil {
		return err
	}
	b := &refusedBody{ID: n.ID, Headline: rev.Content.Headline, Rev: rev.No}
	for _, ch := range rev.Content.Channels {
		a := account.Channels[ch]
		x := refusedChannel{Channel: ch, Reasons: reasonsOf(a.Reasons), More: a.More}
		for _, p := range a.People {
			x.People = append(x.People, refusedLine{p, reasonWord(p.State, p.Code)})
		}
		b.Channels = append(b.Channels, x)
	}
	return c.show(w, r, http.StatusOK, "refused", &view{seat: s, Title: "没有送到的人", Nav: "notices", Live: true, Seq: seq, Body: b})
}

// accountOf reads the release that ?rev names, or the newest.
func (c *Console) accountOf(r *http.Request, n *alert.Notice) (*alert.Revision, progress.Account, error) {
	rev := n.Current()
	if asked := r.URL.Query().Get("rev"); asked != "" {
		no, err := strconv.Atoi(asked)
		if err != nil {
			no = 0
		}
		rev = n.Rev(no)
	}
	if rev == nil || rev.Released == nil {
		return nil, progress.Account{}, &alert.Problem{Kind: alert.NotFound, Field: "rev", ZH: "这一版没有发布过。", EN: "That revision was not released."}
	}
	if c.Chronicle == nil {
		return nil, progress.Account{}, &alert.Problem{Kind: alert.Unready, ZH: "本机不读发送明细。", EN: "This process does not read how releases went."}
	}
	return rev, c.Chronicle.Look(r.Context(), n.ID, rev.No, rev.Released.At), nil
}

// wentAnswer is how a release went, for programs.
type wentAnswer struct {
	Notice   string                             `json:"notice"`
	Rev      int                                `json:"rev"`
	Released time.Time                          `json:"released"`
	Silent   []string                           `json:"silent"` // channels of which nothing was heard for too long; plan: it was not planned
	Channels map[string]progress.ChannelAccount `json:"channels"`
}

func (c *Console) apiWent(r *apiRequest) (int, any, error) {
	n, err := c.apiFind(r)
	if err != nil {
		return 0, nil, err
	}
	rev, account, err := c.accountOf(r.Request, n)
	if err != nil {
		return 0, nil, err
	}
	out := wentAnswer{Notice: n.ID, Rev: rev.No, Released: rev.Released.At, Silent: []string{}, Channels: account.Channels}
	if p, ok := c.Progress.Of(n.ID, rev.No); ok {
		for _, s := range c.silent(p, time.Now()) {
			if s.Channel == "" {
				s.Channel = "plan"
			}
			out.Silent = append(out.Silent, s.Channel)
		}
	}
	return http.StatusOK, out, nil
}
