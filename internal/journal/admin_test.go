package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"

	"mingluo/internal/alert"
)

func lookAt(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // refusals are what we look for
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// `mingluo journal tail` talks to the running process over its socket and sees the
// events as they are stored, the next ones too.
func TestTailOverTheAdminSocket(t *testing.T) {
	dir := t.TempDir()
	if _, err := AdminClient(dir); err == nil {
		t.Error("nobody runs, yet somebody answers")
	}
	s := openStore(t, dir)
	b := openBook(t, s)
	for i := range 5 {
		appendAll(t, b, reached(t, fmt.Sprintf("m%d", i)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.ServeAdmin(ctx, b.AdminHandler()) }()
	var client *http.Client
	eventually(t, "the socket answers", func() (ok bool) {
		var err error
		client, err = AdminClient(dir)
		return err == nil
	})
	if fi, err := os.Stat(filepath.Join(dir, "admin.sock")); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", fi.Mode(), err)
	}

	if lines := readAll(t, client, "http://mingluo/journal?from=3"); len(lines) != 3 {
		t.Errorf("from 3: %d lines", len(lines))
	}
	if lines := readAll(t, client, "http://mingluo/journal?from=6"); len(lines) != 0 {
		t.Errorf("from beyond the end: %d lines", len(lines))
	}
	resp, err := client.Get("http://mingluo/journal?from=x")
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("from x: %v, %v", resp.Status, err)
	}
	resp.Body.Close()

	live, err := client.Get("http://mingluo/journal?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(live.Body)
	prev := alert.GenesisHash
	for i := range 10 {
		if i >= 5 {
			appendAll(t, b, reached(t, fmt.Sprintf("m%d", i)))
		}
		if !lines.Scan() {
			t.Fatalf("it ended at %d: %v", i, lines.Err())
		}
		e, err := alert.DecodeEvent(lines.Bytes())
		if err != nil || e.Prev != prev || e.Seq != uint64(i+1) {
			t.Fatalf("line %d: %+v, %v", i+1, e, err)
		}
		prev = alert.HashEvent(lines.Bytes())
	}
	live.Body.Close()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("the socket ended with %v", err)
	}
	if _, err := AdminClient(dir); err == nil {
		t.Error("it still answers")
	}
}

func readAll(t *testing.T, c *http.Client, url string) [][]byte {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var lines [][]byte
	s := bufio.NewScanner(resp.Body)
	for s.Scan() {
		lines = append(lines, s.Bytes())
	}
	if err := s.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return lines
}
