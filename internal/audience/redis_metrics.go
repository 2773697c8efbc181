package audience

import "github.com/prometheus/client_golang/prometheus"

// RedisMetrics tell whether Redis is worth its keep, and how the one who writes
// it gets on. They outlive an index: when the roll becomes another one, the
// next index goes on counting.
type RedisMetrics struct {
	current, mended, read prometheus.Counter // buckets given out, by where they came from
	failed, odd           prometheus.Counter
	applied               prometheus.Counter
	begun                 prometheus.Counter
	behind                prometheus.Gauge
}

// NewRedisMetrics registers them; nil keeps them to ourselves.
func NewRedisMetrics(reg prometheus.Registerer) *RedisMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "audience", Name: name, Help: help})
	}
	buckets := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "mingluo", Subsystem: "audience", Name: "buckets_total",
		Help: "Buckets given out: as Redis had them, with what was missing added, or read from the roll."}, []string{"from"})
	m := &RedisMetrics{
		current: buckets.WithLabelValues("redis"), mended: buckets.WithLabelValues("mended"), read: buckets.WithLabelValues("roll"),
		failed:  counter("redis_failures_total", "Reads of buckets that Redis did not answer."),
		odd:     counter("redis_odd_buckets_total", "Buckets in Redis that could not be read and were not believed."),
		applied: counter("redis_applied_total", "Messages of the roll written to Redis by this process."),
		begun:   counter("redis_begun_total", "Times this process began to keep Redis current: at its turn, and after Redis failed, forgot or went back."),
		behind: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "mingluo", Subsystem: "audience", Name: "redis_behind_buckets",
			Help: "Buckets that were behind when this process last began to keep Redis current."}),
	}
	if reg != nil {
		reg.MustRegister(buckets, m.failed, m.odd, m.applied, m.begun, m.behind)
	}
	return m
}
