package roll

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Status is how the roll is, for people.
type Status struct {
	Last        Findings      // of the newest comparison
	LastErr     error         // why it could not be made; nil when it was
	Snapshot    *SnapshotInfo // the newest on the shelf; nil when there is none
	SnapshotErr error
	LogErr      error // the log of changes is not being written
	Rebuilding  bool  // the stream is being made anew
	// Waiting counts people who were erased, or left and were forgotten, since the
	// roll was last rewritten: old bytes of them lie in the stream's files. Oldest is
	// when the first of them was.
	Waiting int
	Oldest  time.Time
	// Every is how old a snapshot may become before the next is due.
	Every time.Duration
}

// Damaged reports whether the newest comparison found damage that was not mended.
func (s *Status) Damaged() bool { return s.Last.Damaged() && !s.Last.Mended }

// Status returns how the roll is.
func (c *Care) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

func (c *Care) tell(change func(s *Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.status)
}

// found keeps what a comparison came to, and alarms.
func (c *Care) found(f Findings) {
	c.tell(func(s *Status) { s.Last, s.LastErr = f, nil })
	c.m.found(&f)
	switch {
	case f.Damaged() && !f.Mended:
		c.log.Error("alarm: the roll is damaged and was not mended", "found", f.String())
	case f.Damaged():
		c.log.Error("alarm: the roll was damaged and is mended", "found", f.String(), "took", f.Took)
	case f.Strange+f.Corrected+len(f.Odd) > 0:
		c.log.Warn("the roll was compared", "found", f.String(), "odd", f.Odd)
	default:
		c.log.Info("the roll was compared", "found", f.String(), "against", f.Against, "took", f.Took)
	}
}

// careMetrics are the care's figures.
type careMetrics struct {
	compared prometheus.Counter
	failed   prometheus.Counter
	damaged  *prometheus.CounterVec
	mended   prometheus.Counter
	unmended prometheus.Gauge
	waiting  prometheus.Gauge
}

const (
	kindHidden, kindStale, kindAltered, kindUnread, kindShortened = "hidden", "stale", "altered", "unreadable", "shortened"
)

func newCareMetrics(c *Care, reg prometheus.Registerer) *careMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "roll", Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "roll", Name: name, Help: help}
	}
	m := &careMetrics{
		compared: counter("compared_total", "Comparisons of the roll's stream with its index or its second copy."),
		failed:   counter("compare_failed_total", "Comparisons that could not be made."),
		damaged:  prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "roll", Name: "damaged_total", Help: "Records that the stream hid, went back with, altered or could not give out."}, []string{"kind"}),
		mended:   counter("mended_total", "Times that the roll's stream was written anew because it was damaged."),
		unmended: prometheus.NewGauge(gauge("damaged", "1 while damage is known that was not mended.")),
		waiting:  prometheus.NewGauge(gauge("erased_waiting", "People erased or forgotten since the last rewrite, whose old bytes lie in the stream's files.")),
	}
	for _, kind := range []string{kindHidden, kindStale, kindAltered, kindUnread, kindShortened} {
		m.damaged.WithLabelValues(kind)
	}
	if reg != nil {
		reg.MustRegister(m.compared, m.failed, m.damaged, m.mended, m.unmended, m.waiting,
			prometheus.NewGaugeFunc(gauge("snapshot_age_seconds", "Age of the newest snapshot of the roll; -1 when there is none."), c.snapshotAge),
			prometheus.NewGaugeFunc(gauge("compared_age_seconds", "Seconds since the roll was last compared; -1 before."), c.comparedAge))
	}
	return m
}

func (m *careMetrics) found(f *Findings) {
	m.compared.Inc()
	m.damaged.WithLabelValues(kindHidden).Add(float64(f.Hidden))
	m.damaged.WithLabelValues(kindStale).Add(float64(f.Stale))
	m.damaged.WithLabelValues(kindAltered).Add(float64(f.Altered))
	m.damaged.WithLabelValues(kindUnread).Add(float64(f.Unread))
	if f.Shortened {
		m.damaged.WithLabelValues(kindShortened).Inc()
	}
	if f.Mended {
		m.mended.Inc()
	}
	m.unmended.Set(0)
	if f.Damaged() && !f.Mended {
		m.unmended.Set(1)
	}
}

func (c *Care) snapshotAge() float64 {
	if s := c.Status().Snapshot; s != nil {
		return time.Since(s.Made).Seconds()
	}
	return -1
}

func (c *Care) comparedAge() float64 {
	if at := c.Status().Last.At; !at.IsZero() {
		return time.Since(at).Seconds()
	}
	return -1
}
