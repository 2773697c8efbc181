package roll

import (
	"strings"
	"testing"

	"mingluo/internal/alert"
)

// Two districts have a town of the same name, as 城关镇 is all over China.
const twins = `d 440600 佛山市
d 440604 禅城区 440600
d 440605 南海区 440600
d 440604100 城关镇 440604
d 440605100 城关镇 440605
d 440605101 石湾镇街道 440605
`

func TestAPlaceIsFoundByAnyOfItsNames(t *testing.T) {
	places, err := alert.ParseGazetteer(twins)
	if err != nil {
		t.Fatal(err)
	}
	names := namePlaces(places)
	for text, want := range map[string]string{
		"440604": "440604", "440604000": "440604", "440604100000": "440604100", "４４０６０４": "440604",
		"禅城": "440604", "禅城区": "440604", "佛山市禅城区": "440604", "佛山": "440600", "全市": "440600",
		"禅城区城关镇": "440604100", "南海城关": "440605100", "佛山市 南海区 城关街道": "440605100", "南海区/城关镇": "440605100",
		"石湾": "440605101", "石湾镇": "440605101", "石湾街道": "440605101", "石湾镇街道": "440605101",
		"城关镇": "", "城关": "", "": "", "440699": "", "440604101": "", "4.40604E+11": "", "禅城区石湾": "",
	} {
		code, p := names.code(text)
		if code != want || (p == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, code, p, want)
		}
		if p != nil && (p.Rule != "R11" || p.Field != "areas") {
			t.Errorf("%q: %+v", text, p)
		}
	}
	_, p := names.code("城关")
	for _, candidate := range []string{"禅城区城关镇（440604100）", "南海区城关镇（440605100）"} {
		if !strings.Contains(p.ZH, candidate) || !strings.Contains(p.EN, candidate) {
			t.Errorf("the refusal does not name %s: %s", candidate, p.ZH)
		}
	}
}

func TestAProblemDoesNotRepeatWhatCouldBeAnAddress(t *testing.T) {
	for in, want := range map[string]string{
		"火星": "火星", "440699": "440699", "13800138000": "138****", "１３８００１３８０００": "１３８****", "号码13800138000": "号码1****",
		"oABCDEFGHIJKLMNOPQRSTUVWXY_-": "oAB****", "a\u202eb\nc": "abc", strings.Repeat("长", 50): strings.Repeat("长", 40) + "…",
	} {
		if got := quote(in); got != want {
			t.Errorf("%q is quoted as %q, want %q", in, got, want)
		}
	}
}
