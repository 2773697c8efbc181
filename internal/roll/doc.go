// Package roll is everyone who asked to be warned.
//
// One subscription is one address on one channel: a phone number for SMS, an
// openid for WeChat. The roll lives in the ROLL stream, newest record per
// subject; every other form of it (the audience index, an export) can be thrown
// away and rebuilt.
//
// Which door to use:
//
//   - [Roll] is what people and imports do: [Roll.Join], [Roll.Leave],
//     [Roll.Erase], [Roll.Import], and the looks at it, [Roll.Find], [Roll.Count]
//     and [Roll.Export], whose [Selection] is of whom a notice would be for.
//   - [Care] looks after the roll: it compares what the stream shows with a second
//     copy beside it, at start ([Care.Open]) and hourly ([Care.Run]), writes the
//     stream anew when it hides somebody, takes the snapshots, and rewrites the
//     roll under a new key ([Care.Rewrite]); [Care.Status] is what the console
//     shows of it.
//   - [Keys] makes the ids and seals the addresses; [OpenKeys] reads them.
//   - [Record] and [Profile] are the stored form, for whoever reads the stream.
//   - [File] is what is to be imported, read by [ReadCSV] or [ReadNDJSON] a row at
//     a time; [Rejections] lists the rows that were not taken; [Writer] writes
//     people so that they can be imported again.
//
// What it promises. The same address on the same channel is always the same
// id, an HMAC, so no number and no openid stands in a subject, an outcome, a
// log or an error. Addresses are stored sealed (AES-256-GCM, bound to their
// id). Who left or was erased is never brought back by an import: the record
// that stays, without an address, is the mark. Who leaves is out of every later
// audience at once; the sealed address is kept until a stated instant, so that
// a retraction of what was already sent still reaches the person, and then
// [Roll.Forget] drops it. Legal erasure drops it at once, with everything else
// that the person told us.
//
// A flipped bit of the stream's files hides nobody for longer than an hour: the
// second copy is the newest snapshot and a log of the changes since, and nothing
// that is put back from it overrides who left or was erased.
//
// What it does not do: overwriting a subject leaves the old bytes in the
// stream's files, and in older snapshots, until the roll is rewritten under a new
// key ([Care.Rewrite]).
package roll
