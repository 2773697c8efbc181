package web

import (
	"iter"
	"slices"
	"time"
)

// rack is one mode's notices as they change: those in force, in no order,
// and those that are over in the order in which they ended. An event moves one
// of them; the thousands of the past stay where they are, and snapshots share
// their list.
type rack struct {
	inForce []*entry
	past    []*entry // ascending by end; never changed below what a snapshot has seen
	shared  bool     // a snapshot has seen it
}

func (x *rack) add(en *entry) {
	if en.inForce() {
		x.inForce = append(x.inForce, en)
		return
	}
	at, _ := slices.BinarySearchFunc(x.past, en, func(a, b *entry) int {
		if a.ended.After(b.ended) {
			return 1
		}
		return -1 // behind those that ended at the same instant
	})
	if at < len(x.past) {
		x.own()
	}
	x.past = slices.Insert(x.past, at, en)
}

func (x *rack) remove(en *entry) {
	if en.inForce() {
		x.inForce = slices.DeleteFunc(x.inForce, func(o *entry) bool { return o == en })
		return
	}
	for at, o := range slices.Backward(x.past) { // what changes ended lately
		if o == en {
			x.own()
			x.past = slices.Delete(x.past, at, at+1)
			return
		}
	}
}

// own makes the list of the past safe to change below its end.
func (x *rack) own() {
	if x.shared {
		x.past, x.shared = slices.Clone(x.past), false
	}
}

// share returns the list of the past as it will stay.
func (x *rack) share() pastList {
	x.shared = true
	return pastList(x.past[:len(x.past):len(x.past)])
}

// unsettled are the entries that time alone can change: those in force, and, if
// the clock was set back, those that ended after now.
func (x *rack) unsettled(now time.Time) []*entry {
	out := slices.Clone(x.inForce)
	for _, en := range slices.Backward(x.past) {
		if !en.ended.After(now) {
			break
		}
		out = append(out, en)
	}
	return out
}

// pastList is what is over, in ascending order of its end. It never changes.
type pastList []*entry

// newest returns at most n of them, newest end first, after skipping some.
func (l pastList) newest(skip, n int) []*entry {
	var out []*entry
	for i := len(l) - 1 - skip; i >= 0 && len(out) < n; i-- {
		out = append(out, l[i])
	}
	return out
}

// each yields all, newest end first.
func (l pastList) each() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for _, en := range slices.Backward(l) {
			if !yield(en) {
				return
			}
		}
	}
}
