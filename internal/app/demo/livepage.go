package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// page is an open public page: a stream of events read from a real socket.
type page struct {
	body   io.Closer
	mu     sync.Mutex
	seen   map[string]time.Time // "<notice> <rev>" → when its bytes arrived
	news   chan struct{}
	closed error
	reader sync.WaitGroup
}

// watchPage opens the stream as a browser does, and returns when it is open.
func (s *story) watchPage() (*page, error) {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.PublicURL+"/events", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("open the live page: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("open the live page: %s", resp.Status)
	}
	p := &page{body: resp.Body, seen: map[string]time.Time{}, news: make(chan struct{}, 1)}
	p.reader.Go(func() { p.read(resp.Body) })
	return p, nil
}

func (p *page) read(body io.Reader) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		now := time.Now()
		var e struct {
			ID  string `json:"id"`
			Rev int    `json:"rev"`
		}
		if json.Unmarshal([]byte(data), &e) != nil || e.ID == "" {
			continue
		}
		p.mu.Lock()
		p.seen[fmt.Sprint(e.ID, " ", e.Rev)] = now
		p.mu.Unlock()
		p.tell()
	}
	p.mu.Lock()
	p.closed = fmt.Errorf("the stream ended: %v", lines.Err())
	p.mu.Unlock()
	p.tell()
}

func (p *page) tell() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// sees waits until the page has got a revision and returns when its bytes came.
func (p *page) sees(ctx context.Context, notice string, rev int) (time.Time, error) {
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for {
		p.mu.Lock()
		at, ok := p.seen[fmt.Sprint(notice, " ", rev)]
		closed := p.closed
		p.mu.Unlock()
		if ok || closed != nil {
			return at, closed
		}
		select {
		case <-p.news:
		case <-limit.C:
			return time.Now(), fmt.Errorf("nothing of %s/%d within 10 s", notice, rev)
		case <-ctx.Done():
			return time.Now(), ctx.Err()
		}
	}
}

func (p *page) close() {
	p.body.Close()
	p.reader.Wait()
}

// pageShows loads the notice's page afresh, as after a reload.
func (s *story) pageShows(notice string) error {
	resp, err := http.Get(s.PublicURL + "/n/" + notice)
	if err != nil {
		return fmt.Errorf("load the notice's page: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("load the notice's page: %s %v", resp.Status, err)
	}
	if !strings.Contains(string(b), "演练") {
		return fmt.Errorf("the notice's page does not say that it is a drill")
	}
	return nil
}

// pageHides checks that what is not for the public is not on the public site.
func (s *story) pageHides(notice string) error {
	resp, err := http.Get(s.PublicURL + "/n/" + notice)
	if err != nil {
		return fmt.Errorf("load the notice's page: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		s.fail("a sector notice has a public page: %s", resp.Status)
	}
	return nil
}
