package desk

import (
	"container/heap"
	"time"
)

// agenda says of a few things when each has to be looked at next. Putting one
// in, moving it and taking out what is due cost the logarithm of how many there
// are.
type agenda struct {
	items entries
	by    map[matter]*entry
}

type entry struct {
	key  matter
	at   time.Time
	slot int
}

// set moves a thing to an instant; the zero instant takes it out.
func (a *agenda) set(key matter, at time.Time) {
	e := a.by[key]
	switch {
	case e == nil && at.IsZero():
	case e == nil:
		if a.by == nil {
			a.by = map[matter]*entry{}
		}
		e = &entry{key: key, at: at}
		a.by[key] = e
		heap.Push(&a.items, e)
	case at.IsZero():
		heap.Remove(&a.items, e.slot)
		delete(a.by, key)
	default:
		e.at = at
		heap.Fix(&a.items, e.slot)
	}
}

// due takes out everything whose instant has come.
func (a *agenda) due(now time.Time) (keys []matter) {
	for len(a.items) > 0 && !a.items[0].at.After(now) {
		key := a.items[0].key
		keys = append(keys, key)
		a.set(key, time.Time{})
	}
	return keys
}

// next is the earliest instant, zero when there is none.
func (a *agenda) next() time.Time {
	if len(a.items) == 0 {
		return time.Time{}
	}
	return a.items[0].at
}

// at is when the agenda names a thing, zero when it does not.
func (a *agenda) at(key matter) time.Time {
	if e := a.by[key]; e != nil {
		return e.at
	}
	return time.Time{}
}

// entries implements [heap.Interface].
type entries []*entry

func (s entries) Len() int           { return len(s) }
func (s entries) Less(i, k int) bool { return s[i].at.Before(s[k].at) }
func (s entries) Swap(i, k int) {
	s[i], s[k] = s[k], s[i]
	s[i].slot, s[k].slot = i, k
}

func (s *entries) Push(x any) {
	e := x.(*entry)
	e.slot = len(*s)
	*s = append(*s, e)
}

func (s *entries) Pop() any {
	last := len(*s) - 1
	e := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return e
}
