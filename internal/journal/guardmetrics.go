package journal

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// guardMetrics are the guard's figures. Every label value is there from the start.
type guardMetrics struct {
	damage      *prometheus.CounterVec // copy
	healed      *prometheus.CounterVec // copy
	whole       prometheus.Gauge
	looks       prometheus.Counter
	seconds     prometheus.Gauge
	events      prometheus.Gauge
	headFailed  prometheus.Gauge
	mirrorWrong prometheus.Counter
	slices      prometheus.Counter
	slicesBad   prometheus.Gauge
}

func newGuardMetrics(g *Guard, reg prometheus.Registerer) *guardMetrics {
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "mingluo", Subsystem: "journal", Name: name, Help: help}
	}
	counters := func(name, help string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), []string{"copy"})
		for _, kind := range []string{KindStream, KindMirror, KindHead} {
			v.WithLabelValues(kind)
		}
		return v
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts(opts(name, help)))
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts(opts(name, help)))
	}
	m := &guardMetrics{
		damage:      counters("damage_total", "Damage found in a copy of the journal."),
		healed:      counters("healed_total", "Copies of the journal that were made whole again."),
		whole:       gauge("whole", "1 while the newest look found the journal whole, or healed it."),
		looks:       counter("scrubs_total", "Looks at all copies of the journal."),
		seconds:     gauge("scrub_seconds", "How long the newest look took."),
		events:      gauge("events", "Events in the journal at the newest look."),
		headFailed:  gauge("head_failed", "1 while the signed head of the data folder cannot be written."),
		mirrorWrong: counter("mirror_failures_total", "Writes to a mirror or to a further signed head that failed."),
		slices:      counter("outcome_slices_checked_total", "Slices whose outcomes were compared with their tally."),
		slicesBad:   gauge("outcome_slices_damaged", "Slices whose outcomes are known to be damaged or missing."),
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(m.damage, m.healed, m.whole, m.looks, m.seconds, m.events, m.headFailed, m.mirrorWrong, m.slices, m.slicesBad,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts("scrub_age_seconds", "Time since the newest look at all copies.")), func() float64 {
			if at := g.Last().At; !at.IsZero() {
				return time.Since(at).Seconds()
			}
			return -1
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts("mirror_behind", "Events that the slowest mirror is behind.")), g.behind))
	return m
}

// behind is how many events the slowest mirror lacks.
func (g *Guard) behind() float64 {
	if g.book == nil {
		return 0
	}
	last := g.book.Seq()
	most := uint64(0)
	for _, m := range g.mirrors {
		if c, _ := m.held(); c.seq < last {
			most = max(most, last-c.seq)
		}
	}
	return float64(most)
}

// looked takes a look's result.
func (m *guardMetrics) looked(r Report, problem error) {
	m.looks.Inc()
	m.seconds.Set(r.Took.Seconds())
	m.events.Set(float64(r.Seq))
	m.whole.Set(1)
	if problem != nil {
		m.whole.Set(0)
	}
	m.slices.Add(float64(r.Slices.Checked))
	m.slicesBad.Set(float64(len(r.Slices.Damaged)))
}

func (m *guardMetrics) sealed(err error) {
	m.headFailed.Set(0)
	if err != nil {
		m.headFailed.Set(1)
	}
}
