package demo

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	signals "os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// supervisesEnv makes the test binary a supervisor in a folder, for the test
// that kills it.
const supervisesEnv = "MINGLUO_DEMO_TEST_SUPERVISES"

// The test binary is the serving process of a supervised demo, as mingluo is.
func TestMain(m *testing.M) {
	ctx, stop := signals.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case Serves():
		err = Serve(ctx, os.Stdin, os.Stdout, os.Stderr)
	case os.Getenv(supervisesEnv) != "":
		var s *Supervisor
		if s, err = Supervise(ctx, quickConfig(os.Getenv(supervisesEnv))); err == nil {
			fmt.Println(s.FrontURL, s.PublicURL())
			<-ctx.Done()
		}
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func supervised(t *testing.T) *Supervisor {
	t.Helper()
	s, err := Supervise(t.Context(), quickConfig(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// over waits until a press of the button is over.
func (s *Supervisor) over(t *testing.T, no int) powerCut {
	t.Helper()
	for deadline := time.Now().Add(powerPatience + time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c := s.front.power.now(); c.No == no && c.Act >= actDone {
			return c
		}
	}
	t.Fatalf("the power cut is not over: %+v", s.front.power.now())
	return powerCut{}
}

func (s *Supervisor) press(t *testing.T) {
	t.Helper()
	resp, err := http.Post(s.FrontURL+"/power", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK { // the page that it leads back to
		t.Fatal(resp.Status)
	}
}

// The button kills the process that serves and nothing else. The same addresses
// and sign-ins work again; by the carriers' books nobody was missed; a second
// press works as the first.
func TestThePlugIsPulledTwice(t *testing.T) {
	s := supervised(t)
	public, console, sign := s.PublicURL(), s.ConsoleURL(), s.Officers()[0].SignIn
	for no := 1; no <= 2; no++ {
		was := s.process().pid()
		s.press(t)
		c := s.over(t, no)
		if c.Act != actDone {
			t.Fatalf("press %d: %s", no, c.Err)
		}
		if c.Missed != 0 || c.Strangers != 0 || c.Reached != 300 || c.Twice+c.HeldBack > c.Bound || c.Differs != "" {
			t.Errorf("press %d: %+v", no, c.verdict)
		}
		if c.OldPID != was || c.NewPID == was || s.process().pid() != c.NewPID || c.HadAt < 150 {
			t.Errorf("press %d: process %d of %d was killed at %d, now %d", no, c.OldPID, was, c.HadAt, c.NewPID)
		}
		held := s.carriers.holders(c.Notice.ID)
		if len(held) != 300 {
			t.Errorf("press %d: %d people hold the notice", no, len(held))
		}
		t.Logf("press %d: %d had it when the power was cut, back after %v, over after %v, %d told twice of at most %d, %d held back", no, c.HadAt, c.Back.Sub(c.Cut), c.Over.Sub(c.Released), c.Twice, c.Bound, c.HeldBack)
	}
	if s.PublicURL() != public || s.ConsoleURL() != console || s.Officers()[0].SignIn != sign {
		t.Error("the addresses changed")
	}
	for page, words := range map[string]string{s.FrontURL + "/": "断电时", public + "/phones": "断电演练", sign: "chen", console + "/": "五件事", s.FrontURL + "/?part": `id="missed">0<`} {
		if text := get(t, page); !strings.Contains(text, words) {
			t.Errorf("%s does not say %q", page, words)
		}
	}
}

// The page's own press, by keyboard, in a browser; the story is told on the page
// while the service is dead, and ends with the figures.
func TestPicturesOfAPowerCut(t *testing.T) {
	v := newViewer(t)
	c := quickConfig(t.TempDir())
	if os.Getenv("MINGLUO_PICTURES") != "" {
		c.SMS, c.WeChat = 2000, 1000
	}
	s, err := Supervise(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	v.window(1280, 1180)
	v.opens(s.FrontURL+"/", "拔电源")
	v.takes("front")
	v.do(chromedp.SendKeys("#power button", "\r"))
	v.sees("正在发送")
	v.sees("已断电")
	v.sees("完成：漏发 0 人") // what comes between may pass too quickly to be seen
	v.takes("power")
	missed, err := chromedp.Run(v.ctx, chromedp.Text("#missed"))
	if err != nil || missed != "0" {
		t.Errorf("missed %q, %v", missed, err)
	}
	twice, err := chromedp.Run(v.ctx, chromedp.Text("#twice"))
	if cut := s.over(t, 1); err != nil || twice != fmt.Sprint(cut.Twice) || cut.Twice+cut.HeldBack > cut.Bound {
		t.Errorf("told twice %q, %v; the books say %d of at most %d", twice, err, cut.Twice, cut.Bound)
	}
	v.do(chromedp.WaitEnabled("#power button"))
	v.opens(s.FrontURL+"/?try=typhoon", "停课")
}

// A service that dies without the button is not started again: the demo ends
// with the reason.
func TestADeathWithoutTheButtonEndsTheDemo(t *testing.T) {
	s := supervised(t)
	if err := syscall.Kill(s.process().pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Failed():
		if !strings.Contains(err.Error(), "ended by itself: signal: killed") {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the death was not noticed")
	}
	s.press(t)
	if c := s.over(t, 1); c.Act != actFailed || c.Err == "" {
		t.Errorf("a notice was released by nobody: %+v", c)
	}
}

// A supervisor that is killed takes the service with it: nobody listens any more,
// and the folder is free.
func TestAKilledSupervisorTakesTheServiceWithIt(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), supervisesEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var front, public string
	if _, err := fmt.Fscanln(bufio.NewReader(out), &front, &public); err != nil {
		t.Fatal(err)
	}
	get(t, public+"/")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", strings.TrimPrefix(public, "http://"))
		if err != nil {
			break
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("the service outlives its supervisor")
		}
	}
	quick(t, dir)
}

// Another site's page cannot press the button.
func TestAnotherSiteCannotPullThePlug(t *testing.T) {
	s := supervised(t)
	r, err := http.NewRequest(http.MethodPost, s.FrontURL+"/power", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://example.com")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if c := s.front.power.now(); resp.StatusCode != http.StatusForbidden || c.No != 0 {
		t.Errorf("%s, press %d", resp.Status, c.No)
	}
}
