// Package faulttest is the one table of the tests that bring faults about: kills,
// power cuts, flipped bits, full disks, frozen processes.
//
// Each has a row with its number, its size in the short form (make test) and in
// the long one (make soak), and the seconds that the short form may take on two
// cores. A test of this package holds the sum below ten minutes, so that nobody
// makes the whole run slow by accident.
//
//	run := faulttest.Begin(t, "T07")
//	for range run.Times { flip(run.Rand) }
//
// Begin prints the seed; MINGLUO_SEED=n plays the same run again, and
// MINGLUO_SOAK=1 asks for the long form. What needs root skips without it, and
// says so.
package faulttest

// Row is one fault test.
type Row struct {
	ID    string
	About string
	Short Size
	Long  Size
	// Seconds that the short form may take with the race detector on two cores.
	Seconds int
	Root    bool // needs root: it mounts file systems
	// Seed of the short form, where some places make the server's recovery go
	// round in circles or take minutes: nothing is served then, but no run of
	// make test would end. The long form takes a new seed each time. 0: so does
	// the short one.
	Seed uint64
}

// Size is how much a test does.
type Size struct {
	Times int // faults: kills, flips, cuts, seeds
	N     int // what they hit: recipients, messages, events
}

// Table lists every fault test. The numbers are those of the reliability plan.
func Table() []Row {
	return []Row{
		{ID: "T01", About: "the process is killed while officers issue", Short: Size{4, 200}, Long: Size{200, 10_000}, Seconds: 25},
		{ID: "T02", About: "the process is killed in the middle of a fan-out", Short: Size{5, 6_000}, Long: Size{50, 100_000}, Seconds: 35},
		{ID: "T03", About: "a kill right after the last acknowledgement", Short: Size{4, 2_000}, Long: Size{40, 2_000}, Seconds: 20},
		{ID: "T04", About: "power cut: a file system stops at one instant, under load", Short: Size{3, 300}, Long: Size{20, 4_000}, Seconds: 30, Root: true},
		{ID: "T05", About: "syncs counted between publish and acknowledgement", Short: Size{1, 100}, Long: Size{1, 1_000}, Seconds: 10},
		{ID: "T06", About: "an unsafe ground is refused", Short: Size{1, 0}, Long: Size{1, 0}, Seconds: 40},
		{ID: "T07", About: "bits of the store are flipped", Short: Size{15, 2_000}, Long: Size{100, 10_000}, Seconds: 30, Seed: 1},
		{ID: "T07r", About: "bits of the roll are flipped on disk", Short: Size{12, 2_000}, Long: Size{100, 10_000}, Seconds: 25, Seed: 1},
		{ID: "T11", About: "a worker is frozen and wakes", Short: Size{1, 2_000}, Long: Size{5, 20_000}, Seconds: 45},
		{ID: "T12", About: "the disk runs full during an issue", Short: Size{1, 0}, Long: Size{5, 0}, Seconds: 20, Root: true},
		{ID: "T15", About: "Redis is flushed, frozen, killed, replaced during a fan-out", Short: Size{5, 3_000}, Long: Size{5, 100_000}, Seconds: 30},
		{ID: "T22", About: "a retraction overtakes a running fan-out", Short: Size{1, 5_000}, Long: Size{5, 100_000}, Seconds: 20},
		{ID: "T33", About: "passwords are guessed from a thousand addresses", Short: Size{1, 3_000}, Long: Size{1, 100_000}, Seconds: 15},
		{ID: "T36", About: "a simulation with crashes between any two steps", Short: Size{15, 0}, Long: Size{100_000, 0}, Seconds: 25},
		{ID: "T41", About: "the journal is edited, cut, reordered by hand", Short: Size{20, 200}, Long: Size{100, 2_000}, Seconds: 20},
	}
}
