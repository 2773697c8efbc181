// Package keep holds what is kept outside the service: the backup file, and the
// keys on paper or under a passphrase.
//
// A backup is one tar file that begins with a page for people and ends with a
// manifest and a seal. [NewWriter] writes it from streams of unknown length,
// [Open] reads it back only when every byte is as it was written: the seal is the
// SHA-256 of everything before it, so a file that was cut, or in which one bit
// turned, is not opened. tar opens it where this program is not at hand.
//
// A [Kit] is the keys without which a backup is worth nothing: those that make
// the ids and open the addresses of the roll, and the one that opens the
// officers' accounts. No backup holds them. [Kit.Sheet] writes them as six lines
// for the safe, each with a checksum, and [ReadSheet] takes them back from a
// person's typing and names the line that is wrong. [Kit.Phrase] is a number that
// only these keys give and that does not give them: who can read it off the sheet
// has the sheet. [Seal] and [Unseal] keep whole key files under a passphrase.
//
// It knows no record, no console and no clock, and prints nothing.
package keep
