package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/channeltest/wechatapi"
	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// How the service is known to the imitation carriers. The secrets are made at
// each start.
const (
	carrierID     = "mingluo"
	carrierNumber = "10657000"
	appID         = "wx0000000000000000"
	callbackToken = "mingluo"
	templateID    = "warning"
)

// Carriers are the imitation SMS centre and the imitation WeChat, each on a
// loopback socket of its own.
type Carriers struct {
	SMS    *smsc.Server
	WeChat *wechatapi.Server

	password string
	aesKey   string
	path     string // what the phones show is kept here
	log      *slog.Logger
	end      chan struct{}
	ended    sync.WaitGroup
}

// access is what the service has to know to reach the carriers.
type access struct {
	SMSAddr, WeChatURL, Password, AESKey string
}

func (c *Carriers) access() access {
	return access{SMSAddr: c.SMS.Addr(), WeChatURL: c.WeChat.URL(), Password: c.password, AESKey: c.aesKey}
}

// kept is what survives a restart.
type kept struct {
	SMS    smsc.Snapshot   `json:"sms"`
	WeChat wechatapi.State `json:"wechat"`
}

func startCarriers(ctx context.Context, path string, conf Config) (*Carriers, error) {
	c := &Carriers{password: rand.Text()[:8], aesKey: (rand.Text() + rand.Text())[:43], path: path, log: conf.Log, end: make(chan struct{})}
	c.SMS = smsc.New(smsc.Config{SystemID: carrierID, Password: c.password, Number: carrierNumber, ReceiptDelay: 300 * time.Millisecond, FailShare: 0.004, KeepMessages: 200_000, Log: conf.Log})
	var err error
	c.WeChat, err = wechatapi.New(wechatapi.Config{
		AppID: appID, AppSecret: c.password, Token: callbackToken, EncodingAESKey: c.aesKey, CallbackDelay: 300 * time.Millisecond,
		Templates: []wechatapi.Template{{ID: templateID, Title: "预警信息通知", Fields: []wechatapi.Field{
			{Name: "thing1", Label: "预警类型"}, {Name: "thing2", Label: "影响地区"}, {Name: "time3", Label: "时间"}, {Name: "thing4", Label: "应对措施"}, {Name: "thing5", Label: "发布单位"},
		}}},
	}, conf.Log)
	if err != nil {
		return nil, fmt.Errorf("imitation WeChat: %w", err)
	}
	if err := c.restore(conf.WeChat); err != nil {
		return nil, err
	}
	if err := c.SMS.Listen(ctx, "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("imitation SMS centre: %w", err)
	}
	if err := c.WeChat.Listen("127.0.0.1:0"); err != nil {
		return nil, errors.Join(fmt.Errorf("imitation WeChat: %w", err), c.SMS.Close())
	}
	c.ended.Go(c.keepOnAndOn)
	return c, nil
}

// restore brings back what the phones showed, and makes the sample people
// followers of the account.
func (c *Carriers) restore(followers int) error {
	b, err := os.ReadFile(c.path)
	if err == nil {
		var k kept
		if err := json.Unmarshal(b, &k); err != nil {
			return fmt.Errorf("read what the phones showed in %s: %w", c.path, err)
		}
		if err := errors.Join(c.SMS.Restore(k.SMS), c.WeChat.Restore(k.WeChat)); err != nil {
			return fmt.Errorf("bring back what the phones showed: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what the phones showed: %w", err)
	}
	var openids []string
	for _, o := range staff() {
		if o.WeChat != "" {
			openids = append(openids, o.WeChat)
		}
	}
	for s := range roll.Samples(alert.Foshan(), 0, followers) {
		openids = append(openids, s.Address)
	}
	return c.WeChat.Follow(openids...)
}

// callBackTo tells the imitation WeChat where the service's public site is.
func (c *Carriers) callBackTo(publicURL string) {
	c.WeChat.SetCallbackURL(publicURL + "/wechat/callback")
}

// keepEvery is how much of the phones' display a crash may cost. The service's
// own record is not here.
const keepEvery = 2 * time.Second

func (c *Carriers) keepOnAndOn() {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	var last [2]int64
	for {
		select {
		case <-c.end:
			return
		case <-tick.C:
			now := [2]int64{c.SMS.Counts().Messages, int64(c.WeChat.Counts().Accepted)}
			if now == last {
				continue
			}
			last = now
			if err := c.keep(); err != nil {
				c.log.Warn("keep what the phones show", "err", err)
			}
		}
	}
}

func (c *Carriers) keep() error {
	b, err := json.Marshal(kept{SMS: c.SMS.Snapshot(), WeChat: c.WeChat.Snapshot()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(c.path+".new", c.path)
}

func (c *Carriers) stop() error {
	close(c.end)
	c.ended.Wait()
	return errors.Join(c.keep(), c.SMS.Close(), c.WeChat.Close())
}
