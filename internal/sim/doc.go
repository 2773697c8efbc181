// Package sim plays the service on a clock and a record of its own, with every
// fault that a record, a network and a machine can have, and then checks that the
// public was served as promised. A run is decided by its seed alone: the same seed
// plays the same run, step by step, so what fails once can be looked at as often
// as one likes.
//
//	r := sim.Run(seed, sim.None)
//	for _, v := range r.Violations { ... }
//
// Real are the rules and their users: the desk, its spread and its watch, the
// journal's fold, the tallies' tracker, the outcome codec. Imitated are what they
// stand on: the record (world.go, record.go, queue.go: atomic batches, expected
// sequences, answers that get lost, full disks, tasks that come again), the book
// (book.go, which decides and appends as the journal's does) and the worker
// (worker.go, ledger.go, tally.go, which follow the engine's rules about ledgers,
// leases, marks and tallies; the engine itself is goroutines, whose order no seed
// decides, so what is found here is mended there by hand, with a test of its own).
//
// Everything that acts is an [actor]: a coroutine that runs alone until it waits or
// touches the record. There the world may let any other one go on, stop the
// process for a minute, or kill it; so a crash can fall between any two steps that
// leave a trace.
//
// What is checked at the end, and for sends at every one:
//
//   - I1: what was acknowledged can be read, and the chain is unbroken.
//   - I2: everybody meant by a release ends in exactly one final state, nobody is
//     missed, copies are as few as the faults explain.
//   - I3: nothing is sent two seconds after a retraction, a stop or a newer text,
//     or after the notice's end.
//   - I4: nothing is released without a reviewer and an approver who did not touch
//     the text.
//   - I5: milestones are recorded once, and none is missing.
//
// That these checks can fail is shown by a [Mutation] for each: a worker that
// acknowledges before it records, one that does not look before it sends, a book
// that forgets what may stand once, and others.
package sim
