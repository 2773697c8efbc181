package console

import (
	"html"
	"html/template"
	"net/http"
	"regexp"
	"strings"
)

// cardBody is the duty card: one page to print and to hang beside the desk.
type cardBody struct{ HTML template.HTML }

func (c *Console) card(w http.ResponseWriter, r *http.Request, s *seat) error {
	here := "http://" + r.Host
	if c.TLS {
		here = "https://" + r.Host
	}
	text := strings.NewReplacer("{单位}", c.SenderName, "{热线}", c.Contact, "{网站}", c.PublicSite, "{值班台}", here).Replace(c.DutyCard)
	return c.show(w, r, http.StatusOK, "card", &view{seat: s, Title: "值班卡", Nav: "card", Body: &cardBody{plainMarkdown(text)}})
}

var strong = regexp.MustCompile(`\*\*([^*]+)\*\*`)

// plainMarkdown shows headings, lists, paragraphs and bold words, which is all
// that the card uses. Everything else stands as it was written, escaped.
func plainMarkdown(text string) template.HTML {
	var out strings.Builder
	list := ""
	open := func(tag string) {
		if list == tag {
			return
		}
		if list != "" {
			out.WriteString("</" + list + ">")
		}
		if list = tag; tag != "" {
			out.WriteString("<" + tag + ">")
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		words := func(s string) string { return strong.ReplaceAllString(html.EscapeString(s), "<b>$1</b>") }
		number, step, isStep := strings.Cut(line, ". ")
		switch {
		case line == "":
			open("")
		case strings.HasPrefix(line, "# "):
			open("")
			out.WriteString("<h1>" + words(line[2:]) + "</h1>")
		case strings.HasPrefix(line, "## "):
			open("")
			out.WriteString("<h2>" + words(line[3:]) + "</h2>")
		case strings.HasPrefix(line, "- "):
			open("ul")
			out.WriteString("<li>" + words(line[2:]) + "</li>")
		case isStep && number != "" && strings.Trim(number, "0123456789") == "":
			open("ol")
			out.WriteString("<li>" + words(step) + "</li>")
		default:
			open("")
			out.WriteString("<p>" + words(line) + "</p>")
		}
	}
	open("")
	return template.HTML(out.String())
}
