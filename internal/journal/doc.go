// Package journal keeps the record: everything that officers did, everybody who
// asked to be warned, and what became of every send. It is the only package that
// knows NATS; the rest of the program sees subjects, records and events.
//
// The door is [Open]. It takes the folder's lock, starts an embedded NATS server
// (or connects to a cluster), makes sure that every stream is there with the
// settings the promises below rest on, and returns a [Store].
//
//   - [Store.OpenGuarded] compares the journal with its mirrors and signed heads, heals
//     what is damaged, and gives a [Guard] with the [Book]: the journal folded into
//     [alert.State], with [Book.Do] to decide and append, [Book.Read] to look,
//     [Book.Tail] to follow. [Store.OpenBook] gives the book alone, for looking.
//   - [Store.Put], [Store.PutBatch], [Store.Get], [Store.Subject], [Store.Scan] and
//     [Store.Follow] serve the other streams: drafts, accounts, the roll, outcomes, tallies.
//   - [Store.PutTasks] and [Store.Tasks] are the work queue of slices.
//   - [Store.PutAttachment] keeps originals under the hash of their content.
//   - [Store.Snapshot] copies a stream while it is written; [OpenEmpty] and
//     [Store.Compare] bring copies back and check them, for backups.
//   - [Store.ServeAdmin] and [AdminClient] let a subcommand talk to the process
//     that holds the folder.
//
// What it promises:
//
//   - An acknowledged write is on the disk: the server runs with SyncAlways, which
//     is read back at start. JetStream's own default is to flush every two minutes.
//   - The ground is looked at before anything is written ([CheckGround], the
//     server's own word, its monitors, every stream's settings), and the server's
//     part of it hourly.
//   - A full disk refuses at once with [alert.ErrFull], turns [Store.Health] red, and
//     needs nobody when there is room again, although it freezes JetStream's streams.
//   - A batch of up to 1,000 messages is stored whole or not at all, but for one
//     case: a disk that runs full in the middle of it. What became of it is then
//     "not known", never "done". In the journal, whose batches are acts, the next
//     start completes it, and waits for room to do so; see torn.go.
//   - The journal's events form a chain of SHA-256 hashes; a hole, a flip, a cut or a
//     reordering is found before anything is served, and every hour, and is healed from
//     the copies ([Guard]). What no copy can heal is not served.
//   - A message that the server cannot read any more hides none of those behind it.
//   - One process owns the folder. Two servers on one store lose acknowledged
//     messages without an error, so a second [Open] is refused.
//   - An append that got no answer is read back before anything is said about it;
//     where that does not help, and for every other write without an answer, the
//     error is [alert.ErrUnknown], never a guess.
//   - Nothing is appended that the state would not take ([alert.State.Trial]).
//
// What it does not do: it does not choose between two journals that are both whole (a
// person does), it does not keep the clock, and an acknowledged task is only a hint:
// JetStream writes acknowledgements late, so the outcomes are the proof.
package journal
