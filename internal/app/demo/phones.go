package demo

import (
	"embed"
	"html/template"
	"net/http"
	"time"

	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"when": alert.ShowTime,
}).ParseFS(pageFiles, "pages/*.html"))

// phonesView is the page of three phones and a chat.
type phonesView struct {
	SMS    []phone
	Chat   chat
	Calls  []callPhone // the officers' own
	Counts struct {
		SMS    smsc.Counts
		WeChat wechatapi.Counts
	}
	Now time.Time
}

type phone struct {
	Number   string
	Where    string
	Messages []smsc.Message // newest first
}

type chat struct {
	Name     string
	Where    string
	Messages []wechatapi.Message // newest first
}

// maxShown bounds one phone's list.
const maxShown = 12

// pages are the carriers' own pages on the public site: what arrived over the
// sockets, and nothing that the service says of itself.
func (c *Carriers) pages() map[string]http.Handler {
	return map[string]http.Handler{"/phones": http.HandlerFunc(c.phones), "/phones/": http.HandlerFunc(c.phoneFile)}
}

// phones shows the first sample phone of three districts, and one follower.
func (c *Carriers) phones(w http.ResponseWriter, r *http.Request) {
	g := alert.Foshan()
	v := phonesView{Now: time.Now()}
	seen := map[string]bool{}
	for s := range roll.Samples(g, 400, 400) {
		district := g.District(s.Areas[0])
		switch {
		case s.Channel == roll.SMS && len(v.SMS) < 3 && !seen[district] && plain(s):
			seen[district] = true
			v.SMS = append(v.SMS, phone{Number: s.Address, Where: g.FullName(s.Areas[0]), Messages: newest(c.SMS.Messages(s.Address))})
		case s.Channel == roll.WeChat && v.Chat.Name == "" && plain(s):
			v.Chat = chat{Name: s.Address, Where: g.FullName(s.Areas[0]), Messages: newest(c.WeChat.Messages(s.Address))}
		}
	}
	v.Calls = c.callPhones()
	v.Counts.SMS, v.Counts.WeChat = c.SMS.Counts(), c.WeChat.Counts()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	name := "phones.html"
	if r.URL.Query().Has("part") { // what the page's script swaps in
		name = "phones-part.html"
	}
	if err := pages.ExecuteTemplate(w, name, v); err != nil {
		c.log.Warn("show the phones", "err", err)
	}
}

// plain says whether somebody gets everything in Chinese: a good phone to show.
func plain(s roll.Subscription) bool {
	return s.Lang != "en" && s.MinLevel == alert.NoLevel && len(s.Hazards) == 0 && s.Quiet.IsZero()
}

func newest[M any](all []M) []M {
	var out []M
	for i := len(all) - 1; i >= 0 && len(out) < maxShown; i-- {
		out = append(out, all[i])
	}
	return out
}

// phoneFile serves the page's style and script, so that no page needs inline
// ones.
func (c *Carriers) phoneFile(w http.ResponseWriter, r *http.Request) {
	servePage(w, r, r.URL.Path[len("/phones/"):])
}

func servePage(w http.ResponseWriter, r *http.Request, name string) {
	switch name {
	case "demo.css", "phones.js", "power.js":
		http.ServeFileFS(w, r, pageFiles, "pages/"+name)
	default:
		http.NotFound(w, r)
	}
}
