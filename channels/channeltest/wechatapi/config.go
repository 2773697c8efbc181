package wechatapi

import (
	"errors"
	"fmt"
	"time"
)

// Field is one keyword of a template.
type Field struct {
	Name  string `json:"name"`  // "thing1": its type is the name without the digits
	Label string `json:"label"` // what the phone shows before the value: 预警类型
}

// Template is an approved template of the account.
type Template struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"` // 预警信息通知
	Fields []Field `json:"fields"`
}

// WarningTemplate is the template of a warning service, with the five keywords
// that such an account would choose.
func WarningTemplate(id string) Template {
	return Template{ID: id, Title: "预警信息通知", Fields: []Field{
		{"thing1", "预警类型"}, {"thing2", "影响地区"}, {"time3", "起止时间"}, {"thing4", "应对措施"}, {"thing5", "发布单位"},
	}}
}

// Config describes the imitated account. AppID and AppSecret are required.
type Config struct {
	AppID     string
	AppSecret string
	Templates []Template

	// CallbackURL receives events; "" sends none. Token signs them and
	// EncodingAESKey (43 characters) encrypts them.
	CallbackURL    string
	Token          string
	EncodingAESKey string

	TokenLife     time.Duration // default 7200 s, as WeChat says
	CallbackDelay time.Duration // from acceptance to the callback; default 200 ms
	KeepMessages  int           // newest messages kept for each follower; default 20
	MaxFollowers  int           // default 100,000; more are refused by Follow
}

func (c *Config) setDefaults() {
	if c.TokenLife == 0 {
		c.TokenLife = 7200 * time.Second
	}
	if c.CallbackDelay == 0 {
		c.CallbackDelay = 200 * time.Millisecond
	}
	if c.KeepMessages == 0 {
		c.KeepMessages = 20
	}
	if c.MaxFollowers == 0 {
		c.MaxFollowers = 100_000
	}
}

func (c *Config) validate() error {
	var errs []error
	if c.AppID == "" || c.AppSecret == "" {
		errs = append(errs, errors.New("AppID and AppSecret are needed"))
	}
	if c.CallbackURL != "" {
		if _, err := aesKey(c.EncodingAESKey); err != nil {
			errs = append(errs, err)
		}
		if c.Token == "" {
			errs = append(errs, errors.New("callbacks need a Token to sign with"))
		}
	}
	for _, t := range c.Templates {
		if t.ID == "" || len(t.Fields) == 0 {
			errs = append(errs, fmt.Errorf("template %q needs an id and fields", t.Title))
		}
	}
	return errors.Join(errs...)
}

// Faults are the carrier's bad days. The zero value is a good day. Counters
// are used up as they strike.
type Faults struct {
	FailCode int            // answered to the next FailNext sends
	FailNext int            //
	FailFor  map[string]int // errcode for given openids, as long as it is set

	Delay      time.Duration       // every send is answered this much later
	Gate       func(answer func()) // is given the answer to every send, to let it go when it may; nil lets go at once
	ResetNext  int                 // the next sends are decided, then the connection is reset instead of answering
	ResetFor   []string            // the same for given openids, as long as it is set
	Silent     bool                // sends are decided and never answered
	RefuseNext int                 // the next sends are answered with HTTP 503 and not accepted
	Quota      int                 // sends left before 45009; 0 is no limit, -1 is none left

	TokenFail int // errcode of every token request

	CallbackLose    int  // of every n callbacks the last is lost; 0 loses none, 1 all
	CallbackTwice   bool // every callback comes twice
	CallbackShuffle bool // callbacks come out of order, up to ten times as late
}
