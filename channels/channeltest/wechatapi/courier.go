package wechatapi

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// courier brings events to the service: in order and after the set delay on a
// good day. Source of the tries: WeChat's page on receiving messages (answer
// within 5 s, three tries in all).
type courier struct {
	s      *Server
	client *http.Client
	sem    chan struct{} // posts under way
	wake   chan struct{}

	mu      sync.Mutex
	pending []event // sorted by due
	made    int
}

type event struct {
	due time.Time
	xml []byte
}

const (
	courierPosts  = 8
	courierMost   = 100_000 // waiting events; more are lost and counted
	callbackTries = 3
	callbackPause = 50 * time.Millisecond // between tries; the platform's is longer
)

func newCourier(s *Server) *courier {
	return &courier{
		s:      s,
		client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: courierPosts}},
		sem:    make(chan struct{}, courierPosts),
		wake:   make(chan struct{}, 1),
	}
}

// finished plans the TEMPLATESENDJOBFINISH of a message. The server's lock is held.
func (c *courier) finished(openid string, msgID int64, now time.Time) {
	if c.s.cfg.CallbackURL == "" {
		return
	}
	f := &c.s.faults
	c.mu.Lock()
	c.made++
	lost := f.CallbackLose > 0 && c.made%f.CallbackLose == 0
	c.mu.Unlock()
	delay := c.s.cfg.CallbackDelay
	if f.CallbackShuffle {
		delay += time.Duration(rand.Int64N(int64(9*delay) + 1))
	}
	copies := 1
	if f.CallbackTwice {
		copies = 2
	}
	if lost || !c.add(event{due: now.Add(delay), xml: finishedXML(openid, msgID, "success", now)}, copies) {
		c.s.counts.CallbacksLost++
	}
}

func (c *courier) add(e event, copies int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) >= courierMost {
		return false
	}
	i := len(c.pending)
	for i > 0 && c.pending[i-1].due.After(e.due) {
		i--
	}
	for range copies {
		c.pending = append(c.pending, event{})
		copy(c.pending[i+1:], c.pending[i:])
		c.pending[i] = e
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return true
}

// take returns the next event that is due, or how long to wait for one.
func (c *courier) take(now time.Time) (e event, wait time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 {
		return event{}, time.Hour, false
	}
	if wait = c.pending[0].due.Sub(now); wait > 0 {
		return event{}, wait, false
	}
	e = c.pending[0]
	c.pending = c.pending[1:]
	return e, 0, true
}

// run posts events as they come due until the server is closed.
func (c *courier) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var posts sync.WaitGroup
	defer posts.Wait()
	defer cancel()
	defer c.client.CloseIdleConnections()
	for {
		e, wait, ok := c.take(time.Now())
		if !ok {
			select {
			case <-c.s.stopped:
				return
			case <-c.wake:
			case <-time.After(wait):
			}
			continue
		}
		select {
		case <-c.s.stopped:
			return
		case c.sem <- struct{}{}:
		}
		posts.Go(func() {
			defer func() { <-c.sem }()
			c.bring(ctx, e)
		})
	}
}

func (c *courier) bring(ctx context.Context, e event) {
	var err error
	for try := range callbackTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(callbackPause << try):
			}
		}
		if err = c.post(ctx, e.xml); err == nil {
			c.s.mu.Lock()
			c.s.counts.Callbacks++
			c.s.mu.Unlock()
			return
		}
	}
	c.s.mu.Lock()
	c.s.counts.CallbacksLost++
	c.s.mu.Unlock()
	c.s.log.Debug("imitation of WeChat: a callback was not taken", "err", err)
}

// post sends one event in safe mode. Every try has its own nonce.
func (c *courier) post(ctx context.Context, plain []byte) error {
	c.s.mu.Lock()
	cfg := c.s.cfg
	c.s.mu.Unlock()
	sealed, err := seal(plain, cfg.AppID, cfg.EncodingAESKey)
	if err != nil {
		return err
	}
	body, err := xml.Marshal(struct {
		XMLName    xml.Name `xml:"xml"`
		ToUserName cdata    `xml:"ToUserName"`
		Encrypt    cdata    `xml:"Encrypt"`
	}{ToUserName: cdata{accountName}, Encrypt: cdata{sealed}})
	if err != nil {
		return fmt.Errorf("encode callback: %w", err)
	}
	q := url.Values{}
	ts, nonce := strconv.FormatInt(time.Now().Unix(), 10), strconv.FormatUint(rand.Uint64(), 10)
	q.Set("timestamp", ts)
	q.Set("nonce", nonce)
	q.Set("signature", sign(cfg.Token, ts, nonce))
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", sign(cfg.Token, ts, nonce, sealed))
	sep := "?"
	if strings.Contains(cfg.CallbackURL, "?") {
		sep = "&"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, cfg.CallbackURL+sep+q.Encode(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make callback: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	return c.do(req)
}

func (c *courier) do(req *http.Request) error {
	resp, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("post callback: %w", err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("read the answer to a callback: %w", err)
	}
	if resp.StatusCode != http.StatusOK || string(said) != "success" && len(said) != 0 {
		return fmt.Errorf("callback answered with HTTP %d", resp.StatusCode)
	}
	return nil
}
