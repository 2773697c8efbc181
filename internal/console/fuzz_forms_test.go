package console

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

// The word of a one-time link is typed by nobody and read from messages: it
// names an officer's account or none, and opens nothing that was not made.
func FuzzCallLink(f *testing.F) {
	for _, s := range []string{"chen-abcdefghijklmnopqrstuvwxyz", "-", "", "chen-", "../li-x", "li\x00-y", "Chen-ABC", "a-b-c-d", strings.Repeat("x", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		officer, err := linkOfficer(word)
		if err != nil {
			if len(alert.AsProblems(err)) == 0 || officer != "" {
				t.Fatalf("%q: %q, %v", word, officer, err)
			}
			return
		}
		if !officerID(officer) || !strings.HasPrefix(word, officer+"-") {
			t.Errorf("%q names %q", word, officer)
		}
		kept := &secrets{Calls: []callLink{{Sum: callSum("chen-another"), Expires: time.Now().Add(time.Hour)}}}
		if k, err := kept.link(word, time.Now()); err == nil && word != "chen-another" {
			t.Errorf("%q opens %+v", word, k)
		}
	})
}

// Whatever the forms of an application, an incident, an officer and an act hold:
// reading ends, and what is wrong is said with a field and both languages.
func FuzzForms(f *testing.F) {
	f.Add("rev=1&hash=ab&way=online&at=2026-11-24T15:00&to=%E5%BC%A0%E5%B7%A5&ref=FS-1&note=n&reason=r")
	f.Add("rev=-1&at=gestern&way=pigeon&deaths=-3&loss=1e9&occurred=2026-13-01T00:00&raised=major")
	f.Add("id=chen&name=%00&roles=admin&roles=approver&phone=138&count=99999999999999999999&checklist=a&checklist=a")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil || len(query) > maxForm {
			return
		}
		a, ps := applicationFromForm(values)
		if a.Rev < 0 || a.Rev != 0 && len(values["rev"]) == 0 {
			t.Errorf("revision %d of %q", a.Rev, query)
		}
		_, more := incidentFromForm(values)
		for _, p := range slices.Concat(ps, more) {
			if p.Field == "" || p.ZH == "" || p.EN == "" {
				t.Errorf("a problem without a word: %+v", p)
			}
		}
		if act := actFromForm(values); act.Reason != strings.TrimSpace(act.Reason) {
			t.Errorf("%+v", act)
		}
	})
}

// The search of the audit comes from an address that anybody can write.
func FuzzAuditQuery(f *testing.F) {
	f.Add("from=2026-11-01&until=2026-11-24&officer=li&act=notices.approve&outcome=forbidden&q=x")
	f.Add("from=x&until=&outcome=none&before=-1&mode=both")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		_, ps := auditQuery(values)
		for _, p := range ps {
			if p.Field == "" || p.ZH == "" || p.EN == "" {
				t.Errorf("a problem without a word: %+v", p)
			}
		}
	})
}
