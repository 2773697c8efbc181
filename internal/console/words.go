package console

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mingluo/internal/alert"
)

// funcs are the templates' words and numbers in one language.
func (c *Console) funcs(lang string) template.FuncMap {
	t := func(text string, args ...any) string { return c.texts.say(lang, text, args...) }
	return template.FuncMap{
		"t":           t,
		"num":         anyNumber,
		"reviewItems": alert.ReviewItems,
		"at":          func(x time.Time) string { return showAt(lang, x) },
		"clock":       func(x time.Time) string { return x.In(alert.Beijing()).Format("15:04:05") },
		"span": func(d time.Duration) string {
			if d >= time.Hour {
				return t("%d 小时 %02d 分", int(d.Hours()), int(d.Minutes())%60)
			}
			return t("%d 分 %02d 秒", int(d.Minutes()), int(d.Seconds())%60)
		},
		"iso":  func(x time.Time) string { return x.UTC().Format(time.RFC3339) },
		"left": func(now, due time.Time) string { return t(leftFormat(now, due), leftArgs(now, due)...) },
		"say": func(p *alert.Problem) string {
			if lang == en {
				return p.EN
			}
			return p.ZH
		},
		"level": func(l alert.Level) string { return t(l.ZH()) },
		"hazard": func(h alert.Hazard) string {
			if lang == en {
				return h.Info().EN
			}
			return h.Info().ZH
		},
		"act":     actWords,
		"channel": func(name string) string { return t(channelZH(name)) },
		"group":   func(name string) string { return t(name) },
		"area":    c.Gazetteer.FullName,
		"areas": func(codes []string) string {
			if lang == en {
				return strings.ReplaceAll(c.Gazetteer.Describe(codes), "、", ", ")
			}
			return c.Gazetteer.Describe(codes)
		},
		"percent": percent,
		"add":     func(a, b int) int { return a + b },
		"has":     slices.Contains[[]string, string],
		"runes":   utf8.RuneCountInString,
		"now":     time.Now,
		"gapped":  gapped,
		"pairs":   formPairs,
		"long":    func(x time.Time) string { return x.In(alert.Beijing()).Format("2006年1月2日 15:04") },
		"ago":     func(x time.Time) string { return took(t, max(time.Second, time.Since(x))) },

		"authority": authorityWords,
		"form":      toForm,
		"took":      func(d time.Duration) string { return took(t, d) },
		"rate":      rateWord,
		"lines":     func(s string) []string { return strings.Split(s, "\n") },
		"duty": func(r alert.DutyRule) string {
			if lang == en {
				return r.EN
			}
			return r.ZH
		},
	}
}

// anyNumber is number for whatever a template counts.
func anyNumber(n any) (string, error) {
	switch n := n.(type) {
	case int:
		return number(n), nil
	case int64:
		return number(n), nil
	}
	return "", fmt.Errorf("%T is no count", n)
}

// number writes 1234567 as 1,234,567.
func number[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		return "-" + s
	}
	return s
}

func percent(part, whole int) string {
	if whole <= 0 {
		return "0"
	}
	return strconv.FormatFloat(math.Floor(float64(part)*1000/float64(whole))/10, 'f', -1, 64)
}

func showAt(lang string, x time.Time) string {
	switch {
	case x.IsZero():
		return "–"
	case lang == en:
		return x.In(alert.Beijing()).Format("2 Jan 15:04")
	}
	return alert.ShowTime(x)
}

// leftFormat and leftArgs say how long it is until an instant, or since it.
func leftFormat(now, due time.Time) string {
	d := due.Sub(now)
	hours := math.Abs(d.Hours()) >= 1
	switch {
	case d >= 0 && hours:
		return "还剩 %d 小时 %02d 分"
	case d >= 0:
		return "还剩 %d 分 %02d 秒"
	case hours:
		return "已超 %d 小时 %02d 分"
	}
	return "已超 %d 分 %02d 秒"
}

func leftArgs(now, due time.Time) []any {
	d := due.Sub(now).Abs()
	if d >= time.Hour {
		return []any{int(d.Hours()), int(d.Minutes()) % 60}
	}
	return []any{int(d.Minutes()), int(d.Seconds()) % 60}
}

// channelZH is how officers call a channel; a name of a newer one stays.
func channelZH(name string) string {
	switch name {
	case "web":
		return "网站"
	case "sms":
		return "短信"
	case "wechat":
		return "微信"
	}
	return name
}

// modeZH is the mode in one word.
func modeZH(m alert.Mode) string {
	switch m {
	case alert.Drill:
		return "演练"
	case alert.Live:
		return "实战"
	}
	return ""
}

// statement is what a confirmation names (R2): mode, hazard and level, area,
// and the head count of every channel. For example
// "演练 · 台风黄色 · 禅城区、南海区 · 短信 1,234 人 · 微信 567 人".
func (c *Console) statement(lang string, mode alert.Mode, content *alert.Content, audience map[string]int) string {
	t := func(s string, args ...any) string { return c.texts.say(lang, s, args...) }
	what := content.Event
	if info := content.Hazard.Info(); info.ZH != string(content.Hazard) {
		what = info.ZH
		if lang == en {
			what = info.EN + " "
		}
	}
	parts := []string{t(modeZH(mode)), strings.TrimSpace(what + t(content.Level.ZH())), c.Gazetteer.Describe(content.Areas)}
	if parts[1] == "" {
		parts[1] = t("还没有选灾害")
	}
	if len(content.Areas) == 0 {
		parts[2] = t("没有选择区域")
	}
	for _, ch := range content.Channels {
		parts = append(parts, t("%s %s 人", t(channelZH(ch)), number(audience[ch])))
	}
	if len(content.Channels) == 0 {
		parts = append(parts, t("只上网站"))
	}
	return strings.Join(parts, " · ")
}
