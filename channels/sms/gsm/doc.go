// Package gsm cuts a text into the messages that a phone network carries, and
// puts such messages together again.
//
// A message holds 140 bytes. A text whose characters are all in the default
// alphabet of GSM 03.38 takes seven bits a character: 160 fit. Any other
// character, and so any Chinese one, makes the whole text UCS-2, two bytes a
// unit: 70 fit. A longer text becomes several messages, each with a header of
// six bytes that says which of how many it is: 153 or 67 fit. [Encode] does the
// counting that the carrier's bill does.
//
// The seven bits are sent one septet a byte, as SMPP and its relatives do; the
// carrier packs them.
package gsm
