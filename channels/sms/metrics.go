package sms

import (
	"github.com/prometheus/client_golang/prometheus"

	"mingluo/channels/sms/link"
	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
)

// metrics of one route, which is their label.
type metrics struct {
	outcomes      *prometheus.CounterVec
	receipts      *prometheus.CounterVec
	refused       prometheus.Counter // before anything was sent: not a number
	throttled     prometheus.Counter
	unreadable    prometheus.Counter
	replies       prometheus.Counter
	answerSeconds prometheus.Histogram
}

func newMetrics(r *Route, reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "sms", Name: name, Help: help})
	}
	m := &metrics{
		outcomes:   prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "sms", Name: "outcomes_total", Help: "People reported, by state."}, []string{"state"}),
		receipts:   prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "sms", Name: "receipts_total", Help: "Delivery receipts by the carrier's word; parts of a long message count each."}, []string{"word"}),
		refused:    counter("bad_addresses_total", "People refused before sending: the address is not a mobile number."),
		throttled:  counter("throttled_total", "Submissions that the carrier said are too many."),
		unreadable: counter("receipts_unreadable_total", "Receipts without a message id."),
		replies:    counter("replies_total", "Messages from people."),
		answerSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "mingluo", Subsystem: "sms", Name: "answer_seconds",
			Help: "From submission to the carrier's answer.", Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 60}}),
	}
	for _, s := range []alert.OutcomeState{alert.StateAccepted, alert.StateRefused, alert.StateDeferred, alert.StateUnsure} {
		m.outcomes.WithLabelValues(s.String())
	}
	for s := smpp.MessageState(0); s <= smpp.StateRejected; s++ {
		m.receipts.WithLabelValues(wordOf(s))
	}
	if reg != nil {
		prometheus.WrapRegistererWith(prometheus.Labels{"route": r.cfg.Name}, reg).
			MustRegister(append(r.gauges(), m.outcomes, m.receipts, m.refused, m.throttled, m.unreadable, m.replies, m.answerSeconds)...)
	}
	return m
}

func (m *metrics) outcome(s alert.OutcomeState) { m.outcomes.WithLabelValues(s.String()).Inc() }
func (m *metrics) receipt(s smpp.MessageState)  { m.receipts.WithLabelValues(wordOf(s)).Inc() }

// wordOf keeps words that carriers make up out of labels.
func wordOf(s smpp.MessageState) string {
	if w := s.Word(); w != "" {
		return w
	}
	return "other"
}

// gauges ask the link when they are read.
func (r *Route) gauges() []prometheus.Collector {
	of := func(name, help string, read func(link.Stats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "sms", Name: name, Help: help}, func() float64 {
			if r.link == nil {
				return 0
			}
			return read(r.link.Stats())
		})
	}
	count := func(name, help string, read func(link.Stats) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "sms", Name: name, Help: help}, func() float64 {
			if r.link == nil {
				return 0
			}
			return float64(read(r.link.Stats()))
		})
	}
	return []prometheus.Collector{
		of("link_up", "1 while the link to the carrier is bound.", func(s link.Stats) float64 {
			if s.Up {
				return 1
			}
			return 0
		}),
		of("in_flight", "Submissions without an answer.", func(s link.Stats) float64 { return float64(s.InFlight) }),
		count("binds_total", "Successful binds.", func(s link.Stats) int64 { return s.Logins }),
		count("submitted_total", "Submissions (parts) handed to the carrier.", func(s link.Stats) int64 { return s.Submitted }),
		count("timed_out_total", "Submissions that were not answered in time.", func(s link.Stats) int64 { return s.TimedOut }),
		count("lost_total", "Submissions in flight when the link broke.", func(s link.Stats) int64 { return s.Lost }),
		count("late_answers_total", "Answers that nobody waited for any more.", func(s link.Stats) int64 { return s.Late }),
		count("asked_again_total", "Receipts and replies that the carrier was asked to send again.", func(s link.Stats) int64 { return s.Busy }),
		count("damaged_total", "PDUs of the carrier's that could not be read.", func(s link.Stats) int64 { return s.Damaged }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "sms", Name: "messages_per_second_limit",
			Help: "Present speed limit of the route in messages a second, 0 when there is none."}, r.brake.speed),
	}
}
