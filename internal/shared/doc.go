// Package shared is what several machines of one service share through Redis,
// and the only place that knows Redis.
//
// Which door to use:
//
//   - [Open] reaches a Redis, one node or a cluster; [NewMemory] is its twin for
//     one process and for tests. Both have every method below.
//   - [Hold] runs something on one machine at a time, under a [Lease].
//   - [Redis.Get] and [Redis.Set] are a cache: a channel's access token.
//   - [Redis.Remember] and [Redis.Find] know for 72 hours where the outcome of a
//     carrier's message stands, so that a receipt finds its recipient.
//   - [Redis.Take] divides a carrier's contracted rate among the machines, a
//     tenth of a second at a time; nobody asks for single messages.
//   - [Redis.Heads], [Redis.ReadBuckets] and [Redis.WriteBucket] keep the audience
//     index: hashes of small records, each with the sequence it has come to.
//
// What it promises: nothing that matters is only here. Redis may be flushed, go
// back in time (a replica that lagged is promoted), stop or disappear at any
// moment; every user of this package has another way, which takes longer. So
// no method waits long: one command takes at most [Config.Timeout], half a second
// unless told otherwise.
//
// Each bucket is one hash with its sequence as a field, so reading it is one
// command and sees one instant. Writing it is WATCH, MULTI and EXEC: it happens
// only if the bucket stands where the writer believes it does. A flush, a step
// back in time or a second writer is noticed by exactly that comparison.
//
// No scripts are used, and the commands are few: [ACL] lists them for the
// server's user file, with which the tests run too.
package shared
