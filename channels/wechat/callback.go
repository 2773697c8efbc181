package wechat

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// Callback is the address that WeChat calls: GET proves that it is ours, POST
// brings events and messages in safe mode. Every refusal looks the same (403,
// "refused"), so that a caller without the keys learns nothing from it; the
// log has the reason. An event is answered with "success" when it is on disk:
// that takes some milliseconds, for the record commits whatever comes together,
// and was measured to keep up with 15,000 a second; the platform waits five
// seconds and was seen to send 243 a second. What cannot be recorded is answered
// with 503, and WeChat tries again.
func (a *Account) Callback() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch r.Method {
		case http.MethodGet:
			a.verifyAddress(w, r)
		case http.MethodPost:
			a.receive(w, r)
		default:
			w.Header().Set("Allow", "GET, POST")
			http.Error(w, "refused", http.StatusMethodNotAllowed)
		}
	})
}

// verifyAddress answers the platform's question when the address is set there.
func (a *Account) verifyAddress(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	echo := q.Get("echostr")
	if err := a.signed(q, "signature", time.Now()); err != nil || len(echo) == 0 || len(echo) > 128 {
		a.refuse(w, errors.Join(errors.New("address check"), err))
		return
	}
	// The sender knows the token; what is echoed is plain text by its header.
	_, _ = io.WriteString(w, echo)
}

func (a *Account) receive(w http.ResponseWriter, r *http.Request) {
	q, now := r.URL.Query(), time.Now()
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		a.refuse(w, fmt.Errorf("read body: %w", err))
		return
	}
	plain, err := a.open(q, raw, now)
	if err != nil {
		a.refuse(w, err)
		return
	}
	ev, err := parseEvent(plain)
	if err != nil {
		a.refuse(w, err)
		return
	}
	if !a.replays.add(q.Get("timestamp"), q.Get("nonce"), now) {
		a.refuse(w, errors.New("a replay"))
		return
	}
	if err := a.take(r.Context(), ev); err != nil {
		a.replays.forget(q.Get("timestamp"), q.Get("nonce"))
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "success")
}

func (a *Account) refuse(w http.ResponseWriter, why error) {
	a.metrics.callbacks.WithLabelValues(cbRefused).Inc()
	a.log.Debug("callback refused", "why", why)
	http.Error(w, "refused", http.StatusForbidden)
}

// open checks a callback's envelope and returns what is in it. The order
// matters: the signature covers the sealed text, so nothing is decrypted that
// was not sent by somebody who knows the token, and padding is no oracle. The
// SDK's callback server compares signatures with != and knows neither age nor
// size nor replay, so only its signature and decryption are used.
func (a *Account) open(q url.Values, raw []byte, now time.Time) ([]byte, error) {
	if a.cfg.EncodingAESKey == "" || q.Get("encrypt_type") != "aes" {
		return nil, errors.New("safe mode only")
	}
	env, err := readFlat(raw)
	if err != nil {
		return nil, err
	}
	if err := a.signed(q, "msg_signature", now, env["Encrypt"]); err != nil {
		return nil, err
	}
	_, plain, err := util.DecryptMsg(a.cfg.AppID, env["Encrypt"], a.cfg.EncodingAESKey)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	return plain, nil
}

// signed checks the signature called name over token, timestamp, nonce and
// more, in constant time, and the timestamp's age.
func (a *Account) signed(q url.Values, name string, now time.Time, more ...string) error {
	ts, nonce := q.Get("timestamp"), q.Get("nonce")
	if a.cfg.Token == "" || nonce == "" || len(nonce) > 64 || len(ts) > 20 {
		return errors.New("no token, or a nonce or timestamp out of shape")
	}
	want := util.Signature(append([]string{a.cfg.Token, ts, nonce}, more...)...)
	if subtle.ConstantTimeCompare([]byte(want), []byte(q.Get(name))) != 1 {
		return errors.New("signature")
	}
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil {
		return errors.New("timestamp out of shape")
	}
	if age := now.Sub(time.Unix(sec, 0)); age > maxSkew || age < -maxSkew {
		return errors.New("too old, or from the future")
	}
	return nil
}
