package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/apptest"
	"mingluo/internal/cap"
)

// TestStories plays testdata/stories/*.txtar: what a duty officer would do and
// see, one act a line, on a whole service over HTTP.
//
//	chen submits                      an officer acts through the API; it must be taken
//	chen approves   => 403 R1         it must be refused: status, rule, field
//	li approves | wang approves => one wins
//	page /n/$notice says "撤回"       what the public reads
//
// The files behind the script are what officers bring. In both $now and
// $now+6h are instants, $notice and $incident the newest ones' ids. See verbs
// for the acts and sights.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, brought := parseArchive(string(b))
			town := apptest.NewTown(t, apptest.People(60, 40))
			p := &play{t: t, town: town, files: brought}
			p.open()
			for i, line := range strings.Split(script, "\n") {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
					p.where = fmt.Sprintf("%s:%d: %s", filepath.Base(file), i+1, line)
					p.line(line)
				}
			}
		})
	}
}

// parseArchive splits a txtar archive into its comment and its files.
func parseArchive(text string) (comment string, files map[string]string) {
	files = map[string]string{}
	name := ""
	marker := regexp.MustCompile(`^-- (\S+) --$`)
	for line := range strings.Lines(text) {
		switch m := marker.FindStringSubmatch(strings.TrimSpace(line)); {
		case m != nil:
			name = m[1]
		case name == "":
			comment += line
		default:
			files[name] += line
		}
	}
	return comment, files
}

// play is one story being played.
type play struct {
	t       *testing.T
	town    *apptest.Town
	service *apptest.Service
	stream  *apptest.Stream
	files   map[string]string
	where   string

	draft    apptest.Draft
	notice   apptest.Notice
	incident string
	before   map[string]uint64 // the streams before the last act
	now      map[string]uint64
}

func (p *play) open() {
	p.service = p.town.Start()
	p.stream = p.service.Events()
	p.now = p.stored()
}

func (p *play) stored() map[string]uint64 {
	return p.service.LastSeqs(alert.StreamJournal, alert.StreamDrafts, alert.StreamAttachments)
}

func (p *play) failf(format string, a ...any) {
	p.t.Helper()
	p.t.Fatalf("%s\n\t%s", p.where, fmt.Sprintf(format, a...))
}

// line plays one line: an officer's act, or a sight.
func (p *play) line(line string) {
	act, want, _ := strings.Cut(line, "=>")
	if !p.isAct(act) {
		p.sight(words(p.fill(act)))
		return
	}
	p.before = p.now
	parts := strings.Split(act, " | ")
	answers := make(chan *apptest.Answer, len(parts))
	for _, one := range parts {
		w := words(p.fill(one))
		if len(parts) == 1 {
			answers <- p.act(w)
		} else {
			go func() {
				var a *apptest.Answer // stays nil when the act ends the test
				defer func() { answers <- a }()
				a = p.act(w)
			}()
		}
	}
	var got []*apptest.Answer
	for range parts {
		a := <-answers
		if a == nil {
			p.t.FailNow()
		}
		got = append(got, a)
	}
	p.judge(got, strings.TrimSpace(want))
	p.now = p.stored()
}

func (p *play) isAct(line string) bool {
	who, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return slices.ContainsFunc(apptest.Officers(), func(o alert.Officer) bool { return o.ID == who })
}

// judge holds what was answered against what the line wants.
func (p *play) judge(got []*apptest.Answer, want string) {
	p.t.Helper()
	switch {
	case want == "one wins":
		slices.SortFunc(got, func(a, b *apptest.Answer) int { return a.Status - b.Status })
		if got[0].Status != 200 || got[1].Status != 409 {
			p.failf("got %d and %d, want one to win and one to be told to look again", got[0].Status, got[1].Status)
		}
		got[1].Refusal()
		p.keep(got[0])
	case want != "":
		p.refused(got[0], strings.Fields(want))
	default:
		if got[0].Status > 299 {
			p.failf("refused with %d: %s", got[0].Status, got[0].Body)
		}
		p.keep(got[0])
	}
}

func (p *play) refused(a *apptest.Answer, want []string) {
	p.t.Helper()
	status, err := strconv.Atoi(want[0])
	if err != nil {
		p.failf("want a status, got %q", want[0])
	}
	rule, field := "", ""
	for _, w := range want[1:] {
		if regexp.MustCompile(`^R\d+$`).MatchString(w) {
			rule = w
		} else {
			field = w
		}
	}
	if a.Status != status {
		p.failf("answered %d, want %d: %s", a.Status, status, a.Body)
	}
	a.Refused(status, rule, field)
}

// keep remembers what an answer speaks of: the next lines are about it.
func (p *play) keep(a *apptest.Answer) {
	var said struct {
		Draft    string
		Notice   string
		Rev      int
		Incident string
	}
	if json.Unmarshal(a.Body, &said) != nil {
		return
	}
	if said.Incident != "" {
		p.incident = said.Incident
	}
	if said.Draft != "" {
		p.draft = p.service.As("chen").Reopen(said.Draft)
	}
	if said.Notice != "" {
		p.notice = p.service.Look(said.Notice)
	}
}

// fill puts in instants and ids.
func (p *play) fill(text string) string {
	now := time.Now()
	text = strings.NewReplacer("$notice", p.notice.ID, "$incident", p.incident).Replace(text)
	return regexp.MustCompile(`\$now([+-]\w+)?`).ReplaceAllStringFunc(text, func(m string) string {
		d, err := time.ParseDuration(strings.TrimPrefix(m, "$now") + "0s")
		if err != nil {
			p.failf("%s: %v", m, err)
		}
		return now.Add(d).In(alert.Beijing()).Truncate(time.Second).Format(time.RFC3339)
	})
}

func (p *play) file(name string) string {
	if name == "typhoon.xml" { // the weather service's signal that the demo brings
		return string(cap.SampleTyphoon(time.Now()))
	}
	text, ok := p.files[name]
	if !ok {
		p.failf("the story has no file %q", name)
	}
	return p.fill(text)
}

// words splits a line; what stands between quotes of either kind is one word.
func words(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2]+m[3])
	}
	return out
}
