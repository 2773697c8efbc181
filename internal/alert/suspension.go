package alert

import "strings"

// SuspensionSentences says a notice's confirmed class suspensions in as few
// words as it can: districts with the same wording share one sentence, because
// every 67 characters of a text message are another message.
func SuspensionSentences(all []Suspension) []string {
	type wording struct{ where, what string }
	var said []wording
next:
	for _, s := range all {
		if !s.Confirmed {
			continue
		}
		where, what, ok := strings.Cut(s.Text, "：")
		if !ok {
			where, what = "", s.Text
		}
		for i := range said {
			if ok && said[i].where != "" && said[i].what == what {
				said[i].where += "、" + where
				continue next
			}
		}
		said = append(said, wording{where, what})
	}
	var out []string
	for _, w := range said {
		if w.where != "" {
			w.what = w.where + "：" + w.what
		}
		out = append(out, w.what)
	}
	return out
}
