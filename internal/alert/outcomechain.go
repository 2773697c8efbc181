package alert

import "crypto/sha256"

// ChainOutcomes returns the running hash after one more stored message of a
// slice: SHA-256 over the hash before (32 zero bytes for the first) and the
// message. [Tally.Hash] is its hexadecimal form.
func ChainOutcomes(before [32]byte, stored []byte) [32]byte {
	h := sha256.New()
	h.Write(before[:])
	h.Write(stored)
	var after [32]byte
	h.Sum(after[:0])
	return after
}
