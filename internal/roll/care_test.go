package roll_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mingluo/internal/faulttest"
)

// A roll that nothing happened to is found whole, whether its process ended well
// or died.
func TestAWholeRollIsFoundWhole(t *testing.T) {
	h := newHouse(t).open()
	people := h.joins(400)
	if f := h.care.Status().Last; f.Against != "" {
		t.Errorf("a first start was compared with %s", f.Against)
	}
	h.close()
	for i, end := range []func(){h.close, h.die, h.close} {
		h.open()
		if f := h.care.Status().Last; f.Damaged() || f.Against == "" || f.People != 500 || len(f.Odd) > 0 {
			t.Fatalf("start %d: %s", i, f.String())
		}
		f, err := h.care.Compare(t.Context())
		if err != nil || f.Damaged() || f.Corrected+f.Unsettled > 0 {
			t.Fatalf("comparison %d: %s, %v", i, f.String(), err)
		}
		p := people[i]
		h.do(h.roll.Leave(t.Context(), p.Channel, p.Address, time.Now(), time.Now().Add(time.Hour)))
		h.do(h.roll.Erase(t.Context(), people[100+i].Channel, people[100+i].Address, time.Now()))
		end()
	}
}

// T07 for the roll: whichever bit of the stream's files is flipped while nobody
// looks, with or without the server's own index, the next start finds what the
// stream hides before it serves, and everybody is there again as they were.
func TestT07AFlippedBitHidesNobodyFromTheRoll(t *testing.T) {
	run := faulttest.Begin(t, "T07r")
	h := newHouse(t).open()
	people := h.joins(run.N)
	for i := 0; i < len(people); i += 7 { // some are stored twice, some more than that
		people[i].Areas = []string{"440608"}
		_, _, err := h.roll.Join(t.Context(), people[i])
		h.do(err)
	}
	for i := 3; i < len(people); i += 20 {
		h.do(h.roll.Erase(t.Context(), people[i].Channel, people[i].Address, time.Now()))
	}
	h.heard()
	want := h.everybody()
	h.close()
	damaged := 0
	for i := range run.Times {
		blocks := h.blocks()
		path := blocks[run.Rand.IntN(len(blocks))]
		info, err := os.Stat(path)
		h.do(err)
		at, bit := run.Rand.Int64N(info.Size()), run.Rand.IntN(8)
		h.flip(path, at, bit)
		if i%2 == 1 {
			h.do(os.Remove(filepath.Join(filepath.Dir(path), "index.db")))
		}
		anew := h.comesUp()
		f := h.care.Status().Last
		t.Logf("bit %d of byte %d of %d: %s", bit, at, info.Size(), f.String())
		if f.Damaged() {
			damaged++
		} else if anew {
			t.Fatal("an empty roll was found whole")
		}
		same(t, h.everybody(), want)
		if f, err := h.care.Compare(t.Context()); err != nil || f.Damaged() && !f.Mended {
			t.Fatalf("after the start: %s, %v", f.String(), err)
		}
		if _, _, err := h.roll.Join(t.Context(), people[1+i%2]); err != nil {
			t.Fatalf("join after the start: %v", err)
		}
		h.heard()
		want = h.everybody()
		h.close()
		if anew {
			t.Logf("the server that goes round in circles goes on in this process, which a service would have ended: the %d flips left are not tried", run.Times-i-1)
			break
		}
	}
	if damaged == 0 {
		t.Errorf("none of %d flips did any damage: the test proves nothing", run.Times)
	}
}
