// Package cap reads and writes alerts in the Common Alerting Protocol 1.2
// (OASIS, ITU-T X.1303 bis), and turns them into drafts of notices and back.
//
// Doors:
//
//   - [Parse] reads one alert from anybody: at most 4 MiB, no document types,
//     no entities, nothing fetched, order and cardinality as in the schema,
//     then the rules of the standard's text. It says what is wrong and where.
//   - [Draft] makes the content of a notice of it, with its place found among
//     the city's divisions, for an officer to look at.
//   - [FromNotice] and [Alert.Encode] write what was released as CAP.
//   - [SampleTyphoon] is an alert to try it with.
//
// How strict it is. What says whether and to whom an alert is (status,
// msgType, scope, references, identifier) must be exactly right. So must the
// schema's order and cardinality, with these exceptions, each taken from real
// authorities and each noted as a [Warning]: the order of shapes and codes in
// an area; a lone sign between elements; xml:lang; signatures that do not
// stand last; a polygon or circle that cannot be read beside others, or
// beside a geocode, that can. Everything that other authorities do and that
// does no harm is a warning too.
//
// What it does not do: verify signatures (it notes that there are some; it
// works on the bytes as received, so a verifier can stand before it), follow
// references, read feeds, or know any national profile but China's codes.
package cap
