package console_test

import (
	"regexp"
	"strings"
	"testing"
)

// maxWeight is what a page may weigh with its style sheet and its modules, not
// compressed: it opens on a bad line at night.
const maxWeight = 100 << 10

var asset = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)

// What a page brings with it, all together, is at most 100 KB.
func TestPagesAreLight(t *testing.T) {
	o := openOffice(t, withRoll)
	o.joins(sun)
	o.joins(zheng)
	author, judge := o.browser().signIn(chen), o.browser().signIn(li)
	id := o.released(author, judge)
	boss, auditor := o.browser().signIn(sun), o.browser().signIn(zheng)
	for _, p := range []struct {
		name string
		page *page
	}{
		{"signin", author.get("/signin")}, {"board", author.open("/")}, {"new", author.open("/new")}, {"notice", author.open("/notices/" + id)}, {"retract", author.open("/notices/" + id + "/retract")},
		{"notices", author.open("/notices")}, {"incidents", author.open("/incidents/new")}, {"inbox", author.open("/inbox")}, {"go", author.open("/go")},
		{"roll", boss.open("/roll")}, {"officers", boss.open("/officers")}, {"audit", auditor.open("/audit")},
	} {
		p.page.want(200)
		sum, seen := len(p.page.body), map[string]bool{}
		for _, m := range asset.FindAllStringSubmatch(p.page.body, -1) {
			if seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			sum += len(author.get(strings.ReplaceAll(m[1], "&amp;", "&")).want(200).body)
		}
		t.Logf("%s: %d bytes", p.name, sum)
		if sum > maxWeight {
			t.Errorf("%s weighs %d bytes, at most %d", p.name, sum, maxWeight)
		}
	}
}
