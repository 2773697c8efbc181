package audience

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"mingluo/internal/alert"
)

// ask checks a query and makes it ready; nil when it selects nobody.
func (m *Memory) ask(ctx context.Context, q alert.Query) (*question, error) {
	if err := checkAreas(m.places, q.Areas); err != nil {
		return nil, err
	}
	if _, ready := m.position.now(); !ready {
		return nil, &alert.Problem{Kind: alert.Unready, ZH: "订阅索引正在建立，请稍候。", EN: "the audience index is being built: try again shortly"}
	}
	if err := m.WaitFor(ctx, q.UpTo); err != nil {
		return nil, err
	}
	if len(q.Areas) == 0 {
		return nil, nil // R11
	}
	return m.profiles.question(m.places, q), nil
}

// Count implements [Counts].
func (m *Memory) Count(ctx context.Context, q alert.Query) (map[string]int, map[string]map[string]int, error) {
	perChannel, perDistrict := map[string]int{}, map[string]map[string]int{}
	qu, err := m.ask(ctx, q)
	if err != nil || qu == nil {
		return perChannel, perDistrict, err
	}
	byProfile := m.byProfile(qu)
	list := m.profiles.all()
	for n, count := range byProfile {
		if count == 0 {
			continue
		}
		p := list[n]
		channel := m.profiles.channel(p)
		perChannel[channel] += count
		if perDistrict[channel] == nil {
			perDistrict[channel] = map[string]int{}
		}
		for _, d := range qu.districts(p) {
			perDistrict[channel][d] += count
		}
	}
	return perChannel, perDistrict, nil
}

func (ps *profiles) channel(p *profile) string {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	return ps.channels.list[p.channel]
}

// byProfile counts the people that a question selects by profile number.
func (m *Memory) byProfile(qu *question) []int {
	var mu sync.Mutex
	var total []int
	m.eachBucket(func(next func() (int, *bucket)) {
		w := m.watcher(qu)
		for _, b := next(); b != nil; _, b = next() {
			w.count(b, nil)
		}
		mu.Lock()
		defer mu.Unlock()
		total = append(total, make([]int, max(0, len(w.counts)-len(total)))...)
		for i, n := range w.counts {
			total[i] += n
		}
	})
	return total
}

// PerBucket implements [Counts].
func (m *Memory) PerBucket(ctx context.Context, channel string, q alert.Query) (*[alert.Buckets]int, error) {
	var per [alert.Buckets]int
	qu, err := m.ask(ctx, q)
	if err != nil || qu == nil {
		return &per, err
	}
	only, ok := m.profiles.channelNumber(channel)
	if !ok {
		return &per, nil // nobody ever joined this channel
	}
	m.eachBucket(func(next func() (int, *bucket)) {
		w := m.watcher(qu)
		for n, b := next(); b != nil; n, b = next() {
			per[n] = w.count(b, &only)
		}
	})
	return &per, nil
}

func (ps *profiles) channelNumber(channel string) (uint32, bool) {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	n, ok := ps.channels.ids[channel]
	return n, ok
}

// eachBucket has the buckets worked on by as many goroutines as there are
// processors, and returns when they are done.
func (m *Memory) eachBucket(work func(next func() (int, *bucket))) {
	const step = 32 // buckets taken at a time
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			at, end := 0, 0
			work(func() (int, *bucket) {
				if at == end {
					end = int(taken.Add(step))
					at = end - step
				}
				if at >= alert.Buckets {
					at = end
					return 0, nil
				}
				at++
				return at - 1, &m.buckets[at-1]
			})
		})
	}
	wg.Wait()
}

// watcher asks a question of many people, judging each profile once.
type watcher struct {
	m      *Memory
	qu     *question
	list   []*profile
	wanted []bool
	counts []int
}

func (m *Memory) watcher(qu *question) *watcher {
	w := &watcher{m: m, qu: qu}
	w.learn()
	return w
}

// learn judges the profiles that came since.
func (w *watcher) learn() {
	w.list = w.m.profiles.all()
	for _, p := range w.list[len(w.wanted):] {
		w.wanted = append(w.wanted, w.qu.wants(p))
	}
	w.counts = append(w.counts, make([]int, len(w.list)-len(w.counts))...)
}

// count adds a bucket's selected people to the counts by profile and returns
// how many there were, of one channel if that is given.
func (w *watcher) count(b *bucket, channel *uint32) int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := 0
	for i := range b.people {
		p := &b.people[i]
		if int(p.profile) >= len(w.wanted) {
			w.learn()
		}
		if !w.wanted[p.profile] || !w.qu.there(p) || channel != nil && w.list[p.profile].channel != *channel {
			continue
		}
		w.counts[p.profile]++
		n++
	}
	return n
}
