// Package audience is the roll's index: it answers who is to be told.
//
// The questions are those of [Index]: how many people a notice would reach, by
// channel and district ([Memory.Count]); how many in each bucket, from which a
// plan's slices are cut ([Memory.PerBucket]); who is in one slice, with their
// addresses ([Memory.Slice]); and what became of people who were told before
// ([Memory.ByID]).
//
// [Memory] keeps everybody in memory, 121 bytes a person at a million
// (BenchmarkCount1M), sealed addresses included: they are opened only for a
// slice. It is built by reading the ROLL stream once ([Memory.Build]) and kept
// current by following it ([Memory.Run]). It can be thrown away at any time.
//
// [Redis] answers [Slices] for processes that do not keep everybody: workers on
// other machines. It holds the same records, a hash per bucket, each with the
// roll's sequence it has come to; a bucket that is behind is read from the roll,
// so nothing that becomes of Redis changes an answer. Every index passes the same
// suite, audiencetest.
//
// What the answers mean:
//
//   - No area selects nobody, an area that is not in the gazetteer is an
//     *alert.Problem (R11). There is no way to ask for everyone.
//   - Places match when one lies in the other. Whoever subscribed to a district
//     is told of a notice for one of its towns, because it concerns the
//     district; whoever subscribed to a town is told of a notice for its
//     district, because it covers the town.
//   - A person's lowest level is weighed against the notice's. A notice without
//     a colour is not weighed: an instruction may be graver than any colour.
//   - Query.UpTo freezes who belongs: joined at or before that ROLL sequence, and
//     not left by then. Who left later is returned with Left set, so that a plan
//     and its slices agree. Wishes are the newest there are: who moves from one
//     town to another in the middle of a fan-out is judged by the new town.
//   - An answer never comes from an index that is behind Query.UpTo: it waits.
//     Before the index is built the answer is an *alert.Problem, not zero.
package audience
