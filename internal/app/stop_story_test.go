package app_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"mingluo/internal/apptest"
)

// Browsers and carriers open connections ahead and ask nothing over them. A
// stop does not wait for their first request; one that is being answered is
// waited for.
func TestAStopDoesNotWaitForThoseWhoAskNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.People(2, 1))
	for _, url := range []string{s.PublicURL, s.ConsoleURL} {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	s.Page("/").OK() // the listener has taken the connection before this one
	s.As("li").Call("GET", "/me", nil).OK()
	open := s.Events()
	began := time.Now()
	s.Stop()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the stop took %v", took)
	}
	open.Close()
	if _, err := net.Dial("tcp", strings.TrimPrefix(s.PublicURL, "http://")); err == nil {
		t.Error("the public port is still open")
	}
}
