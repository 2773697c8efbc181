package channels

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"mingluo/internal/alert"
)

// Every id that was put is found with its slice and recipient, none that was
// not, through many growths; the newest of two counts.
func TestTheLookUpTableFindsWhatWasPut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var p part
	type place struct {
		slice uint32
		tag   recipientTag
	}
	want := map[uint64]place{}
	for i := range 20_000 {
		h := rnd.Uint64()
		if i%7 == 0 {
			h |= 1<<63 | 1<<62 | 1<<61 // crowded at the end: it goes on at the front
		}
		h &^= 0xff
		v := place{rnd.Uint32N(1 << sliceBits), recipientTag(rnd.Uint64N(1 << tagBits))}
		for range 1 + i%2 {
			p.put(h, v.slice, v.tag)
		}
		want[h] = v
	}
	p.put(0, 5, 6) // the hash that looks like a free place
	if slice, tag, ok := p.get(0); !ok || slice != 5 || tag != 6 {
		t.Errorf("hash 0: %d %d %v", slice, tag, ok)
	}
	for h, v := range want {
		if slice, tag, ok := p.get(h); !ok || slice != v.slice || tag != v.tag {
			t.Fatalf("%x: %d %d %v, want %+v", h, slice, tag, ok, v)
		}
	}
	for range 20_000 {
		h := rnd.Uint64()
		if _, there := want[h&^0xff]; there {
			continue
		}
		if _, _, ok := p.get(h); ok {
			t.Fatalf("%x was never put", h)
		}
	}
	n, bytes := p.size()
	if n != len(want)+1 || bytes > n*32 {
		t.Errorf("%d entries in %d bytes, want %d in 32 bytes each at most", n, bytes, len(want)+1)
	}
}

// BenchmarkReceiptIndex remembers b.N message ids of slices of a thousand.
func BenchmarkReceiptIndex(b *testing.B) {
	x := newReceiptIndex()
	outcomes := make([][]alert.Outcome, b.N/1000+1)
	for s := range outcomes {
		for i := range 1000 {
			o := accepted(i, 1000)
			o.MessageID = fmt.Sprintf("%08x", s*1000+i)
			outcomes[s] = append(outcomes[s], o)
		}
	}
	b.ResetTimer()
	cpu := cpuTime()
	for s := range outcomes {
		x.add(fmt.Sprintf("sms.n1.1.%04x-%04x", s, s), outcomes[s]...)
	}
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
	n, bytes := x.size()
	b.ReportMetric(float64(bytes)/float64(n), "bytes/entry")
}
