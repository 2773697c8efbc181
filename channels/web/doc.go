// Package web is the public site and its live push: what everybody reads, on a
// phone at 3 a.m. or on an old office computer, and what media and apps follow
// as machines.
//
// It is a follower of the journal, not a channel: it has no recipients. [New]
// makes a [Site], [Site.Run] follows the journal, [Site.Handler] answers, and
// [Site.Stop] ends the open streams before the listener closes.
//
// # How an event becomes a page
//
// Run folds every event into an alert.State of its own. When one makes
// something public, the notice is copied down to what the public may know
// (public.go: everything after that point works on the copy, so nothing internal
// can reach a byte), its entry is replaced, a new snapshot is swapped in, and
// one line of formatted bytes is appended to the hub's log, which wakes the
// open streams. Pages are rendered once per change, in the background or by the
// first reader, and are then served as prepared bytes with their gzip and ETag.
// A request never touches the record.
//
// # What it promises
//
//   - Every notice has a permanent address, /n/{id}; it never disappears.
//   - A notice of any other scope than public, and anything that was not
//     released, is in no answer.
//   - Drills and live notices never stand in one list; a drill's text carries
//     its mark first and last, and its pages have another colour (R4, R6).
//   - A stream's ids are the journal's sequences: Last-Event-ID works after a
//     restart. An event may come twice, never out of a gap without a "reset".
//   - A slow reader is cut off by its deadline or its position in the log, and
//     delays nobody.
//   - Before the journal has been read to its end, nothing is said rather than
//     "nothing is in force": readers get the state kept on disk, marked with its
//     age, or 503 (R9).
//
// # What it does not do
//
// It does not end TLS, does not limit requests by address (the listener's owner
// or the proxy does) and knows nothing of officers, audiences or outcomes.
package web
