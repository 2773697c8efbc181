package console

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxHops bounds how many hops of X-Forwarded-For are looked at; a desk has one
// or two proxies.
const maxHops = 10

// clientAddr is whose request it is, for the throttle and the audit: the peer of
// the connection, or, when that is one of our own proxies, the nearest hop that
// is none. A header that anybody else sends is not looked at, and of a header
// that a proxy passed on only what our proxies wrote themselves counts: it is
// read from its end. Where it cannot be read, the last address that can be
// believed stands.
func (c *Console) clientAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := ap.Addr().Unmap()
	if !c.isProxy(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i, hop := range slices.Backward(hops) {
		next, ok := hopAddr(hop)
		if !ok || len(hops)-i > maxHops {
			return addr
		}
		if addr = next; !c.isProxy(addr) {
			return addr
		}
	}
	return addr
}

func (c *Console) isProxy(a netip.Addr) bool {
	return slices.ContainsFunc(c.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// hopAddr reads one hop: an address, some proxies write its port as well.
func hopAddr(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(hop, "["), "]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(hop)
		if err != nil {
			return netip.Addr{}, false
		}
		a = ap.Addr()
	}
	return a.Unmap().WithZone(""), true
}
