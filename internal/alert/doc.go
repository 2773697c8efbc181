// Package alert is the vocabulary of a city's emergency desk: what a notice,
// an incident, an approval, a duty, a slice and an outcome are, and the rules
// that hold between them.
//
// Everything else in the program imports this package; it imports nothing but
// the standard library. It has no clock (rules take now), does no I/O and
// starts no goroutine, so every rule can be tested with a table.
//
// Where to begin reading:
//
//   - [Event] and [State]: the journal's events and what they add up to.
//   - [Notice], [Content] and [Revision]: a warning's life, from the first
//     submission to the retraction.
//   - [Incident], [DutyRule] and [Deadlines]: the legal clocks.
//   - [Plan], [Slice], [Outcome]: who is to be told, and what became of it.
//   - [Gazetteer]: the districts and towns a notice can be for.
//   - [Problem]: how a rule says no to an officer.
//
// Names follow CAP 1.2 where CAP has a name, and Guangdong's table of warning
// signals for hazards and colours.
package alert
