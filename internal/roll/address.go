package roll

import (
	"fmt"
	"strings"

	"mingluo/internal/alert"
)

// SamplePhonePrefix begins every phone number of the sample subscriptions. The
// segment 154 was never given to a carrier (it is missing from every published
// list of mainland segments), so a sample can look like a Chinese mobile number
// without being anybody's.
const SamplePhonePrefix = "+86154"

// SampleOpenIDPrefix begins every sample openid; real ones begin with "o".
const SampleOpenIDPrefix = "demo-"

// Rules says which addresses may subscribe.
type Rules struct {
	// Countries are calling codes besides 86 whose numbers are taken, such as
	// "852". Empty by default: foreign ranges are where SMS fraud comes from.
	Countries []string
	// Sample also takes sample addresses. The demo and the bench set it; a live
	// service does not, so that nobody made up ends in a real audience.
	Sample bool
}

// Normalise returns the one spelling of an address: E.164 for SMS, the openid
// as it is for WeChat. A refusal never quotes the address.
func (r Rules) Normalise(channel, address string) (string, *alert.Problem) {
	switch channel {
	case SMS:
		return r.phone(address)
	case WeChat:
		return r.openID(address)
	case "":
		return "", problem("channel", "缺少渠道（sms 或 wechat）", "the channel is missing: sms or wechat")
	}
	return "", problem("channel", "未知渠道，应为 sms 或 wechat", "unknown channel: want sms or wechat")
}

// GuessChannel returns the channel that an address looks like one of.
func GuessChannel(address string) string {
	address = strings.TrimSpace(address)
	if strings.HasPrefix(address, "o") || strings.HasPrefix(address, SampleOpenIDPrefix) {
		return WeChat
	}
	return SMS
}

func (r Rules) phone(s string) (string, *alert.Problem) {
	if len(s) > 64 {
		return "", problem("address", "号码过长", "the number is too long")
	}
	digits, ok := phoneDigits(s)
	if !ok {
		return "", notANumber(s)
	}
	international := strings.HasPrefix(digits, "+")
	digits = strings.TrimPrefix(digits, "+")
	if !international && strings.HasPrefix(digits, "00") {
		international, digits = true, digits[2:]
	}
	national := digits
	if international || len(digits) == 13 {
		rest, mainland := strings.CutPrefix(digits, "86")
		switch {
		case mainland:
			national = rest
		case international:
			return r.foreign(digits)
		}
	}
	if len(national) != 11 {
		return "", problem("address", fmt.Sprintf("手机号应为 11 位，现为 %d 位", len(national)), fmt.Sprintf("a mainland mobile number has 11 digits, this has %d", len(national)))
	}
	if national[0] != '1' || national[1] < '3' {
		return "", problem("address", "不是内地手机号（应以 13 至 19 开头）", "not a mainland mobile number: it begins with 13 to 19")
	}
	e164 := "+86" + national
	if strings.HasPrefix(e164, SamplePhonePrefix) && !r.Sample {
		return "", problem("address", "154 号段未分配，仅用于演示", "segment 154 is not assigned to any carrier; it is used for samples only")
	}
	return e164, nil
}

func (r Rules) foreign(digits string) (string, *alert.Problem) {
	for _, cc := range r.Countries {
		if cc == "" || !strings.HasPrefix(digits, cc) {
			continue
		}
		if n := len(digits); n < 8 || n > 15 { // E.164: at most 15 digits
			return "", problem("address", "国际号码应为 8 至 15 位", "an international number has 8 to 15 digits")
		}
		return "+" + digits, nil
	}
	return "", problem("address", "未开放该国家或地区的号码", "numbers of this country are not taken here")
}

// phoneDigits drops what people put between digits, and the invisible marks that
// come along when a number is copied from a phone's contacts; full-width forms
// from Chinese keyboards become plain.
func phoneDigits(s string) (string, bool) {
	out := make([]byte, 0, 16)
	for _, c := range strings.TrimSpace(s) {
		if c >= '！' && c <= '～' {
			c -= '！' - '!'
		}
		switch {
		case '0' <= c && c <= '9', c == '+' && len(out) == 0:
			out = append(out, byte(c))
		case strings.ContainsRune(" -()\u00a0\u3000", c), '\u2010' <= c && c <= '\u2015', c == '\u2212':
		case '\u200b' <= c && c <= '\u200f', '\u202a' <= c && c <= '\u202e', '\u2066' <= c && c <= '\u2069', c == '\ufeff':
		default:
			return "", false
		}
	}
	return string(out), true
}

// notANumber says what became of a number, where that can be told.
func notANumber(s string) *alert.Problem {
	switch {
	case scientific(s):
		return problem("address", spoiltZH("号码"), spoiltEN("number"))
	case strings.ContainsAny(s, "/;；、,，|\n"):
		return problem("address", "一格只能填一个号码，多个号码请分成多行", "one number a cell: give several numbers a row each")
	}
	return problem("address", "号码只能含数字、空格、连字符和开头的“+”", "a number is digits, spaces, hyphens and a leading +")
}

// scientific reports whether a spreadsheet took the digits for a quantity: it
// then writes 1.38E+10 or 13800138000.0, and the last digits may be lost.
func scientific(s string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToUpper(narrow(strings.TrimSpace(s))), "E")
	whole, fraction, point := strings.Cut(mantissa, ".")
	if !point && exponent == "" {
		return false
	}
	for _, part := range []string{strings.TrimPrefix(whole, "-"), fraction, strings.TrimLeft(exponent, "+-")} {
		if strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return whole != ""
}

func spoiltZH(what string) string {
	return "Excel 把" + what + "当成了数值，写成了科学计数或小数，末几位可能已丢失。请把这一列设为“文本”，从原始数据重新填写"
}

func spoiltEN(what string) string {
	return "Excel took the " + what + " for a quantity and wrote it in scientific notation or with decimals; its last digits may be lost. Make the column Text and fill it again from the source"
}

func (r Rules) openID(s string) (string, *alert.Problem) {
	s = strings.TrimSpace(s)
	if r.Sample && strings.HasPrefix(s, SampleOpenIDPrefix) && len(s) <= 64 && openIDChars(s) {
		return s, nil
	}
	// WeChat's openids are 28 characters of base64url that begin with o; the
	// length is not promised anywhere, so some room is left.
	if len(s) < 20 || len(s) > 64 || s[0] != 'o' || !openIDChars(s) {
		return "", problem("address", "不是微信 openid（以 o 开头，28 位字母、数字、- 和 _）", "not a WeChat openid: it begins with o and has 28 letters, digits, - and _")
	}
	return s, nil
}

func openIDChars(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_'
	}) < 0
}

// Mask shows enough of an address for its owner to know it: +86138****8000,
// oABC****. Only pages for signed-in officers show even this.
func Mask(address string) string {
	switch {
	case address == "":
		return ""
	case address[0] == '+' && len(address) >= 11:
		return address[:len(address)-8] + "****" + address[len(address)-4:]
	case len(address) >= 12:
		return address[:4] + "****" + address[len(address)-2:]
	}
	return "****"
}

func problem(field, zh, en string) *alert.Problem {
	return &alert.Problem{Kind: alert.Invalid, Field: field, ZH: zh, EN: en}
}
