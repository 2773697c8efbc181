// Package audit keeps what was done and what was tried at the desk: who, from
// where, what, on which notice, and what came of it. Acts that were carried out
// are in the journal as well; refused tries are only here.
//
// [Log.Note] takes an entry and returns at once; [Log.Run] writes. Entries that
// are alike are written once and then counted, so that a hundred thousand
// guesses are a few dozen records whose counts add up to a hundred thousand (a
// full disk or a dead network makes the counts wait, not vanish). [Log.Find]
// reads them back, newest first, and [Log.Each] all of them, for an export.
//
// What it promises: a new kind of entry is on the disk within a second; of a
// repeated one at most [repeatEvery] of counting is lost when the machine dies;
// somebody who floods it uses up neither the disk nor the history, because what
// nobody proved to be has a budget. What it does not do: it decides nothing, and
// an act never waits for it.
//
// No password, code or token is ever part of an entry, nor a name that belongs
// to no account: people type their password into the wrong field.
package audit
