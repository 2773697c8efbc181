package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters counts what the console does. Labels are routes and results, never an
// officer.
type meters struct {
	requests    *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	signIns     *prometheus.CounterVec
	refused     *prometheus.CounterVec
	crossOrigin prometheus.Counter
	envelopes   prometheus.Counter
	streams     prometheus.Gauge
}

func newMeters(reg prometheus.Registerer, sessions func() int) (*meters, error) {
	m := &meters{
		requests:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mingluo_console_requests_total", Help: "Requests by route and status class."}, []string{"route", "class"}),
		seconds:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "mingluo_console_request_seconds", Help: "Time to answer, event streams left out.", Buckets: []float64{.002, .005, .01, .02, .05, .1, .3, 1, 3}}, []string{"kind"}),
		signIns:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mingluo_console_signins_total", Help: "Tries to sign in by result."}, []string{"result"}),
		refused:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mingluo_console_refused_total", Help: "Acts refused by kind of problem."}, []string{"kind"}),
		crossOrigin: prometheus.NewCounter(prometheus.CounterOpts{Name: "mingluo_console_cross_origin_total", Help: "Requests from another site's pages that were refused."}),
		envelopes:   prometheus.NewCounter(prometheus.CounterOpts{Name: "mingluo_console_envelope_codes_total", Help: "Codes of sealed envelopes that were used."}),
		streams:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "mingluo_console_streams", Help: "Open event streams."}),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mingluo_console_sessions", Help: "Open sessions."}, func() float64 { return float64(sessions()) })
	for _, r := range []string{signInOK, signInWrong, signInSlow, signInDemo} {
		m.signIns.WithLabelValues(r)
	}
	for _, k := range failureKinds() {
		m.refused.WithLabelValues(k)
	}
	for _, k := range []string{"page", "api"} {
		m.seconds.WithLabelValues(k)
	}
	for _, x := range []prometheus.Collector{m.requests, m.seconds, m.signIns, m.refused, m.crossOrigin, m.envelopes, m.streams, open} {
		if err := reg.Register(x); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// served counts one request. The pattern is one of ours, so the label's values
// are bounded whatever is asked for.
func (m *meters) served(pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	m.requests.WithLabelValues(pattern, strconv.Itoa(status/100)+"xx").Inc()
	switch {
	case pattern == "GET /desk/{officer}/events":
	case strings.Contains(pattern, "/api/"):
		m.seconds.WithLabelValues("api").Observe(took.Seconds())
	default:
		m.seconds.WithLabelValues("page").Observe(took.Seconds())
	}
}

func healthy(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// readiness asks every part that was given; each has two seconds.
func (c *Console) readiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	var names []string
	for name := range c.Ready {
		names = append(names, name)
	}
	slices.Sort(names)
	lines, status := "", http.StatusOK
	for _, name := range names {
		word := "ok"
		if err := c.Ready[name](ctx); err != nil {
			word, status = err.Error(), http.StatusServiceUnavailable
		}
		lines += name + ": " + word + "\n"
	}
	for _, p := range c.parts() {
		lines += p.Name + ": " + string(p.Lamp) + ": " + p.State + "\n"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, lines)
}
