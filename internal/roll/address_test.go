package roll

import (
	"strings"
	"testing"
)

func TestPhoneNumbersGetOneSpelling(t *testing.T) {
	abroad := Rules{Countries: []string{"852"}}
	for _, c := range []struct {
		rules    Rules
		in, want string // want empty: refused
	}{
		{Rules{}, "13800138000", "+8613800138000"},
		{Rules{}, " 138-0013 8000 ", "+8613800138000"},
		{Rules{}, "１３８００１３８０００", "+8613800138000"},
		{Rules{}, "+86 138 0013 8000", "+8613800138000"},
		{Rules{}, "＋8613800138000", "+8613800138000"},
		{Rules{}, "008613800138000", "+8613800138000"},
		{Rules{}, "8613800138000", "+8613800138000"},
		{Rules{}, "1380013800", ""},
		{Rules{}, "138001380000", ""},
		{Rules{}, "12800138000", ""},
		{Rules{}, "0757-83380000", ""}, // a landline
		{Rules{}, "+85291234567", ""},
		{Rules{}, "+867578338000", ""},
		{Rules{}, "138001380O0", ""},
		{Rules{}, "", ""},
		{Rules{}, "+", ""},
		{Rules{}, strings.Repeat("1", 4096), ""},
		{abroad, "+852 9123 4567", "+85291234567"},
		{abroad, "0085291234567", "+85291234567"},
		{abroad, "+8529", ""},
		{abroad, "85291234567", ""}, // a foreign number has to say so
		{abroad, "8529123456789", ""},
		{Rules{}, "\u202d138\u20110013\u20138000\u202c", "+8613800138000"}, // as copied from a phone's contacts
		{Rules{}, "1.38E+10", ""},
		{Rules{}, "13800138000.0", ""},
		{Rules{}, "13800138000/13900139000", ""},
		{abroad, "+14155550100", ""},
		{Rules{}, "15400000001", ""},
		{Rules{Sample: true}, "15400000001", "+8615400000001"},
	} {
		got, p := c.rules.Normalise(SMS, c.in)
		if got != c.want || (p == nil) != (c.want != "") {
			t.Errorf("%q: got %q, %v; want %q", c.in, got, p, c.want)
		}
		if p != nil && (p.Field != "address" || p.ZH == "" || c.in != "" && c.in != "+" && strings.Contains(p.ZH+p.EN, c.in)) {
			t.Errorf("%q: refusal %+v", c.in, p)
		}
	}
}

func TestOpenIDsAndChannelsAreChecked(t *testing.T) {
	real := "oABCDEFGHIJKLMNOPQRSTUVWXY_-"
	if got, p := (Rules{}).Normalise(WeChat, " "+real+" "); got != real || p != nil {
		t.Fatalf("got %q, %v", got, p)
	}
	for _, bad := range []string{"", "o", "xABCDEFGHIJKLMNOPQRSTUVWXYZ1", real + "!", "demo-foshan-0000000001", strings.Repeat("o", 100)} {
		if _, p := (Rules{}).Normalise(WeChat, bad); p == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, p := (Rules{Sample: true}).Normalise(WeChat, "demo-foshan-0000000001"); p != nil {
		t.Errorf("a sample: %v", p)
	}
	for _, channel := range []string{"", "fax"} {
		if _, p := (Rules{}).Normalise(channel, "13800138000"); p == nil || p.Field != "channel" {
			t.Errorf("channel %q: %v", channel, p)
		}
	}
}

func TestAMaskHidesTheAddress(t *testing.T) {
	for in, want := range map[string]string{
		"+8613800138000": "+86138****8000", "oABCDEFGHIJKLMNOPQRSTUVWXY_-": "oABC****_-", "": "", "short": "****",
	} {
		if got := Mask(in); got != want {
			t.Errorf("%q masked as %q, want %q", in, got, want)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add(SMS, "+86 138-0013-8000")
	f.Add(WeChat, "oABCDEFGHIJKLMNOPQRSTUVWXY_-")
	f.Add(SMS, "＋８６")
	f.Fuzz(func(t *testing.T, channel, address string) {
		r := Rules{Countries: []string{"852"}, Sample: true}
		once, p := r.Normalise(channel, address)
		if p != nil {
			return
		}
		if twice, p := r.Normalise(channel, once); p != nil || twice != once {
			t.Fatalf("%q became %q and then %q, %v", address, once, twice, p)
		}
	})
}
