package channels

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mingluo/internal/alert"
)

// otherChannel is the label of receipts that name no channel of ours.
const otherChannel = "other"

// metrics are the engine's figures. Every label value is there from the start;
// none is an id.
type metrics struct {
	recorded     *prometheus.CounterVec // channel, state
	byState      map[string][]prometheus.Counter
	halted       *prometheus.GaugeVec   // channel
	held         *prometheus.GaugeVec   // channel
	working      *prometheus.GaugeVec   // channel
	batchErrors  *prometheus.CounterVec // channel, kind
	receipts     *prometheus.CounterVec // channel, result
	refusedMode  *prometheus.CounterVec // channel
	bursts       *prometheus.CounterVec // channel
	commit       prometheus.Histogram
	commitSize   prometheus.Histogram
	commitFailed prometheus.Counter
	stale        prometheus.Counter
	known        prometheus.GaugeFunc
}

func newMetrics(reg prometheus.Registerer, names []string, index *receiptIndex) *metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "channel", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "channel", Name: name, Help: help}, []string{"channel"})
	}
	m := &metrics{
		recorded:    vec("outcomes_recorded_total", "Outcomes committed to the record.", "channel", "state"),
		halted:      gauge("halted", "1 while the channel takes no tasks."),
		held:        gauge("tasks_held", "Tasks that this process holds."),
		working:     gauge("slices_working", "Slices being delivered now."),
		batchErrors: vec("batch_errors_total", "Batches that ended with an error.", "channel", "kind"),
		receipts:    vec("receipts_total", "Receipts from carriers.", "channel", "result"),
		bursts:      vec("bursts_total", "Bursts of refusals that paused a fan-out.", "channel"),
		refusedMode: vec("wrong_mode_total", "Tasks refused because their mode was not the plan's (R5).", "channel"),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "mingluo", Subsystem: "recorder", Name: "commit_seconds",
			Help: "Time of one group commit of outcomes.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}}),
		commitSize: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "mingluo", Subsystem: "recorder", Name: "commit_outcomes",
			Help: "Outcomes in one group commit.", Buckets: []float64{1, 10, 100, 1000, 10_000, 100_000}}),
		commitFailed: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "recorder", Name: "commit_failures_total",
			Help: "Commits that the record did not take."}),
		stale: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "recorder", Name: "stale_slices_total",
			Help: "Slices dropped from a commit because somebody else wrote in between."}),
		known: prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "receipts", Name: "known_messages",
			Help: "Carrier message ids that a receipt would be recognised by."}, func() float64 { n, _ := index.size(); return float64(n) }),
		byState: map[string][]prometheus.Counter{},
	}
	for _, name := range names {
		m.preset(name)
	}
	reg.MustRegister(m.recorded, m.halted, m.held, m.working, m.batchErrors, m.receipts, m.refusedMode, m.bursts, m.commit, m.commitSize, m.commitFailed, m.stale, m.known)
	return m
}

func (m *metrics) preset(channel string) {
	for s := alert.StateNone; s <= alert.LastState; s++ {
		m.byState[channel] = append(m.byState[channel], m.recorded.WithLabelValues(channel, s.String()))
	}
	for _, g := range []*prometheus.GaugeVec{m.halted, m.held, m.working} {
		g.WithLabelValues(channel)
	}
	for _, kind := range []string{"retry", "halted", "other"} {
		m.batchErrors.WithLabelValues(channel, kind)
	}
	for _, result := range []string{"recorded", "repeated", "unknown", "failed"} {
		m.receipts.WithLabelValues(channel, result)
		m.receipts.WithLabelValues(otherChannel, result)
	}
	m.refusedMode.WithLabelValues(channel)
	m.bursts.WithLabelValues(channel)
}

// outcomes counts what was committed for a channel.
func (m *metrics) outcomes(channel string, os []alert.Outcome) {
	counters, ok := m.byState[channel]
	if !ok {
		return
	}
	var n [alert.LastState + 1]int
	for i := range os {
		n[os[i].State]++
	}
	for s, c := range n {
		if c > 0 {
			counters[s].Add(float64(c))
		}
	}
}

func (m *metrics) committed(outcomes int, took time.Duration) {
	m.commit.Observe(took.Seconds())
	m.commitSize.Observe(float64(outcomes))
}
