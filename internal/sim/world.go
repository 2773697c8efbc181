package sim

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"mingluo/internal/alert"
)

// Mutation is a mistake that is built into a run on purpose, to show that the
// checks would find it.
type Mutation int

const (
	None            Mutation = iota
	AckBeforeRecord          // a worker ends its task before its outcomes are recorded
	TrustMemory              // a worker takes a task without reading what is recorded of its slice
	SendUnasked              // a worker does not look whether the revision still stands
	NoLease                  // a worker that was frozen sends on
	ForgetOnce               // the book records milestones and plans as often as they come
	OwnSignature             // an officer's own signature is appended past the desk
	UnknownIsDone            // an append without an answer is taken for done
	RetractAudience          // a retraction goes to the audience instead of to those who hold the notice
	OwnTally                 // a worker that was frozen stores its own view of a slice over a newer one
	SendUnaware              // a process that was frozen sends before it knows what was stopped meanwhile
)

// Mutations lists the mistakes.
func Mutations() []Mutation {
	return []Mutation{AckBeforeRecord, TrustMemory, SendUnasked, NoLease, ForgetOnce, OwnSignature, UnknownIsDone, RetractAudience, OwnTally, SendUnaware}
}

func (m Mutation) String() string {
	return [...]string{"none", "ack before record", "trust memory", "send unasked", "no lease", "forget once", "own signature",
		"unknown is done", "retract to the audience", "own tally", "send unaware"}[m]
}

// Result is what a run came to.
type Result struct {
	Violations []string
	Trace      string // a hash of everything that happened, in order
	Steps      int
	Kills      int
	Freezes    int
	Sends      int
	Copies     int // sends beyond the first to one person about one revision
	Acts       int // acknowledged acts of officers
	Releases   int
	Milestones int
	Took       time.Duration // of the world's own clock
}

// world is one run.
type world struct {
	rnd      *rand.Rand
	mutation Mutation
	start    time.Time
	now      time.Time
	calm     time.Time // from here on nothing goes wrong any more
	faults   faults

	rec     *record
	queue   *queue
	carrier *carrier
	truth   *truth
	acts    []act
	people  []person
	procs   []*process // one for each place; a dead one stays until the next boots
	actors  []*actor

	trace hash.Hash
	log   func(string)
	out   Result
}

// faults is what goes wrong in a run, and how often. Every seed chooses other
// ones: few faults together find what many hide from each other.
type faults struct {
	kill, freeze      float64 // per step
	diesAt, lost      float64 // per write: the process dies around it; its answer is lost
	full              float64 // per write
	cluster           bool    // two processes on one record
	refuse, put, mute float64 // the carrier's answers: refused, later, none
}

func chooseFaults(rnd *rand.Rand) faults {
	some := func(p, most float64) float64 {
		if rnd.Float64() < p {
			return rnd.Float64() * most
		}
		return 0
	}
	return faults{
		kill: some(0.6, 0.01), freeze: some(0.4, 0.005), diesAt: some(0.6, 0.03), lost: some(0.6, 0.05), full: some(0.3, 0.05),
		cluster: rnd.IntN(2) == 0, refuse: some(0.7, 0.1), put: some(0.7, 0.2), mute: some(0.7, 0.2),
	}
}

const (
	troubled = 20 * time.Minute // how long things go wrong
	settling = 31 * time.Hour   // then everything comes to its end: notices, and the deadline of 24 hours
	maxSteps = 100_000          // more is a run that does not end

	// longestFreeze is longer than a lease, and longer than a correction waits for
	// what may still come ([settle]).
	longestFreeze = 90 * time.Second
)

// Run plays a seed. The caller makes crypto/rand follow the seed as well, or the
// names of notices differ between two runs of it.
func Run(seed uint64, m Mutation, log func(string)) Result {
	w := &world{rnd: rand.New(rand.NewPCG(seed, 36)), mutation: m, start: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), trace: sha256.New(), log: log}
	w.now, w.calm = w.start, w.start.Add(troubled)
	w.faults = chooseFaults(w.rnd)
	if m == OwnTally || m == SendUnaware { // of two processes, one of which is frozen often
		w.faults.cluster, w.faults.freeze = true, 0.005
	}
	w.rec, w.queue, w.carrier, w.truth = newRecord(w), &queue{w: w}, newCarrier(w), newTruth(w)
	w.people = makePeople(w)
	places := 1
	if w.faults.cluster {
		places = 2
	}
	for n := range places {
		w.procs = append(w.procs, boot(w, n, 1))
	}
	w.openOffice()
	w.play()
	w.check()
	w.out.Trace = fmt.Sprintf("%x", w.trace.Sum(nil))
	w.out.Took = w.now.Sub(w.start)
	return w.out
}

// play steps until everything has come to its end.
func (w *world) play() {
	end := w.calm.Add(settling)
	for w.now.Before(end) && w.out.Steps < maxSteps && len(w.out.Violations) < 20 {
		a := w.choose()
		if a == nil || w.now.After(end) {
			break
		}
		w.out.Steps++
		w.now = w.now.Add(time.Duration(w.rnd.IntN(2000)) * time.Microsecond)
		a.step()
		w.misfortune()
	}
	if w.out.Steps >= maxSteps {
		w.violate("the run does not end")
	}
	w.now = w.later(w.now, end)
	for _, a := range w.actors {
		a.stop()
	}
}

func (w *world) later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// choose picks one of the actors that could go on, or moves the clock to the
// first that can.
func (w *world) choose() *actor {
	w.actors = slices.DeleteFunc(w.actors, func(a *actor) bool { return a.done })
	if len(w.actors) == 0 {
		return nil
	}
	first := slices.MinFunc(w.actors, func(a, b *actor) int { return a.ready().Compare(b.ready()) })
	w.now = w.later(w.now, first.ready())
	var able []*actor
	for _, a := range w.actors {
		if !a.ready().After(w.now) {
			able = append(able, a)
		}
	}
	return able[w.rnd.IntN(len(able))]
}

// misfortune kills or freezes a process, now and then, and has what died boot
// again.
func (w *world) misfortune() {
	troubled := w.now.Before(w.calm)
	for _, p := range w.procs {
		switch {
		case p.dying || p.alive && troubled && w.rnd.Float64() < w.faults.kill:
			p.die()
		case p.alive && troubled && w.now.After(p.frozen.Add(longestFreeze)) && w.rnd.Float64() < w.faults.freeze:
			p.frozen = w.now.Add(time.Duration(w.rnd.Int64N(int64(longestFreeze))))
			w.out.Freezes++
			w.say("%s is frozen until %s", p.name, w.clock(p.frozen))
		}
	}
}

// actor is something that acts: a loop of a process, or an officer.
type actor struct {
	w    *world
	name string
	proc *process // whose loop it is; nil for an officer
	via  *process // whose code an officer's request runs in at the moment
	at   time.Time
	wake func() bool // lets it go on before
	done bool

	yield func(time.Duration) bool
	next  func() (time.Duration, bool)
	stop  func()
	over  bool // the run has ended: nothing leaves a trace any more
}

// begin makes an actor of a body. It first runs when it is chosen.
func (w *world) begin(name string, p *process, body func(a *actor)) *actor {
	a := &actor{w: w, name: name, proc: p, at: w.now}
	a.next, a.stop = iter.Pull(func(yield func(time.Duration) bool) {
		a.yield = yield
		if !a.gone() {
			body(a)
		}
	})
	w.actors = append(w.actors, a)
	return a
}

// ready is when the actor can go on: not while its process is frozen.
func (a *actor) ready() time.Time {
	at := a.at
	if a.wake != nil && a.wake() {
		at = a.w.now
	}
	for _, p := range []*process{a.proc, a.via} {
		if p != nil && p.alive && p.frozen.After(at) {
			return p.frozen
		}
	}
	return at
}

func (a *actor) step() {
	a.wake = nil // the body sets it anew
	d, ok := a.next()
	a.at, a.done = a.w.now.Add(d), !ok
}

// pause lets others go on, for d at least.
func (a *actor) pause(d time.Duration) {
	if !a.over && !a.yield(d) {
		a.over = true
	}
}

// await pauses until something is so, at most for d. That it is so is noticed a
// moment later.
func (a *actor) await(d time.Duration, so func() bool) {
	a.wake = so
	a.pause(d)
	a.blink(50 * time.Millisecond)
}

// blink pauses for a moment of up to d.
func (a *actor) blink(d time.Duration) { a.pause(time.Duration(a.w.rnd.Int64N(int64(d)))) }

// gone reports whether what the actor does has no effect any more.
func (a *actor) gone() bool { return a.over || a.proc != nil && !a.proc.alive }

// say adds to the trace.
func (w *world) say(format string, args ...any) {
	line := fmt.Sprintf("%s %s\n", w.clock(w.now), fmt.Sprintf(format, args...))
	w.trace.Write([]byte(line))
	if w.log != nil {
		w.log(line)
	}
}

func (w *world) clock(t time.Time) string { return t.Sub(w.start).String() }

func (w *world) violate(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	w.say("VIOLATION %s", v)
	w.out.Violations = append(w.out.Violations, v)
}

// person is a subscription.
type person struct {
	id      alert.RecipientID
	channel string
	left    time.Time // zero: never
}

const crowd = 48

// makePeople spreads subscriptions of two channels over the buckets. Some leave.
func makePeople(w *world) []person {
	var out []person
	for i := range crowd {
		p := person{channel: [...]string{"sms", "wechat"}[i%2]}
		for k := range p.id {
			p.id[k] = byte(w.rnd.IntN(256))
		}
		if w.rnd.IntN(10) == 0 {
			p.left = w.start.Add(time.Duration(w.rnd.Int64N(int64(troubled))))
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b person) int { return cmp.Compare(a.id.String(), b.id.String()) })
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
