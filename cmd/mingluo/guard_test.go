package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mingluo/internal/faulttest"
	"mingluo/internal/journal"
)

// mainEnv tells the test binary, started once more, that it is mingluo.
const mainEnv = "MINGLUO_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// T06: mingluo serve, as a process, on every ground that loses what it
// acknowledged. It ends within two seconds, with a status and a line that says
// what is wrong. That it is the ground and nothing else is shown by the same
// configuration on a safe one, which serves.
func TestT06UnsafeGroundIsRefused(t *testing.T) {
	faulttest.Begin(t, "T06")
	safe := faulttest.Folder(t, func(dir string) bool { return len(journal.CheckGround(dir)) == 0 })
	folder := func(t *testing.T) string {
		dir, err := os.MkdirTemp(safe, "")
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, test := range map[string]func(t *testing.T, folder func(*testing.T) string){
		"a safe folder serves":                       safeFolder,
		"a safe server serves":                       safeServer,
		"a temporary folder":                         temporaryFolder,
		"a file system in memory":                    memoryFolder,
		"a container's own layer":                    overlayFolder,
		"a link to memory inside a safe folder":      linkedStore,
		"a disk with too little room":                smallDisk,
		"a stream with async persistence":            asyncStream,
		"a server that does not sync":                unsyncedServer,
		"a server that stores in a temporary folder": temporaryServer,
		"a server without a monitor":                 unwatchedServer,
		"a server that is none of the monitored":     otherServer,
		"a server that takes small messages only":    smallPayload,
		"a stream in memory":                         memoryStream,
		"fewer replicas than configured":             fewReplicas,
		"one replica in a cluster of three":          oneReplica,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, folder) })
	}
}

// config is a configuration of a live service that needs nothing else.
type config struct {
	data, url string
	monitors  []string
	replicas  int
}

func (c config) write(t *testing.T) string {
	t.Helper()
	text := fmt.Sprintf("mode = \"live\"\ndata = %q\n[public]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[nats]\nreplicas = %d\n", c.data, max(c.replicas, 1))
	if c.url != "" {
		text += fmt.Sprintf("url = %q\n", c.url)
	}
	if len(c.monitors) > 0 {
		text += "monitor_urls = [\"" + strings.Join(c.monitors, "\", \"") + "\"]\n"
	}
	path := filepath.Join(t.TempDir(), "mingluo.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serve is mingluo serve as a process.
func serve(ctx context.Context, t *testing.T, c config) (cmd *exec.Cmd, errs *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	errs = &bytes.Buffer{}
	cmd = exec.CommandContext(ctx, self, "serve", "-config", c.write(t))
	cmd.Env, cmd.Stderr = append(os.Environ(), mainEnv+"=1"), errs
	return cmd, errs
}

// refused checks that the service ends at once and says why.
func refused(t *testing.T, c config, says ...string) {
	t.Helper()
	cmd, errs := serve(t.Context(), t, c)
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() < 1 {
		t.Fatalf("it ended with %v\n%s", err, errs)
	}
	if took > refusedWithin {
		t.Errorf("it took %v to refuse, at most %v", took, refusedWithin)
	}
	lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
	last := lines[len(lines)-1]
	t.Logf("after %v: %s", took.Round(time.Millisecond), last)
	for _, word := range append(says, "mingluo: ") {
		if !strings.Contains(last, word) {
			t.Errorf("its last line does not say %q", word)
		}
	}
}

// serves checks that the service comes up, and stops it.
func serves(t *testing.T, c config) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd, errs := serve(ctx, t, c)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it prints its addresses when it serves
		t.Errorf("it does not serve: %v", err)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v\n%s", err, errs)
	}
}

func safeFolder(t *testing.T, folder func(*testing.T) string) { serves(t, config{data: folder(t)}) }

func temporaryFolder(t *testing.T, _ func(*testing.T) string) {
	refused(t, config{data: t.TempDir()}, "临时目录", "temporary folder")
}

func memoryFolder(t *testing.T, folder func(*testing.T) string) {
	dir := mounted(t, folder(t), "tmpfs", "")
	refused(t, config{data: dir}, "内存文件系统", "a file system in memory")
}

func overlayFolder(t *testing.T, folder func(*testing.T) string) {
	layers := folder(t)
	for _, name := range []string{"lower", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(layers, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	dir := mounted(t, folder(t), "overlay", fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", layers))
	refused(t, config{data: dir}, "overlay")
}

// mounted mounts a file system on a folder.
func mounted(t *testing.T, dir, kind, options string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		faulttest.Skip(t, "a store on %s: mounting needs root", kind)
	}
	if err := syscall.Mount(kind, dir, kind, 0, options); err != nil {
		faulttest.Skip(t, "a store on %s: it cannot be mounted here: %v", kind, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func linkedStore(t *testing.T, folder func(*testing.T) string) {
	dir := folder(t)
	shm, err := os.MkdirTemp("/dev/shm", "mingluo-test-")
	if err != nil {
		faulttest.Skip(t, "a store in memory: no /dev/shm: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(shm) })
	if err := os.Symlink(shm, filepath.Join(dir, "js")); err != nil {
		t.Fatal(err)
	}
	refused(t, config{data: dir}, dir+"/js", "a file system in memory")
}

func smallDisk(t *testing.T, folder func(*testing.T) string) {
	disk := faulttest.NewDiskIn(t, folder(t), 1<<30)
	refused(t, config{data: disk.Dir}, "空间", "MiB free")
}

// natsServer starts a server as an operator would run it.
func natsServer(t *testing.T, opts server.Options) *server.Server {
	t.Helper()
	opts.JetStream, opts.NoSigs = true, true
	opts.JetStreamMaxStore, opts.JetStreamMaxMemory = 1<<40, 1<<30
	opts.Host, opts.HTTPHost, opts.HTTPPort = "127.0.0.1", "127.0.0.1", server.RANDOM_PORT
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	srv, err := server.NewServer(&opts)
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("nats does not serve")
	}
	return srv
}

func monitor(srv *server.Server) string { return "http://" + srv.MonitorAddr().String() }

// on is a configuration on servers, all of them monitored.
func on(data string, servers ...*server.Server) config {
	c := config{data: data}
	for i, srv := range servers {
		if i > 0 {
			c.url += ","
		}
		c.url += srv.ClientURL()
		c.monitors = append(c.monitors, monitor(srv))
	}
	return c
}

func goodServer(t *testing.T, folder func(*testing.T) string) *server.Server {
	return natsServer(t, server.Options{StoreDir: folder(t), SyncAlways: true, MaxPayload: 1 << 20})
}

func safeServer(t *testing.T, folder func(*testing.T) string) {
	serves(t, on(folder(t), goodServer(t, folder)))
}

func unsyncedServer(t *testing.T, folder func(*testing.T) string) {
	srv := natsServer(t, server.Options{StoreDir: folder(t)})
	refused(t, on(folder(t), srv), monitor(srv), "sync_interval: always")
}

func temporaryServer(t *testing.T, folder func(*testing.T) string) {
	srv := natsServer(t, server.Options{StoreDir: t.TempDir(), SyncAlways: true})
	refused(t, on(folder(t), srv), monitor(srv), "temporary folder", "store_dir")
}

func unwatchedServer(t *testing.T, folder func(*testing.T) string) {
	srv := goodServer(t, folder)
	refused(t, config{data: folder(t), url: srv.ClientURL()}, "monitor urls")
}

func otherServer(t *testing.T, folder func(*testing.T) string) {
	c := on(folder(t), natsServer(t, server.Options{StoreDir: folder(t)}))
	c.monitors = []string{monitor(goodServer(t, folder))}
	refused(t, c, "none of those in nats.monitor_urls")
}

func smallPayload(t *testing.T, folder func(*testing.T) string) {
	srv := natsServer(t, server.Options{StoreDir: folder(t), SyncAlways: true, MaxPayload: 64 << 10})
	refused(t, on(folder(t), srv), "max_payload")
}

// makeStream makes one of our streams before the service does.
func makeStream(t *testing.T, srv *server.Server, c jetstream.StreamConfig) {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// asyncStream is the embedded store, in which somebody made the ledger's stream so
// that the server acknowledges before it has written.
func asyncStream(t *testing.T, folder func(*testing.T) string) {
	dir := folder(t)
	srv := natsServer(t, server.Options{StoreDir: filepath.Join(dir, "js"), SyncAlways: true})
	makeStream(t, srv, jetstream.StreamConfig{Name: "OUTCOMES", Subjects: []string{"outcome.>"}, PersistMode: jetstream.AsyncPersistMode})
	srv.Shutdown()
	srv.WaitForShutdown()
	refused(t, config{data: dir}, "OUTCOMES", "persist mode is async")
}

func memoryStream(t *testing.T, folder func(*testing.T) string) {
	srv := goodServer(t, folder)
	makeStream(t, srv, jetstream.StreamConfig{Name: "ROLL", Subjects: []string{"roll.>"}, Storage: jetstream.MemoryStorage})
	refused(t, on(folder(t), srv), "ROLL", "kept in memory")
}

// cluster starts three servers that know each other.
func cluster(t *testing.T, folder func(*testing.T) string) []*server.Server {
	t.Helper()
	const n = 3
	var routes []*url.URL
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		l.Close()
	}
	var servers []*server.Server
	for i := range n {
		servers = append(servers, natsServer(t, server.Options{ServerName: fmt.Sprint("n", i), StoreDir: folder(t), SyncAlways: true, Routes: routes,
			Cluster: server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: ports[i]}}))
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		for _, srv := range servers {
			if srv.JetStreamIsLeader() && len(srv.JetStreamClusterPeers()) == n {
				return servers
			}
		}
		if time.Now().After(end) {
			t.Fatal("the cluster finds no leader")
		}
	}
}

func fewReplicas(t *testing.T, folder func(*testing.T) string) {
	servers := cluster(t, folder)
	makeStream(t, servers[0], jetstream.StreamConfig{Name: "JOURNAL", Subjects: []string{"journal.>"}, Replicas: 1})
	c := on(folder(t), servers...)
	c.replicas = 3
	refused(t, c, "JOURNAL", "too few replicas")
}

func oneReplica(t *testing.T, folder func(*testing.T) string) {
	refused(t, on(folder(t), cluster(t, folder)...), "too few replicas", "nats.replicas is 1")
}
