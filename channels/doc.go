// Package channels brings a released notice to people: the [Channel] contract,
// and the [Engine] that takes a slice's task, finds who is open, paces the
// hand-overs and records every answer.
//
// # How to add a channel
//
// A channel is one type that implements [Channel] (four methods) and, when its
// carrier calls back, [Receiver]. The engine does the rest: who is to be told,
// in which order and how fast, the second try, the record, the halt.
//
//  1. Make a package beside sms and wechat. Its New takes a Config, checks it
//     and opens nothing.
//  2. Render writes the text, exactly as it will be sent; [DrillMark] stands
//     first and last in a drill. Deliver sends what Render returned.
//  3. In Deliver, for each recipient: b.Permit, hand over, and report the
//     answer when it comes. Permit's error means stop: wait for the answers in
//     flight, report them, return the error. Keep a window of your own; nothing
//     else is needed for pause, priority, rate or the notice's end.
//  4. Ask of every failure of whom it speaks. Of a person (no such number): an
//     outcome. Of the batch (busy, throttled): a [Retry] that says when. Of the
//     channel (wrong secret, no money): a [Halted] with the carrier's words.
//     Handed over and no answer: unsure, never refused.
//  5. Health answers from memory. A channel that can tell that it is well again
//     without sending says so in Ready; one that cannot stays Ready and is
//     tried, ever less often, after a halt.
//  6. Receipts go to [Inbox] under the message id that was reported, from
//     another goroutine than the one that reads answers: Receipt waits for the
//     disk, and a moment for an acceptance that is still being recorded.
//  7. Hold it to its promises: channeltest.Exercise against an imitation of the
//     carrier that speaks the real protocol over a socket.
//
// # How the engine works
//
// A lane is one channel at work. Its tasks wait in line by class (retraction,
// red … blue; live before drill) and a worker takes one: it reads the slice's
// ledger (outcomes by subject), asks the [Audience], sifts out who is settled,
// and calls Deliver with the rest. The pacer grants permits one by one in the
// order of classes; before each it looks at the notice's end, at pause,
// retraction and update, and at the worker's lease. The recorder commits
// answers for all slices in flight at once, outcomes first, then tallies; when
// both are on disk the task is acknowledged.
//
// # What it promises
//
//   - Nobody is missed: whoever has no settled outcome is open, whatever crashed.
//   - Duplicates after a crash are at most [Config].Unrecorded for each channel:
//     who is in the carrier's window and whose answer is not yet on disk.
//   - Stop, pause and retraction bite within 2 s; nothing goes after the end.
//   - A worker that was frozen does not send on when it wakes.
//   - A correction reaches those who may hold the notice, and nobody else.
//
// What it does not do: it puts no tasks. The plan's tasks are put by whoever
// made the plan, the follow-ups of deferred recipients by the watch at
// Tally.NextTry. It holds Config.Held tasks at once, so order by class is kept
// within so many slices of one channel.
package channels
