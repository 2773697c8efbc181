package bench

import (
	"context"
	"runtime"
	"time"

	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/roll"
)

// benchSlice filters and opens everybody, slice by slice, as workers do.
func benchSlice(ctx context.Context, o Options) (Result, error) {
	keys := roll.NewKeys()
	src := crowd{o.N, keys}
	before := heap()
	index := audience.NewMemory(keys, alert.Foshan(), quiet())
	if err := index.Build(ctx, src); err != nil {
		return nil, err
	}
	bytes := heap() - before
	q := alert.Query{Areas: []string{"440600"}, Level: alert.Red, Hazard: "11B01"}
	counted := time.Now()
	per, err := index.PerBucket(ctx, roll.SMS, q)
	if err != nil {
		return nil, err
	}
	countTook := time.Since(counted)
	slices := alert.CutSlices(per, 1000)
	found := 0
	began := time.Now()
	for _, s := range slices {
		members, err := index.Slice(ctx, roll.SMS, s, q)
		if err != nil {
			return nil, err
		}
		found += len(members)
	}
	r := timed(o.N, time.Since(began))
	r["slices"], r["found"] = len(slices), found
	r["slice_us"] = r["seconds"].(float64) * 1e6 / float64(len(slices))
	r["count_ms"], r["index_bytes"] = ms(countTook), bytes
	return r, nil
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// benchEncode encodes one part of a Chinese message again and again into the
// same buffer.
func benchEncode(_ context.Context, o Options) (Result, error) {
	m := smpp.ShortMessage{Source: []byte("10657000"), Dest: []byte("8613800138000"), DestTON: 1, DestNPI: 1, EsmClass: 0x40,
		RegisteredDelivery: 1, DataCoding: 8, Text: make([]byte, 140)}
	buf := make([]byte, 0, 512)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for i := range o.N {
		m.Sequence = uint32(i)
		var err error
		if buf, err = smpp.AppendSubmitSM(buf[:0], &m); err != nil {
			return nil, err
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	r := timed(o.N, took)
	r["ns_per_message"] = float64(took.Nanoseconds()) / float64(o.N)
	r["allocs"] = after.Mallocs - before.Mallocs
	r["bytes_per_message"] = len(buf)
	return r, nil
}
