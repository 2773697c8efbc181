package wechat

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
)

// letter is a callback being made; each test spoils one thing of a good one.
type letter struct {
	plain, appID, key, token string
	at                       time.Time
	nonce                    string
	body                     func(sealed string) string
	spoil                    func(q url.Values)
}

const receiptXML = `<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[openid-0001]]></FromUserName>` +
	`<CreateTime>1785564000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>` +
	`<MsgID>2000000000000000007</MsgID><Status><![CDATA[success]]></Status></xml>`

func good() letter {
	return letter{plain: receiptXML, appID: "wx-test", key: testKey, token: testToken, at: time.Now(), nonce: "n1",
		body: func(sealed string) string {
			return "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>"
		}}
}

func (l letter) request(t testing.TB) *http.Request {
	t.Helper()
	sealed, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte(l.plain), l.appID, l.key)
	if err != nil {
		t.Fatal(err)
	}
	ts := strconv.FormatInt(l.at.Unix(), 10)
	q := url.Values{"timestamp": {ts}, "nonce": {l.nonce}, "encrypt_type": {"aes"},
		"signature": {util.Signature(l.token, ts, l.nonce)}, "msg_signature": {util.Signature(l.token, ts, l.nonce, string(sealed))}}
	if l.spoil != nil {
		l.spoil(q)
	}
	return httptest.NewRequest(http.MethodPost, "/wechat?"+q.Encode(), strings.NewReader(l.body(string(sealed))))
}

// receiver is an account that takes callbacks.
func receiver(c Config) (*Account, *inbox) {
	c.AppID, c.AppSecret, c.Token, c.EncodingAESKey = "wx-test", "secret", testToken, testKey
	c.Template = Template{ID: "T", Fields: DefaultFields()}
	a, in := New(c, nil, nil), &inbox{}
	a.door.open(in)
	return a, in
}

func give(a *Account, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.Callback().ServeHTTP(w, r)
	return w
}

// TestAReceiptIsTaken, recorded as WeChat said it, and then answered with
// "success".
func TestAReceiptIsTaken(t *testing.T) {
	a, in := receiver(Config{})
	if w := give(a, good().request(t)); w.Code != 200 || w.Body.String() != "success" {
		t.Fatalf("answer %d %q", w.Code, w.Body)
	}
	got := in.all()
	if len(got) != 1 {
		t.Fatalf("%d receipts", len(got))
	}
	if r := got[0]; r.State != alert.StateDelivered || r.MessageID != "2000000000000000007" || r.Code != "success" || r.At.Unix() != 1785564000 {
		t.Errorf("receipt %+v", r)
	}
}

// TestR19CallbacksThatAreRefused: each has one thing wrong, and all get the
// same answer, so that nobody learns from it how far he came.
func TestR19CallbacksThatAreRefused(t *testing.T) {
	wrong := map[string]func(l *letter){
		"no signature":        func(l *letter) { l.spoil = func(q url.Values) { q.Del("msg_signature") } },
		"the url's signature": func(l *letter) { l.spoil = func(q url.Values) { q.Set("msg_signature", q.Get("signature")) } },
		"another token":       func(l *letter) { l.token = "guess" },
		"another account":     func(l *letter) { l.appID = "wx-other" },
		"another key":         func(l *letter) { l.key = strings.Repeat("B", 42) + "A" },
		"six minutes old":     func(l *letter) { l.at = l.at.Add(-6 * time.Minute) },
		"six minutes early":   func(l *letter) { l.at = l.at.Add(6 * time.Minute) },
		"a changed timestamp": func(l *letter) { l.spoil = func(q url.Values) { q.Set("timestamp", "1785564000") } },
		"no nonce":            func(l *letter) { l.nonce = "" },
		"plain mode":          func(l *letter) { l.spoil = func(q url.Values) { q.Del("encrypt_type") } },
		"65 KiB": func(l *letter) {
			l.body = func(s string) string { return "<xml>" + strings.Repeat(" ", 65<<10) + "</xml>" }
		},
		"a document type": func(l *letter) {
			l.body = func(s string) string {
				return `<!DOCTYPE xml [<!ENTITY e "x">]><xml><Encrypt>` + s + `</Encrypt></xml>`
			}
		},
		"a document type inside": func(l *letter) { l.plain = `<!DOCTYPE xml SYSTEM "file:///etc/passwd">` + receiptXML },
		"an entity inside":       func(l *letter) { l.plain = strings.Replace(receiptXML, "<![CDATA[success]]>", "&e;", 1) },
		"two envelopes": func(l *letter) {
			l.body = func(s string) string { return "<xml><Encrypt>" + s + "</Encrypt><Encrypt>x</Encrypt></xml>" }
		},
		"a cut text": func(l *letter) {
			l.body = func(s string) string { return "<xml><Encrypt>" + s[:len(s)-24] + "</Encrypt></xml>" }
		},
		"no xml inside":      func(l *letter) { l.plain = "hello" },
		"no sender":          func(l *letter) { l.plain = strings.Replace(receiptXML, "openid-0001", "", 1) },
		"no message id":      func(l *letter) { l.plain = strings.Replace(receiptXML, "2000000000000000007", "-1", 1) },
		"a long text":        func(l *letter) { l.plain = textXML(strings.Repeat("长", 700)) },
		"deep nesting":       func(l *letter) { l.plain = "<xml>" + strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20) + "</xml>" },
		"more than one root": func(l *letter) { l.plain = receiptXML + receiptXML },
	}
	a, in := receiver(Config{})
	var answer string
	for name, spoil := range wrong {
		l := good()
		spoil(&l)
		w := give(a, l.request(t))
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: answered %d", name, w.Code)
		}
		if got := fmt.Sprint(w.Code, w.Header(), w.Body); answer == "" {
			answer = got
		} else if got != answer {
			t.Errorf("%s: answered %q, others get %q", name, got, answer)
		}
	}
	if n := len(in.all()) + len(in.texts()); n != 0 {
		t.Errorf("%d events of refused callbacks are on record", n)
	}
}

func textXML(text string) string {
	return `<xml><FromUserName>openid-0001</FromUserName><CreateTime>1785564000</CreateTime><MsgType>text</MsgType><Content><![CDATA[` + text + `]]></Content><MsgId>5</MsgId></xml>`
}

// TestR19AReplayIsRefused, with the same nonce and time; the next callback is not.
func TestR19AReplayIsRefused(t *testing.T) {
	a, _ := receiver(Config{})
	l := good()
	if w := give(a, l.request(t)); w.Code != 200 {
		t.Fatalf("the first: %d", w.Code)
	}
	if w := give(a, l.request(t)); w.Code != http.StatusForbidden {
		t.Errorf("the replay: %d", w.Code)
	}
	l.nonce = "n2"
	if w := give(a, l.request(t)); w.Code != 200 {
		t.Errorf("the next: %d", w.Code)
	}
}

// TestReplaysAreRememberedAsLongAsTheirTimeIsAcceptable: ten minutes.
func TestReplaysAreRememberedAsLongAsTheirTimeIsAcceptable(t *testing.T) {
	r, now := newReplays(), time.Now()
	if !r.add("1", "n", now) {
		t.Fatal("new")
	}
	for m := time.Duration(1); m <= 10; m++ {
		if r.add("1", "n", now.Add(m*time.Minute)) {
			t.Errorf("forgotten after %d minutes", m)
		}
	}
}

// TestWhatIsNotOnDiskIsNotAnswered: nothing is said while the record works at
// it; when it cannot, when too many are at it and when the service ends, the
// answer is an error, and WeChat's second try of the same is taken.
func TestWhatIsNotOnDiskIsNotAnswered(t *testing.T) {
	a, in := receiver(Config{Callbacks: 1})
	in.hold = make(chan struct{})
	first, second := good(), good()
	second.nonce = "n2"
	answered := make(chan int, 1)
	go func() { answered <- give(a, first.request(t)).Code }()
	for len(a.door.slots) == 0 {
		time.Sleep(time.Millisecond)
	}
	if w := give(a, second.request(t)); w.Code != http.StatusServiceUnavailable {
		t.Fatalf("too many at once: %d", w.Code)
	}
	select {
	case code := <-answered:
		t.Fatalf("answered %d before it was on disk", code)
	case <-time.After(50 * time.Millisecond):
	}
	shut := make(chan struct{})
	go func() { a.door.shut(); close(shut) }()
	select {
	case <-shut:
		t.Fatal("it did not wait for the one inside")
	case <-time.After(50 * time.Millisecond):
	}
	close(in.hold)
	if code := <-answered; code != 200 {
		t.Fatalf("the first: %d", code)
	}
	<-shut
	if w := give(a, second.request(t)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("while nobody records: %d", w.Code)
	}
	in.fail = 1 << 30
	a.door.open(in)
	if w := give(a, second.request(t)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("the record is down: %d", w.Code)
	}
	in.fail = 1
	if w := give(a, second.request(t)); w.Code != 200 || len(in.all()) != 2 {
		t.Errorf("when it works again: %d, %d receipts", w.Code, len(in.all()))
	}
}

// TestTheAddressIsProved: WeChat's question is echoed only to WeChat.
func TestTheAddressIsProved(t *testing.T) {
	a, _ := receiver(Config{})
	ts := strconv.FormatInt(time.Now().Unix(), 10)
	q := url.Values{"timestamp": {ts}, "nonce": {"7"}, "echostr": {"5837397576500011341"}, "signature": {util.Signature(testToken, ts, "7")}}
	if w := give(a, httptest.NewRequest(http.MethodGet, "/wechat?"+q.Encode(), nil)); w.Code != 200 || w.Body.String() != "5837397576500011341" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	q.Set("signature", util.Signature("guess", ts, "7"))
	if w := give(a, httptest.NewRequest(http.MethodGet, "/wechat?"+q.Encode(), nil)); w.Code != 403 || strings.Contains(w.Body.String(), "58373") {
		t.Errorf("a wrong signature: %d %q", w.Code, w.Body)
	}
}

// TestEveryMessageHasItsReceipt: 200 followers, callbacks out of order and
// twice; the record is busy at first. Every message ends delivered under the id
// that was reported for it.
func TestEveryMessageHasItsReceipt(t *testing.T) {
	d := open(t, nil)
	d.in.fail = 3
	d.run()
	d.api.SetFaults(func(f *wechatapi.Faults) { f.CallbackShuffle, f.CallbackTwice = true, true })
	got, err := d.deliver(d.people(200), free)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, o := range got.got {
		want[o.MessageID] = true
	}
	if len(want) != 200 {
		t.Fatalf("%d message ids for 200 people", len(want))
	}
	d.until("400 receipts are recorded", func() bool { return len(d.in.all()) == 400 })
	for _, r := range d.in.all() {
		if !want[r.MessageID] || r.State != alert.StateDelivered || r.Channel != "wechat" {
			t.Fatalf("receipt %+v", r)
		}
	}
}

// TestABlockedMessageAndAReply: what failed is undelivered in WeChat's words;
// what a follower writes arrives as written.
func TestABlockedMessageAndAReply(t *testing.T) {
	d := open(t, nil)
	d.run()
	people := d.people(1)
	if err := d.api.Report(t.Context(), people[0].Address, 42, "failed:user block"); err != nil {
		t.Fatal(err)
	}
	if err := d.api.SendText(t.Context(), people[0].Address, "收到，已停工 <b>&"); err != nil {
		t.Fatal(err)
	}
	d.until("both are there", func() bool { return len(d.in.all()) == 1 && len(d.in.texts()) == 1 })
	if r := d.in.all()[0]; r.State != alert.StateUndelivered || r.Code != "failed:user block" || r.MessageID != "42" {
		t.Errorf("receipt %+v", r)
	}
	if r := d.in.texts()[0]; r.Text != "收到，已停工 <b>&" || r.Address != people[0].Address {
		t.Errorf("reply %+v", r)
	}
}

// FuzzCallback throws bodies and queries at the handler, and sealed texts
// behind a good signature: it answers with one of its three answers and records
// nothing that is not whole.
func FuzzCallback(f *testing.F) {
	f.Add(receiptXML, "<xml><Encrypt>AAAA</Encrypt></xml>", "abc", "n")
	f.Add(textXML("你好"), "<xml/>", "", "")
	f.Add("<xml><a><b/></a></xml>", "<?xml version=\"1.0\" encoding=\"gbk\"?><xml/>", "x", "\x00")
	f.Add("", "{}", strings.Repeat("a", 40), strings.Repeat("n", 70))
	a, in := receiver(Config{Callbacks: 4})
	n := 0
	f.Fuzz(func(t *testing.T, plain, body, signature, nonce string) {
		q := url.Values{"timestamp": {strconv.FormatInt(time.Now().Unix(), 10)}, "nonce": {nonce}, "encrypt_type": {"aes"}, "msg_signature": {signature}}
		if w := give(a, httptest.NewRequest(http.MethodPost, "/wechat?"+q.Encode(), strings.NewReader(body))); w.Code != 403 {
			t.Fatalf("unsigned: answered %d", w.Code)
		}
		n++
		l := good()
		l.plain, l.nonce = plain, "f"+strconv.Itoa(n)
		w := give(a, l.request(t))
		switch {
		case w.Code == 200 && w.Body.String() == "success", w.Code == 403, w.Code == 503:
		default:
			t.Fatalf("answered %d %q", w.Code, w.Body)
		}
		for _, r := range in.all() {
			if r.MessageID == "" || r.State == alert.StateNone {
				t.Fatalf("receipt %+v", r)
			}
		}
	})
}
