// Package console is the officers' side of the service: their pages, their
// accounts and sign-in, and the JSON API under /api/v1.
//
// It decides nothing about notices. Every act is handed to the [Desk], whose
// no comes back as an alert.Problem and is shown beside the field it is about;
// pages and API call the same acts (acts.go) and translate the same errors in
// one place (failure.go), so a script and a person are told the same.
//
// Where to begin reading:
//
//   - [Config] and [New]: what the console needs, and [Console.Handler].
//   - routes.go, apiroutes.go: every address; a call of the API is registered
//     together with its description (apitable.go), from which /api/openapi.json
//     and the page /api/ are made.
//   - [Accounts]: officers, their passwords and tokens, sealed at rest.
//   - seat.go: why a page's address names the officer who sits before it.
//   - compose.go, notice.go, incident.go: one file per noun, its template
//     beside it under templates/.
//
// What it promises: a page works without script (script only makes it move by
// itself), an act is a POST from our own pages or a request with a token, the
// session's mode, live or drill, stands on every screen in its own colour
// (R4), and what an officer confirms names mode, level, area and head count
// (R2). What it does not do: it enforces no rule about who may approve what
// (that is the desk's, R1), sends nothing, and keeps nothing but accounts,
// sessions and the audit, all of them in the record.
package console
