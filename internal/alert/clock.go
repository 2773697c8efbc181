package alert

import "time"

// Beijing is the zone every person sees: Asia/Shanghai, which has had no
// daylight saving since 1991, so a fixed offset needs no zone data.
func Beijing() *time.Location { return beijing }

var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// ShowTime writes an instant as officers read it: 11月24日 02:40.
func ShowTime(t time.Time) string { return t.In(beijing).Format("1月2日 15:04") }

// ShowDate writes an instant with its year: 2026年11月24日 02:40.
func ShowDate(t time.Time) string { return t.In(beijing).Format("2006年1月2日 15:04") }
