package bench

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"mingluo/channels/sms/smpp"
	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/roll"
)

// benchFold applies a journal of whole lives of notices (submitted, reviewed,
// approved, released, planned) from its stored bytes.
func benchFold(_ context.Context, o Options) (Result, error) {
	stored, err := lives(o.N)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	st := alert.NewState()
	for _, b := range stored {
		e, err := alert.DecodeEvent(b)
		if err != nil {
			return nil, err
		}
		if err := st.Apply(e); err != nil {
			return nil, err
		}
	}
	return timed(o.N, time.Since(began)), nil
}

func lives(n int) ([][]byte, error) {
	at := time.Now().UTC()
	var stored [][]byte
	for i := 0; len(stored) < n; i++ {
		id := fmt.Sprintf("20260101-%06d", i)
		c := notice("sms")
		hash := c.Hash(id, 1, alert.Issue, alert.Drill)
		plan := alert.Plan{Notice: id, Rev: 1, Verb: alert.Issue, Mode: alert.Drill, Query: c.Query(), Until: c.Expires,
			Channels: []alert.ChannelPlan{{Channel: "sms", Count: 1000, Slices: []alert.Slice{{Hi: alert.Buckets - 1, Count: 1000}}}}}
		for _, f := range []struct {
			id   string
			fact alert.Fact
		}{
			{id, alert.Submitted{Rev: 1, Verb: alert.Issue, Content: c, Touched: []string{"chen"}}}, {id, alert.Reviewed{Rev: 1, Hash: hash}},
			{id, alert.Approved{Rev: 1, Hash: hash, Audience: map[string]int{"sms": 1000}}}, {id, alert.Released{Rev: 1, Hash: hash}},
			{alert.PlanID(id, 1), plan},
		} {
			e, err := alert.NewEvent(at, "chen", alert.Drill, f.id, f.fact)
			if err != nil {
				return nil, err
			}
			e.Seq, e.Prev = uint64(len(stored)+1), alert.GenesisHash
			b, err := e.Encode()
			if err != nil {
				return nil, err
			}
			stored = append(stored, b)
		}
	}
	return stored[:n], nil
}

// people is a roll of n made-up subscriptions in its stored form.
type people []alert.Record

func manyPeople(n int, keys *roll.Keys) people {
	out := make(people, 0, n)
	for s := range roll.Samples(alert.Foshan(), n*2/3, n-n*2/3) {
		id := keys.ID(s.Channel, s.Address)
		rec := roll.Record{Joined: s.Joined, Profile: roll.AppendProfile(nil, s.Profile()), Sealed: keys.Seal(nil, id, s.Address)}
		out = append(out, alert.Record{Subject: roll.Subject(id), Seq: uint64(len(out) + 1), Data: roll.AppendRecord(nil, rec)})
	}
	return out
}

func (p people) Scan(_ context.Context, _, _ string, from uint64, fn func(alert.Record) error) (uint64, error) {
	for _, r := range p[max(from, 1)-1:] {
		if err := fn(r); err != nil {
			return r.Seq, err
		}
	}
	return uint64(len(p)), nil
}

func (p people) Follow(ctx context.Context, _, _ string, _ uint64, _ func(alert.Record) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// benchSlice filters and opens everybody, slice by slice, as workers do.
func benchSlice(ctx context.Context, o Options) (Result, error) {
	keys := roll.NewKeys()
	src := manyPeople(o.N, keys)
	before := heap()
	built := time.Now()
	index := audience.NewMemory(keys, alert.Foshan(), slog.New(slog.DiscardHandler))
	if err := index.Build(ctx, src); err != nil {
		return nil, err
	}
	buildTook := time.Since(built)
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
	r["count_ms"], r["build_seconds"], r["index_bytes"] = float64(countTook.Microseconds())/1000, buildTook.Seconds(), bytes
	runtime.KeepAlive(src)
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
