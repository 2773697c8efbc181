package app

import (
	"net/netip"
	"strings"
)

// ProxyConfig names the reverse proxies before the console.
type ProxyConfig struct {
	// Trusted are addresses or networks whose X-Forwarded-For is believed for
	// slowing guesses and for the audit; nobody else's is.
	Trusted []string `toml:"trusted"`
}

func (c ProxyConfig) check(bad func(format string, a ...any)) {
	for _, s := range c.Trusted {
		switch p, err := proxyPrefix(s); {
		case err != nil:
			bad("proxy.trusted %q: want an address or a network such as 10.1.2.3 or 10.1.2.0/28", s)
		case p.Bits() == 0:
			bad("proxy.trusted %q: everybody is no proxy", s)
		}
	}
}

func (c ProxyConfig) prefixes() (out []netip.Prefix) {
	for _, s := range c.Trusted {
		if p, err := proxyPrefix(s); err == nil { // checked when the configuration was read
			out = append(out, p)
		}
	}
	return out
}

func proxyPrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}
