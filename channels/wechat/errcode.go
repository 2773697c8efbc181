package wechat

import (
	"strconv"
	"time"
)

// class is what an errcode means for the send.
type class uint8

const (
	classOK      class = iota
	classBusy          // the platform for now: deferred
	classToken         // the token: refreshed once, tried once more
	classPerson        // this follower, for good: refused
	classAlready       // it had this client_msg_id: accepted
	classAccount       // the account as a whole: the channel halts
	classRequest       // our request is wrong: refused, and logged
	classUnknown       // a code nobody listed: deferred a few times, then refused
)

var classNames = [...]string{"ok", "busy", "token", "person", "already", "account", "request", "unknown"}

func (c class) String() string { return classNames[c] }

// classify is the one table of WeChat's codes. Meanings are those of the
// platform's page of global return codes (全局返回码); the classes are our
// judgement. 40037 (no such template) is the account's and not the request's:
// it is the same for every follower, and refusing them all would lose them when
// the setting is put right ten minutes later.
func classify(code int) class {
	switch code {
	case 0:
		return classOK
	case -1, // 系统繁忙
		45011,        // per-minute limit
		45033,        // too many at once
		45066, 42010, // retried too fast
		61450: // system error
		return classBusy
	case 40001, 40014, 42001, 41001:
		return classToken
	case 40003, // not an openid of this account
		43004, // does not follow
		43019, // in the account's blacklist
		43101, // refused, or consent used up
		50005: // unfollowed
		return classPerson
	case 45065:
		return classAlready
	case 45009, 45028, // quota
		48001, 48004, 50001, 50002, // not authorised, blocked, restricted
		40013, 40125, 40164, 40243, 41002, 41004, // AppID, secret, calling address not allowed, secret frozen
		89501, 89503, 89506, 89507, // the account's administrator has to agree
		40037: // template
		return classAccount
	case 47001, 47003, 45067, 40032, 43002, 44002, 45002:
		return classRequest
	}
	return classUnknown
}

// accountReason says an account's code to an officer.
func accountReason(code int, msg string) string {
	word := "公众号不可用"
	switch code {
	case 45009, 45028:
		word = "今日发送额度已用完"
	case 40013, 40125, 41002, 41004, 40243:
		word = "AppID 或 AppSecret 不对"
	case 40164, 89501, 89503, 89506, 89507:
		word = "本机地址不在公众号的 IP 白名单"
	case 48001, 48004, 50001, 50002:
		word = "公众号没有模板消息权限或被限制"
	case 40037:
		word = "模板编号不对"
	}
	return word + "（" + codeText(code) + " " + clip(msg, 80) + "）"
}

func codeText(code int) string { return "errcode " + strconv.Itoa(code) }

func clip(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes]) + "…"
	}
	return s
}

const (
	firstBackoff = 15 * time.Second
	maxBackoff   = 5 * time.Minute
	minuteLimit  = time.Minute // 45011 counts by the minute
)

// backoff returns when attempt n (1 is the first) may be followed by another.
func backoff(now time.Time, attempt uint8, code int) time.Time {
	d := firstBackoff << min(max(attempt, 1)-1, 5)
	if code == 45011 {
		d = max(d, minuteLimit)
	}
	return now.Add(min(d, maxBackoff))
}

// unknownTries is how often a code that is in no table is deferred.
const unknownTries = 3
