package apptest

import (
	"context"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/app"
)

// Service is a service that runs in the test's process.
type Service struct {
	*app.App
	*Office
	Town *Town
	done bool
}

// Start makes a town and starts its service. It ends with the test.
func Start(t testing.TB, opts ...Option) *Service {
	t.Helper()
	return NewTown(t, opts...).Start()
}

// Start starts a service on the town's folder.
func (w *Town) Start() *Service {
	w.t.Helper()
	s, err := w.TryStart()
	if err != nil {
		w.t.Fatalf("start the service: %v", err)
	}
	return s
}

// TryStart is Start for a service that may refuse.
func (w *Town) TryStart() (*Service, error) {
	w.t.Helper()
	o := appOptions(w.log)
	for _, f := range w.options {
		f(&o)
	}
	a, err := app.New(w.Config(), o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := a.Start(ctx); err != nil {
		return nil, err
	}
	s := &Service{App: a, Town: w}
	w.t.Cleanup(s.Stop)
	if err := w.fill(ctx, a); err != nil {
		return nil, err
	}
	w.Carriers.callBackTo(a.PublicURL)
	s.Office = &Office{t: w.t, consoleURL: a.ConsoleURL, publicURL: a.PublicURL, tokens: w.tokens, town: w}
	return s, nil
}

// Stop stops the service and waits for it. A second Stop does nothing.
func (s *Service) Stop() {
	if s.done {
		return
	}
	s.done = true
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.App.Stop(ctx); err != nil {
		s.Town.t.Errorf("stop the service: %v", err)
	}
}

// Actor returns an officer in the service's mode, for acts on the desk itself.
func (s *Service) Actor(id string) alert.Actor {
	for _, o := range Officers() {
		if o.ID == id {
			return alert.Actor{Officer: o, Mode: s.Town.Config().Mode}
		}
	}
	s.Town.t.Fatalf("nobody is called %q", id)
	return alert.Actor{}
}

// LastSeqs returns how far the streams that an act may write to have come.
func (s *Service) LastSeqs(streams ...string) map[string]uint64 {
	s.Town.t.Helper()
	out := map[string]uint64{}
	for _, name := range streams {
		seq, err := s.Store.LastSeq(s.Town.t.Context(), name)
		if err != nil {
			s.Town.t.Fatal(err)
		}
		out[name] = seq
	}
	return out
}

// Token returns an officer's API token.
func (s *Service) Token(id string) string { return s.Town.tokens[id] }
