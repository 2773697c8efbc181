package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"mingluo/internal/alert"
)

// Report is what a story ends with.
type Report struct {
	OK       bool     `json:"ok"`
	Mode     string   `json:"mode"`
	Notice   string   `json:"notice"`
	Failures []string `json:"failures"`

	CAP CAPReport `json:"cap"`

	AckMS         float64 `json:"release_to_ack_ms"`  // release to acknowledged on disk
	PageMS        float64 `json:"release_to_page_ms"` // release to the bytes on an open page
	RetractPageMS float64 `json:"retract_to_page_ms"`

	Delivery       []ChannelReport          `json:"delivery"`
	Retraction     []ChannelReport          `json:"retraction"`
	SentNotice     int                      `json:"sent_notice"`     // people, from the ledger
	SentRetraction int                      `json:"sent_retraction"` // the same people
	Carriers       map[string]CarrierReport `json:"carriers"`        // what they counted themselves
	Duties         []DutyReport             `json:"duties"`
}

// CAPReport is what was taken from the file.
type CAPReport struct {
	Sender     string    `json:"sender"`
	Identifier string    `json:"identifier"`
	Headline   string    `json:"headline"`
	Level      string    `json:"level"`
	AreaDesc   string    `json:"area_desc"`
	Areas      []string  `json:"areas"`
	Expires    time.Time `json:"expires"`
	Warnings   []string  `json:"warnings"`
	ByHand     []string  `json:"by_hand"` // what the officer had to add
}

// ChannelReport is what became of one channel's people.
type ChannelReport struct {
	Channel   string         `json:"channel"`
	Route     string         `json:"route"`
	Imitation bool           `json:"imitation"` // 仿真通道
	Audience  int            `json:"audience"`
	Settled   int            `json:"settled"`
	States    map[string]int `json:"states"`
	Repeats   int            `json:"repeats"`
	FirstMS   float64        `json:"release_to_first_ms"`
	LastMS    float64        `json:"release_to_last_ms"`
}

// CarrierReport is the other end's own count.
type CarrierReport struct {
	Messages int `json:"messages"`
	Distinct int `json:"distinct"`
	Doubled  int `json:"doubled"`
}

// DutyReport is one clock.
type DutyReport struct {
	Incident   string            `json:"incident"`
	Duty       string            `json:"duty"`
	Name       string            `json:"name"`
	Start      time.Time         `json:"start"`
	Due        time.Time         `json:"due"`
	Met        time.Time         `json:"met,omitzero"`
	MetBy      string            `json:"met_by,omitempty"`
	Milestones []MilestoneReport `json:"milestones"`
}

// MilestoneReport is a reminder, a miss or a fulfilment that was recorded.
type MilestoneReport struct {
	What     string    `json:"what"`
	Planned  time.Time `json:"planned"`
	Recorded time.Time `json:"recorded"`
}

// WriteJSON writes one object.
func (r Report) WriteJSON(w io.Writer) error {
	r.Mode = string(alert.Drill)
	if r.Failures == nil {
		r.Failures = []string{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes it for a person.
func (r Report) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	p := func(format string, a ...any) { fmt.Fprintf(tw, format+"\n", a...) }
	p("【演练】%s", r.CAP.Headline)
	p("来源 source\t%s %s", r.CAP.Sender, r.CAP.Identifier)
	p("地区 area\t%s → %s", short(r.CAP.AreaDesc), strings.Join(r.CAP.Areas, " "))
	for _, x := range r.CAP.Warnings {
		p("提示 note\t%s", x)
	}
	for _, x := range r.CAP.ByHand {
		p("人工 by hand\t%s", x)
	}
	p("发布 release\t落盘 on disk %.1f ms，网页 open page %.1f ms", r.AckMS, r.PageMS)
	writeChannels(p, "通知 notice", r.Delivery)
	p("撤回 retraction\t网页 open page %.1f ms；原收件 sent %d 人，撤回 retracted %d 人", r.RetractPageMS, r.SentNotice, r.SentRetraction)
	writeChannels(p, "撤回 retraction", r.Retraction)
	for _, name := range sorted(r.Carriers) {
		c := r.Carriers[name]
		p("仿真通道 carrier %s\t收到 %d 条，%d 个地址，重复 %d", name, c.Messages, c.Distinct, c.Doubled)
	}
	for _, d := range r.Duties {
		state := "未完成 open"
		if !d.Met.IsZero() {
			state = "完成 met " + alert.ShowTime(d.Met)
		}
		p("时限 duty\t%s %s\t起算 %s\t到期 %s\t%s", d.Incident, d.Name, alert.ShowTime(d.Start), alert.ShowTime(d.Due), state)
		for _, m := range d.Milestones {
			p("\t  %s\t应于 %s\t记于 %s", alert.MilestoneWhat(m.What).ZH(), alert.ShowTime(m.Planned), alert.ShowTime(m.Recorded))
		}
	}
	for _, f := range r.Failures {
		p("失败 FAILED\t%s", f)
	}
	if r.OK {
		p("全部到位 everybody is settled")
	}
	return tw.Flush()
}

func writeChannels(p func(string, ...any), title string, rs []ChannelReport) {
	for _, c := range rs {
		var states []string
		for _, s := range sorted(c.States) {
			if c.States[s] > 0 {
				states = append(states, fmt.Sprintf("%s %d", s, c.States[s]))
			}
		}
		label := ""
		if c.Imitation {
			label = "（仿真通道）"
		}
		p("%s\t%s%s %d 人\t%s\t首 first %.0f ms，末 last %.0f ms", title, c.Channel, label, c.Audience, strings.Join(states, "，"), c.FirstMS, c.LastMS)
	}
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
