package sharedtest

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"

	"mingluo/internal/shared"
)

// slots is how many parts a Redis Cluster divides its keys into.
const slots = 16384

// Cluster is three servers that divide the keys among them.
type Cluster struct {
	t     testing.TB
	Nodes []*Server
}

// StartCluster starts three nodes on free ports of 127.0.0.1 and returns when
// each of them says that the cluster is whole: some three seconds, because a
// node waits for two before it takes writes.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	const nodes = 3
	ports := freePorts(t, 2*nodes)
	for i := range nodes {
		c.Nodes = append(c.Nodes, startNode(t, ports[2*i], ports[2*i+1]))
	}
	for i, n := range c.Nodes {
		n.Order("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/nodes), strconv.Itoa((i+1)*slots/nodes-1))
		n.Order("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
	}
	for i := 1; i < nodes; i++ {
		c.Nodes[0].Order("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(ports[2*i]), strconv.Itoa(ports[2*i+1]))
	}
	Eventually(t, "the cluster is whole", func() bool {
		for _, n := range c.Nodes {
			info := n.Order("CLUSTER", "INFO")
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", nodes)) {
				return false
			}
		}
		return true
	})
	return c
}

func startNode(t testing.TB, port, bus int) *Server {
	t.Helper()
	dir := folder(t)
	s := &Server{t: t, dir: dir, network: "tcp", addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	s.args = append(common(t, dir), "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--cluster-enabled", "yes",
		"--cluster-port", strconv.Itoa(bus), "--cluster-node-timeout", "2000", "--cluster-config-file", "nodes.conf")
	s.Restart()
	return s
}

// freePorts finds ports that nobody listens on now.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// Config is how the service reaches the cluster.
func (c *Cluster) Config() shared.Config {
	url := "redis://" + c.Nodes[0].addr + "?addr=" + c.Nodes[1].addr + "&addr=" + c.Nodes[2].addr
	return shared.Config{URL: url, Username: user, Password: password, Log: slog.New(slog.DiscardHandler)}
}

// Open opens the cluster as the service does, until the test ends.
func (c *Cluster) Open() *shared.Redis { return open(c.t, c.Config()) }

// Flush empties all nodes.
func (c *Cluster) Flush() {
	c.t.Helper()
	for _, n := range c.Nodes {
		n.Flush()
	}
}
