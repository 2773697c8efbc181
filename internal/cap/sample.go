package cap

import (
	_ "embed"
	"strings"
	"time"

	"mingluo/internal/alert"
)

//go:embed sample/typhoon.xml
var sampleTyphoon string

// sampleSent is the instant that the embedded sample was sent; all its other
// instants are given relative to it.
const sampleSent = "2026-11-24T05:20:00+08:00"

// SampleTyphoon returns a typhoon yellow signal for Foshan as the weather
// service would send it, sent at now and valid for 24 hours. Its status is
// Exercise and it says that it is a sample, so it can never go out live.
func SampleTyphoon(now time.Time) []byte {
	base, _ := parseTime(sampleSent)
	now = now.In(alert.Beijing()).Truncate(time.Second)
	var moves []string
	for _, after := range []time.Duration{0, 6 * time.Hour, 24 * time.Hour} {
		moves = append(moves, formatTime(base.Add(after)), formatTime(now.Add(after)))
	}
	for _, layout := range []string{"20060102150405", "2006年01月02日15时04分", "2006-01-02 at 15:04"} {
		moves = append(moves, base.Format(layout), now.Format(layout))
	}
	return []byte(strings.NewReplacer(moves...).Replace(sampleTyphoon))
}
