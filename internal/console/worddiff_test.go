package console

import (
	"strings"
	"testing"
)

// Whatever two texts are compared, what was kept and put in is the new one,
// what was kept and taken out is the old one.
func FuzzWordDiff(f *testing.F) {
	f.Add("{{位置}}发生{{物质}}泄漏", "顺安仓库发生液氨泄漏")
	f.Add("请500米内撤离", "请800米内撤离。")
	f.Add("", "a\xff{{")
	f.Fuzz(func(t *testing.T, before, after string) {
		var was, is strings.Builder
		for _, p := range wordDiff(before, after) {
			if p.Op != "ins" {
				was.WriteString(p.Text)
			}
			if p.Op != "del" {
				is.WriteString(p.Text)
			}
		}
		if was.String() != before || is.String() != after {
			t.Errorf("%q and %q became %q and %q", before, after, was.String(), is.String())
		}
	})
}
