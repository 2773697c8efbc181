// Package apptest brings up a whole service for tests: the real record on disk,
// the real desk, channels, public site and console, on ports that were free,
// with imitation carriers that speak SMPP and WeChat's API over loopback
// sockets and made-up people who subscribed.
//
//	s := apptest.Start(t, apptest.People(200, 100))
//	n := s.Issue(apptest.Typhoon())       // chen drafts and submits; li reviews, approves, releases
//	s.WaitSettled(n)
//	s.As("chen").Retract(n, "误发")
//	s.Page("/n/" + n.ID).Says("撤回")
//
// A [Town] is what outlives a service: its data folder, the carriers and the
// people. [Town.Start] runs the service in the test's process, [Town.Spawn] in
// one of its own that can be killed; both find what the one before left behind.
// An [Office] is how officers and the public reach either: over HTTP only.
//
// A test whose service is to be spawned calls [Main] from its TestMain, because
// the process is the test binary itself.
//
// Every method ends the test when the service does not do what it is named after.
// Nothing here sleeps to wait: what is awaited is asked for again until a
// deadline that a slow machine needs only when something is wrong.
package apptest
