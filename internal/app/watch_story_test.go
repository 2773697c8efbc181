package app_test

import (
	"strings"
	"testing"

	"mingluo/channels/channeltest/smsc"
	"mingluo/channels/sms/smpp"
	"mingluo/internal/apptest"
	"mingluo/internal/progress"
	"mingluo/internal/roll"
)

// The desk sees how the release went in time and in each district, and of three
// people whose carrier refused them where they are and why, but not who.
func TestTheDeskSeesHowAReleaseWent(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(300, 100), apptest.Configure(smallWindows))
	dead := map[string]smpp.Status{}
	for p := range roll.Samples(s.Places, 3, 0) {
		dead[p.Address] = smpp.StatusInvDest
	}
	s.Town.Carriers.SMS.SetFaults(smsc.Faults{Refuse: dead})
	n := s.Issue(apptest.Typhoon())
	s.WaitSettled(n)
	var went struct {
		Silent   []string
		Channels map[string]progress.ChannelAccount
	}
	s.Until("all of it was read", func() bool {
		a := s.As("chen").Call("GET", "/notices/"+n.ID+"/went", nil).OK()
		a.JSON(&went)
		for number := range dead {
			if strings.Contains(string(a.Body), strings.TrimPrefix(number, "+86")) {
				t.Fatal("the answer holds a number")
			}
		}
		c := went.Channels["sms"].Curve.Answered
		return len(c) > 0 && c[len(c)-1] == 300
	})
	sms := went.Channels["sms"]
	if len(sms.Reasons) != 1 || sms.Reasons[0] != (progress.Reason{State: "refused", Code: "0x0000000b", People: 3}) || len(sms.People) != 3 || sms.People[0].Area == "" {
		t.Errorf("reasons %+v, people %+v", sms.Reasons, sms.People)
	}
	total := 0
	for _, d := range sms.Districts {
		total += d.Answered[len(d.Answered)-1]
	}
	if total != 300 || len(sms.Districts) < 2 || len(went.Silent) != 0 {
		t.Errorf("%d in %d districts, silent %v", total, len(sms.Districts), went.Silent)
	}
}
