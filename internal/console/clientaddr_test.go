package console

import (
	"net/http"
	"net/netip"
	"testing"
)

// Whose request it is cannot be made up: a header is believed from our own
// proxies only, and of it only what they wrote.
func TestWhoseRequestItIs(t *testing.T) {
	prefixes := func(ps ...string) (out []netip.Prefix) {
		for _, p := range ps {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	ours := prefixes("10.9.0.0/28", "fd00::1/128")
	for _, x := range []struct {
		name, peer string
		header     []string
		trusted    []netip.Prefix
		want       string
	}{
		{"no proxy is named", "10.9.0.1:5", []string{"203.0.113.9"}, nil, "10.9.0.1"},
		{"a stranger says that he is the desk", "203.0.113.9:5", []string{"10.0.0.7"}, ours, "203.0.113.9"},
		{"through our proxy", "10.9.0.1:5", []string{"203.0.113.9"}, ours, "203.0.113.9"},
		{"a stranger's own line in front", "10.9.0.1:5", []string{"10.0.0.7, 203.0.113.9"}, ours, "203.0.113.9"},
		{"and in a header of its own", "10.9.0.1:5", []string{"10.0.0.7", "203.0.113.9"}, ours, "203.0.113.9"},
		{"through two of ours", "10.9.0.1:5", []string{"10.0.0.7, 203.0.113.9, 10.9.0.2"}, ours, "203.0.113.9"},
		{"he says that he is a proxy of ours", "10.9.0.1:5", []string{"10.0.0.7, 10.9.0.3, 203.0.113.9"}, ours, "203.0.113.9"},
		{"from the proxy itself", "10.9.0.1:5", nil, ours, "10.9.0.1"},
		{"nonsense at the end", "10.9.0.1:5", []string{"203.0.113.9, unknown"}, ours, "10.9.0.1"},
		{"nonsense before a proxy", "10.9.0.1:5", []string{"<script>, 10.9.0.2"}, ours, "10.9.0.2"},
		{"with a port", "10.9.0.1:5", []string{"203.0.113.9:4711"}, ours, "203.0.113.9"},
		{"an IPv6 proxy and client", "[fd00::1]:5", []string{"[2001:db8::7]"}, ours, "2001:db8::7"},
		{"an IPv4 address in IPv6's clothes", "[::ffff:10.9.0.1]:5", []string{"::ffff:203.0.113.9"}, ours, "203.0.113.9"},
		{"no address at all", "@", []string{"203.0.113.9"}, ours, "invalid IP"},
	} {
		c := &Console{Config: Config{Proxies: x.trusted}}
		r := &http.Request{RemoteAddr: x.peer, Header: http.Header{}}
		for _, h := range x.header {
			r.Header.Add("X-Forwarded-For", h)
		}
		if got := c.clientAddr(r).String(); got != x.want {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
	}
}

func FuzzClientAddr(f *testing.F) {
	f.Add("10.9.0.1:5", "203.0.113.9, 10.9.0.2")
	f.Add("203.0.113.9:1", "10.9.0.1")
	f.Add("[fd00::1]:5", "[2001:db8::7]:9,,")
	c := &Console{Config: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/28"), netip.MustParsePrefix("fd00::/8")}}}
	f.Fuzz(func(t *testing.T, peer, header string) {
		got := c.clientAddr(&http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {header}}})
		ap, err := netip.ParseAddrPort(peer)
		if (err != nil) == got.IsValid() || err == nil && !c.isProxy(ap.Addr().Unmap()) && got != ap.Addr().Unmap() {
			t.Errorf("peer %q with %q: %s", peer, header, got)
		}
	})
}
