package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/cap"
)

// Story plays the whole job without a person, on a demo of its own: a grave
// incident is recorded; a notice that answers it is drafted from a CAP file,
// submitted, reviewed, approved and released by two officers; everybody is
// told and the page shows it; the 5 h clock of the incident stops, that of an
// older one is missed; the notice is retracted and the retraction follows to
// exactly those who were sent it. file nil is the sample signal; given says
// that the caller brought it.
//
// An error that is an alert.Problem says what is wrong with the file. Anything
// that did not go as it must is in the report's Failures.
func Story(ctx context.Context, c Config, file []byte, given bool) (Report, error) {
	if file == nil {
		file = cap.SampleTyphoon(time.Now())
	}
	if given { // a bad file is refused before anything is started
		if _, _, err := cap.Parse(newReader(file), cap.Older()); err != nil {
			return Report{}, err
		}
	}
	d, err := Start(ctx, c)
	if err != nil {
		return Report{}, err
	}
	s := &story{Demo: d, ctx: ctx}
	err = s.play(file)
	stopping, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err = errors.Join(err, d.Stop(stopping))
	s.report.OK = len(s.report.Failures) == 0 && err == nil
	return s.report, err
}

// story is one play with its report so far.
type story struct {
	*Demo
	ctx    context.Context
	report Report
	notice string
	sector bool // the alert was not for the public
}

func (s *story) fail(format string, a ...any) {
	s.report.Failures = append(s.report.Failures, fmt.Sprintf(format, a...))
}

func (s *story) play(file []byte) error {
	answered, missed, err := s.incidents()
	if err != nil {
		return err
	}
	content, warnings, err := s.draftFrom(file)
	if err != nil {
		return err
	}
	content.Answers = answered
	live, err := s.watchPage()
	if err != nil {
		return err
	}
	defer live.close()
	if err := s.release(content, warnings, live); err != nil {
		return err
	}
	first, err := s.follow(1)
	if err != nil {
		return err
	}
	s.report.Delivery = first
	s.compareWithCarriers(1)
	s.duties(answered, missed)
	if err := s.retract(live); err != nil {
		return err
	}
	s.compareWithCarriers(2)
	return s.compareRecipients()
}

// incidents records two grave incidents: one of an hour ago that the notice
// will answer, and one that is due in a few seconds and that nobody answers.
func (s *story) incidents() (answered, missed string, err error) {
	now := time.Now().UTC()
	record := func(title string, occurred time.Time) string {
		var id string
		if err == nil {
			id, err = s.Desk.RecordIncident(s.ctx, s.As("chen"), "", alert.IncidentFacts{
				Title: title, Unit: "某企业", Place: "三水区白坭镇", Area: "440607104", Course: "发生爆炸。", Measures: "已组织救援。",
				Occurred: occurred, Received: occurred.Add(4 * time.Minute), Deaths: 30, Injured: 12,
			}, "")
		}
		return id
	}
	answered = record("特别重大事故（有回应）", now.Add(-time.Hour))
	missed = record("特别重大事故（无人回应）", now.Add(-5*time.Hour+missIn))
	return answered, missed, err
}

// missIn is how long after it was recorded the unanswered incident is due: the
// miss is seen happening, not arranged.
const missIn = 3 * time.Second

// draftFrom turns the file into a text that may be released. What the source
// leaves open is filled in as an officer would, and the report says so.
func (s *story) draftFrom(file []byte) (alert.Content, []string, error) {
	c, warnings, err := s.ImportCAP(s.ctx, file, alert.Drill, time.Now())
	if err != nil {
		return c, nil, err
	}
	s.report.CAP = CAPReport{Headline: c.Headline, Level: c.Level.String(), AreaDesc: c.AreaDesc, Areas: c.Areas, Warnings: warnings}
	if c.Source != nil {
		s.report.CAP.Sender, s.report.CAP.Identifier = c.Source.Sender, c.Source.Identifier
	}
	s.byHand(&c)
	s.report.CAP.Areas = c.Areas
	s.report.CAP.Expires = c.Expires
	return c, warnings, nil
}

// release brings the text through both officers and waits for the page.
func (s *story) release(c alert.Content, warnings []string, live *page) error {
	draft, err := s.Desk.NewDraft(s.ctx, s.As("chen"), c, warnings)
	if err != nil {
		return err
	}
	var rev int
	if s.notice, rev, err = s.Desk.Submit(s.ctx, s.As("chen"), draft.ID, draft.Seq); err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	var hash string
	s.Desk.Read(func(st *alert.State) { hash = st.Notices[s.notice].Rev(rev).Hash })
	if err := s.Desk.Approve(s.ctx, s.As("chen"), s.notice, rev, hash); err == nil {
		s.fail("the author approved the own text")
	}
	if err := s.Desk.Review(s.ctx, s.As("li"), s.notice, rev, hash, "", alert.Checked()...); err != nil {
		return fmt.Errorf("review: %w", err)
	}
	if err := s.Desk.Approve(s.ctx, s.As("li"), s.notice, rev, hash); err != nil {
		return fmt.Errorf("approve: %w", err)
	}
	began := time.Now()
	if err := s.Desk.Release(s.ctx, s.As("li"), s.notice, rev); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	s.report.Notice = s.notice
	s.report.AckMS = millis(time.Since(began))
	if c.Scope != alert.ScopePublic {
		s.sector = true
		s.report.CAP.Warnings = append(s.report.CAP.Warnings, "仅限系统内部：公众网页不显示 / for the sector only: not on the public page")
		return s.pageHides(s.notice)
	}
	at, err := live.sees(s.ctx, s.notice, rev)
	if err != nil {
		s.fail("the open page did not get the notice: %v", err)
	}
	s.report.PageMS = millis(at.Sub(began))
	if err := s.pageShows(s.notice); err != nil {
		s.fail("%v", err)
	}
	return nil
}

func (s *story) retract(live *page) error {
	began := time.Now()
	rev, err := s.Desk.Follow(s.ctx, s.As("chen"), s.notice, alert.Retract, "演练中的误发")
	if err != nil {
		return fmt.Errorf("retract: %w", err)
	}
	if !s.sector {
		at, err := live.sees(s.ctx, s.notice, rev)
		if err != nil {
			s.fail("the open page did not get the retraction: %v", err)
		}
		s.report.RetractPageMS = millis(at.Sub(began))
	}
	s.report.Retraction, err = s.follow(rev)
	return err
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// duties waits for the clocks' milestones and reports them.
func (s *story) duties(answered, missed string) {
	want := []string{answered + "-info5h-" + string(alert.MetInTime), missed + "-info5h-" + string(alert.Missed)}
	deadline := time.Now().Add(missIn + 10*time.Second)
	for {
		seq, have := s.Book.Seq(), 0
		s.Desk.Read(func(st *alert.State) {
			for _, id := range want {
				if _, ok := st.Milestones[id]; ok {
					have++
				}
			}
		})
		if have == len(want) {
			break
		}
		waiting, cancel := context.WithDeadline(s.ctx, deadline)
		_, err := s.Book.Wait(waiting, seq)
		cancel()
		if err != nil {
			s.fail("the clocks recorded %d of %v", have, want)
			break
		}
	}
	for _, du := range s.Desk.Duties() {
		r := DutyReport{Incident: du.Incident, Duty: du.Rule.ID, Name: du.Rule.ZH, Start: du.Start, Due: du.Due, MetBy: du.MetBy}
		if !du.Met.IsZero() {
			r.Met = du.Met
		}
		s.Desk.Read(func(st *alert.State) {
			for _, m := range du.Milestones(time.Now()) {
				if reached, ok := st.Milestones[m.ID()]; ok {
					r.Milestones = append(r.Milestones, MilestoneReport{What: string(m.What), Planned: m.Planned, Recorded: reached.Event.At})
				}
			}
		})
		s.report.Duties = append(s.report.Duties, r)
	}
}
