package journal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// tale is a journal in memory: the stored bytes of its events.
type tale [][]byte

// tell makes n events, each behind the one before; word makes them differ.
func tell(t testing.TB, before tale, n int, word string) tale {
	t.Helper()
	out := slices.Clone(before)
	for range n {
		prev := alert.GenesisHash
		if len(out) > 0 {
			prev = alert.HashEvent(out[len(out)-1])
		}
		e := alert.Event{V: 1, Seq: uint64(len(out)) + 1, At: time.Unix(1, 0).UTC(), Kind: "key", ID: "roll", Type: "set",
			Data: fmt.Appendf(nil, `{"fingerprint":%q}`, word), Prev: prev}
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// as gives the events as a copy of that name. Lines that are no events are holes.
func (s tale) as(name string) *copyLinks {
	c := &copyLinks{name: name, read: func(p placed) ([]byte, error) { return s[p.off], nil }}
	for i, b := range s {
		e, err := parseEntry(b)
		if err != nil {
			c.junk++
			continue
		}
		c.links = append(c.links, placed{seq: e.seq, hash: e.hash, prev: e.prev, off: int64(i)})
	}
	c.sort()
	return c
}

// head signs an event of the tale.
func (s tale) head(seq int) Head {
	return Head{Seq: uint64(seq), hash: digestOf(s[seq-1]), path: "head.json"}
}

// without loses events; changed alters one.
func (s tale) without(seqs ...int) tale {
	out := slices.Clone(s)
	for _, seq := range seqs {
		out[seq-1] = []byte("~")
	}
	return out
}

func (s tale) changed(seq int) tale {
	out := slices.Clone(s)
	out[seq-1] = bytes.Replace(s[seq-1], []byte(`"fingerprint":"`), []byte(`"fingerprint":"X`), 1)
	return out
}

// Whatever happened to some of the copies, the chain that counts is the one that is
// whole and contains what was signed, put together from all of them.
func TestTheChainThatCounts(t *testing.T) {
	whole := tell(t, nil, 20, "a")
	for name, c := range map[string]struct {
		copies []tale
		heads  []int // events that were signed
		want   tale
	}{
		"nothing at all":                      {nil, nil, nil},
		"one copy":                            {[]tale{whole}, []int{20}, whole},
		"a head that is behind":               {[]tale{whole}, []int{15}, whole},
		"a mirror that is behind":             {[]tale{whole, whole[:12]}, []int{20}, whole},
		"a stream that was cut":               {[]tale{whole[:7], whole}, []int{20}, whole},
		"a stream that is gone":               {[]tale{{}, whole}, []int{20}, whole},
		"a hole":                              {[]tale{whole.without(9), whole}, []int{20}, whole},
		"a changed event":                     {[]tale{whole.changed(9), whole}, []int{20}, whole},
		"the last one changed":                {[]tale{whole.changed(20), whole}, []int{20}, whole},
		"both damaged, at different places":   {[]tale{whole.without(3, 4, 18), whole.changed(11)[:19]}, nil, whole},
		"each has what the other lost":        {[]tale{whole.without(1, 2, 20), whole.without(19, 3)}, []int{20}, whole},
		"changed in the middle, nothing said": {[]tale{whole.changed(9), whole}, nil, whole},
		"out of order":                        {[]tale{append(slices.Clone(whole[10:]), whole[:10]...), whole[:3]}, []int{20}, whole},
		"twice the same lines":                {[]tale{append(slices.Clone(whole), whole[5:9]...)}, []int{20}, whole},
		"another journal's beginning":         {[]tale{tell(t, nil, 5, "b"), whole}, []int{20}, whole},
		"rewritten from the tenth on":         {[]tale{tell(t, whole[:9], 30, "b"), whole}, []int{20}, whole},
	} {
		t.Run(name, func(t *testing.T) {
			var copies []*copyLinks
			for i, c := range c.copies {
				copies = append(copies, c.as(fmt.Sprintf("copy %d", i+1)))
			}
			var heads []Head
			for _, h := range c.heads {
				heads = append(heads, whole.head(h))
			}
			a, err := resolve(copies, heads)
			if err != nil {
				t.Fatal(err)
			}
			var got tale
			if err := a.each(0, func(_ uint64, b []byte) error { got = append(got, bytes.Clone(b)); return nil }); err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got, c.want, bytes.Equal) {
				t.Errorf("%d events, want %d", len(got), len(c.want))
			}
		})
	}
}

// Two chains that are both whole are a person's choice, and it is said which they
// are.
func TestForksAreNotDecided(t *testing.T) {
	trunk := tell(t, nil, 10, "a")
	left, right := tell(t, trunk, 3, "left"), tell(t, trunk, 5, "right")
	for name, c := range map[string]struct {
		copies []tale
		heads  []Head
	}{
		"behind what was signed":      {[]tale{left, right}, []Head{trunk.head(10)}},
		"and nothing was signed":      {[]tale{left, right}, nil},
		"from the first event on":     {[]tale{tell(t, nil, 4, "a"), tell(t, nil, 4, "b")}, nil},
		"one beside its own mirror":   {[]tale{left, trunk, right}, []Head{trunk.head(4)}},
		"the last event was replaced": {[]tale{trunk, trunk.changed(10)}, nil},
	} {
		var copies []*copyLinks
		for i, c := range c.copies {
			copies = append(copies, c.as(fmt.Sprintf("copy %d", i+1)))
		}
		_, err := resolve(copies, c.heads)
		fork, ok := errors.AsType[*ForkError](err)
		if !ok || fork.A.Hash == fork.B.Hash || fork.A.First != fork.B.First || len(fork.A.Copies) == 0 || fork.A.Event != "key.roll set" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was signed decides.
	a, err := resolve([]*copyLinks{left.as("left"), right.as("right")}, []Head{left.head(12)})
	if err != nil || a.head() != digestOf(left[12]) {
		t.Errorf("signed on the left: %v", err)
	}
}

// What was signed and is nowhere whole is not made up.
func TestLostEventsAreNamed(t *testing.T) {
	whole := tell(t, nil, 20, "a")
	for name, copies := range map[string][]tale{
		"all cut":             {whole[:12], whole[:7]},
		"the same hole":       {whole.without(13), whole.without(13)},
		"another journal":     {tell(t, nil, 30, "b"), whole[:12]},
		"rewritten and alone": {append(slices.Clone(whole[:12]), tell(t, whole[:12], 9, "b")[12:]...)},
	} {
		var links []*copyLinks
		for i, c := range copies {
			links = append(links, c.as(fmt.Sprintf("copy %d", i+1)))
		}
		_, err := resolve(links, []Head{whole.head(20), whole.head(5)})
		lost, ok := errors.AsType[*LostError](err)
		if !ok || lost.Seq != 20 || lost.Path != "head.json" || lost.Best < 12 || len(lost.In) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Heads that contradict each other are nobody's journal.
	other := tell(t, nil, 20, "b")
	if _, err := resolve([]*copyLinks{whole.as("a"), other.as("b")}, []Head{whole.head(20), other.head(19)}); err == nil {
		t.Error("two signed journals, and one was chosen")
	}
}

// The exported check of a chain names the event that does not fit.
func TestChain(t *testing.T) {
	whole := tell(t, nil, 5, "a")
	var c Chain
	for _, b := range whole {
		if err := c.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	if c.Seq() != 5 || c.Head() != alert.HashEvent(whole[4]) {
		t.Errorf("ends with %d, %s", c.Seq(), c.Head())
	}
	for name, b := range map[string][]byte{"again": whole[4], "not JSON": []byte("{"), "a line break": append([]byte("{\n"), whole[4][1:]...),
		"from elsewhere": tell(t, tell(t, nil, 5, "b"), 1, "b")[5]} {
		if err := c.Add(b); err == nil || c.Seq() != 5 {
			t.Errorf("%s was taken", name)
		}
	}
}
