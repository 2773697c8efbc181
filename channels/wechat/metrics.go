package wechat

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the channel's figures. No label names a person or a notice.
type metrics struct {
	sends     *prometheus.CounterVec // by what the answer meant
	seconds   prometheus.Histogram
	refreshes prometheus.Counter
	callbacks *prometheus.CounterVec // by what became of them
}

// What a send came to besides a class, and what became of a callback.
const (
	sendUnsure  = "unsure"   // may have arrived, no answer
	sendNotSent = "not_sent" // never left

	cbRecorded = "recorded"
	cbRefused  = "refused" // signature, age, replay, shape
	cbFull     = "full"    // too many at once, or the service is starting or ending
	cbIgnored  = "ignored" // an event nobody here needs
	cbFailed   = "failed"  // could not be recorded: WeChat sends it again
)

func newMetrics(reg prometheus.Registerer, callbacks, halted func() float64) *metrics {
	const ns, sub = "mingluo", "wechat"
	m := &metrics{
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "sends_total",
			Help: "Template messages handed to WeChat, by the class of the answer."}, []string{"answer"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: ns, Subsystem: sub, Name: "send_seconds",
			Help: "From the request to its answer.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 12)}),
		refreshes: prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "token_requests_total",
			Help: "Requests for an access token."}),
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "callbacks_total",
			Help: "Callbacks of WeChat, by what became of them."}, []string{"result"}),
	}
	for _, c := range classNames {
		m.sends.WithLabelValues(c)
	}
	m.sends.WithLabelValues(sendUnsure)
	m.sends.WithLabelValues(sendNotSent)
	for _, r := range []string{cbRecorded, cbRefused, cbFull, cbIgnored, cbFailed} {
		m.callbacks.WithLabelValues(r)
	}
	if reg != nil {
		reg.MustRegister(m.sends, m.seconds, m.refreshes, m.callbacks,
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub, Name: "callbacks_recording",
				Help: "Callbacks being recorded now."}, callbacks),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub, Name: "halted",
				Help: "1 while the account takes no messages."}, halted))
	}
	return m
}

func (m *metrics) sent(answer string, since time.Time) {
	m.sends.WithLabelValues(answer).Inc()
	m.seconds.Observe(time.Since(since).Seconds())
}
