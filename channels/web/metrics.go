package web

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	streams prometheus.Gauge
	applied prometheus.Gauge
	inForce *prometheus.GaugeVec   // mode
	public  *prometheus.CounterVec // type
	sent    prometheus.Counter
	dropped *prometheus.CounterVec // reason
	delay   prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "mingluo_web_streams", Help: "Open event streams."}),
		applied: prometheus.NewGauge(prometheus.GaugeOpts{Name: "mingluo_web_journal_sequence", Help: "Last journal sequence that the public site has applied."}),
		inForce: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "mingluo_web_notices_in_force", Help: "Public notices in force."}, []string{"mode"}),
		public:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mingluo_web_events_total", Help: "Events that became public since the start."}, []string{"type"}),
		sent:    prometheus.NewCounter(prometheus.CounterOpts{Name: "mingluo_web_events_sent_total", Help: "Events written to streams."}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mingluo_web_streams_dropped_total", Help: "Streams refused or cut off by the site."}, []string{"reason"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "mingluo_web_event_delay_seconds", Help: "From the site taking an event to its bytes handed to a stream's socket.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .025, .05, .1, .25, .5, 1, 5}}),
	}
	for _, v := range []string{"live", "drill"} {
		m.inForce.WithLabelValues(v)
	}
	for _, v := range []string{"release", "update", "lift", "retract", "expire"} {
		m.public.WithLabelValues(v)
	}
	for _, v := range []string{"slow", "behind", "full"} {
		m.dropped.WithLabelValues(v)
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.streams, m.applied, m.inForce, m.public, m.sent, m.dropped, m.delay} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("web: register metric: %w", err)
		}
	}
	return m, nil
}
