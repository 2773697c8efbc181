package app_test

import (
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/apptest"
	"mingluo/internal/desk"
)

// W5: a notice for one district is extended to a second one at the same level.
// Whoever has it is left in peace, the second district is told, and the desk
// said so beforehand. Then it gets worse, and everybody is told again.
func TestW5AnUpdateDisturbsAgainOnlyWhenItGotWorse(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(400, 200), apptest.Configure(smallWindows))
	carriers := s.Town.Carriers
	c := apptest.Typhoon()
	c.Areas, c.AreaDesc = []string{"440604"}, "禅城区"
	n := s.Issue(c)
	first := s.WaitSettled(n)
	s.Until("the receipts are in", func() bool { return carriers.Taken() > 0 })

	chen := s.As("chen")
	d := chen.Update(n)
	d.Content.Areas, d.Content.AreaDesc = []string{"440604", "440605"}, "禅城区、南海区"
	n = chen.Submit(chen.Save(d))
	var said struct{ Telling desk.Telling }
	chen.Call("GET", "/notices/"+n.ID, nil).OK().JSON(&said)
	n = s.Sign(n)
	second := s.WaitSettled(n)
	for i, ch := range second.Channels {
		was, told := carriers.Held(ch.Channel, n.ID, alert.Issue), carriers.Held(ch.Channel, n.ID, alert.Update)
		for address := range was {
			if told[address] > 0 && first.Channels[i].Counts["undelivered"] == 0 {
				t.Errorf("%s: somebody who had the notice was disturbed again", ch.Channel)
			}
		}
		if len(told) == 0 || ch.Planned != len(told) {
			t.Errorf("%s: %d were told, %d planned", ch.Channel, len(told), ch.Planned)
		}
		if got := said.Telling.Told[ch.Channel]; got != len(told) || said.Telling.Silent[ch.Channel] != len(was) || said.Telling.Everybody {
			t.Errorf("%s: the desk said %+v, %d held it and %d were told", ch.Channel, said.Telling, len(was), len(told))
		}
	}

	d = chen.Update(n)
	d.Content.Level, d.Content.Severity, d.Content.Headline = alert.Red, alert.Red.Severity(), "台风红色预警信号"
	n = s.Sign(chen.Submit(chen.Save(d)))
	third := s.WaitSettled(n)
	for i, ch := range third.Channels {
		if all := first.Channels[i].Planned + second.Channels[i].Planned; ch.Planned != all {
			t.Errorf("%s: %d were told that it got worse, want all %d", ch.Channel, ch.Planned, all)
		}
	}
}
