package wechatapi

import (
	"encoding/json"
	"net/http"
)

// The codes this imitation answers with, and WeChat's words for them.
const (
	codeOK            = 0
	codeBadSecret     = 40125
	codeBadCredential = 40001
	codeBadOpenID     = 40003
	codeBadAppID      = 40013
	codeBadTemplate   = 40037
	codeNoToken       = 41001
	codeExpired       = 42001
	codeNotFollowing  = 43004
	codeQuota         = 45009
	codeRefreshLimit  = 45011
	codeSameMsgID     = 45065
	codeBadJSON       = 47001
	codeBadArgument   = 47003
)

func words(code int) string {
	switch code {
	case codeOK:
		return "ok"
	case -1:
		return "system error"
	case codeBadCredential:
		return "invalid credential, access_token is invalid or not latest"
	case codeBadOpenID:
		return "invalid openid"
	case codeBadAppID:
		return "invalid appid"
	case codeBadSecret:
		return "invalid appsecret"
	case codeBadTemplate:
		return "invalid template_id"
	case codeNoToken:
		return "access_token missing"
	case codeExpired:
		return "access_token expired"
	case codeNotFollowing:
		return "require subscribe"
	case codeQuota:
		return "reach max api daily quota limit"
	case codeRefreshLimit:
		return "api minute-quota reach limit, must slower"
	case codeSameMsgID:
		return "clientmsgid exist"
	case codeBadJSON:
		return "data format error"
	}
	return "error"
}

type reply struct {
	ErrCode int    `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
	MsgID   int64  `json:"msgid,omitempty"`
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	// The caller may have gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(v)
}

func answerCode(w http.ResponseWriter, code int) {
	answer(w, reply{ErrCode: code, ErrMsg: words(code)})
}
