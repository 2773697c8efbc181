package app

import (
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/progress"
)

// openWatching starts what officers look at while a release goes: how it went
// in time and place, and the alarm of silence.
func (a *App) openWatching() error {
	a.Went = &progress.Chronicle{Stream: a.Store, Place: a.placesOf, Changed: a.Tracker.Touch, Log: a.log.With("part", "chronicle")}
	a.life.run("chronicle", a.Went.Run)
	silence := &progress.Silence{Tracker: a.Tracker, Book: a.Book, After: time.Duration(a.cfg.Desk.SilentAfter), Log: a.log.With("part", "silence")}
	var names []string
	for _, c := range a.channels {
		names = append(names, c.Name())
	}
	if err := silence.Register(a.Registry, names); err != nil {
		return err
	}
	a.life.run("silence", silence.Run)
	return nil
}

// placesOf says where people are and as whom they are warned, never who they are.
func (a *App) placesOf(ids []alert.RecipientID) []progress.Place {
	out := make([]progress.Place, len(ids))
	for i, p := range a.Index.Places(ids) {
		out[i].Groups = p.Groups
		if len(p.Areas) > 0 {
			out[i].Area, out[i].District = p.Areas[0], a.Places.District(p.Areas[0])
		}
	}
	return out
}
