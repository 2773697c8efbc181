package sharedtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// StartFile starts a server with a configuration file of an operator, with the
// tests' password where the file has 64 zeros, in a folder and on a socket of
// its own. Tests give their orders as the user operator.
func StartFile(t testing.TB, path string) *Server {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	hash := fmt.Sprintf("#%x", sha256.Sum256([]byte(password)))
	filled := strings.ReplaceAll(string(text), "#"+strings.Repeat("0", 64), hash)
	dir := folder(t)
	file := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(file, []byte(filled), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, dir: dir, network: "unix", addr: filepath.Join(dir, "s"), operator: "operator"}
	s.args = []string{file, "--dir", dir, "--port", "0", "--unixsocket", s.addr, "--daemonize", "no", "--logfile", filepath.Join(dir, "log")}
	s.Restart()
	return s
}

// StartTLS starts a server that also takes TLS on a port of 127.0.0.1, and
// returns the address and the file of the authority that vouches for it.
func StartTLS(t testing.TB) (s *Server, url, ca string) {
	t.Helper()
	dir := folder(t)
	ca, key := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "key.pem")
	vouch(t, ca, key)
	port := strconv.Itoa(freePorts(t, 1)[0])
	s = &Server{t: t, dir: dir, network: "unix", addr: filepath.Join(dir, "s")}
	s.args = append(common(t, dir), "--port", "0", "--unixsocket", s.addr, "--bind", "127.0.0.1", "--tls-port", port,
		"--tls-cert-file", ca, "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients", "no")
	s.Restart()
	return s, "rediss://" + net.JoinHostPort("127.0.0.1", port), ca
}

// vouch writes a certificate for 127.0.0.1 that vouches for itself.
func vouch(t testing.TB, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis of a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
