package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"mingluo/internal/alert"
)

// rooms are the drafts that officers have open, and who they are. It is live
// state of this process: nothing is kept, and who is not connected is not there.
type rooms struct {
	mu    sync.Mutex
	rooms map[string][]*visit
}

func newRooms() *rooms { return &rooms{rooms: map[string][]*visit{}} }

// visit is one open page of a draft.
type visit struct {
	draft string
	who   present
	mode  alert.Mode
	moved chan struct{} // somebody came or went; holds one
	seen  uint64        // the draft's save that was told last
}

// present is one officer who has a draft open.
type present struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
}

// enter comes into the room of the draft that a page's events are asked for;
// nil for a page without one.
func (t *rooms) enter(r *http.Request, s *seat) *visit {
	draft := r.URL.Query().Get("draft")
	if draft == "" {
		return nil
	}
	v := &visit{draft: draft, who: present{s.ID, s.Name, time.Now()}, mode: s.Actor.Mode, moved: make(chan struct{}, 1), seen: parseSeq(r, "save")}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rooms[draft] = append(t.rooms[draft], v)
	t.tell(draft)
	return v
}

func (t *rooms) leave(v *visit) {
	if v == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rooms[v.draft] = slices.DeleteFunc(t.rooms[v.draft], func(o *visit) bool { return o == v })
	if len(t.rooms[v.draft]) == 0 {
		delete(t.rooms, v.draft)
	}
	t.tell(v.draft)
}

// tell lets every page of the room look again.
func (t *rooms) tell(draft string) {
	for _, v := range t.rooms[draft] {
		select {
		case v.moved <- struct{}{}:
		default: // it will look anyway
		}
	}
}

// others lists who else has the draft open, each once.
func (t *rooms) others(v *visit) []present {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []present{}
	for _, o := range t.rooms[v.draft] {
		if o.who.ID != v.who.ID && !slices.ContainsFunc(out, func(p present) bool { return p.ID == o.who.ID }) {
			out = append(out, o.who)
		}
	}
	slices.SortFunc(out, func(a, b present) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// changed is the channel that says that a room moved; a page without a draft
// waits for it in vain.
func (v *visit) changed() <-chan struct{} {
	if v == nil {
		return nil
	}
	return v.moved
}

// presentEvent tells a page who else has its draft open.
func (t *rooms) presentEvent(v *visit) string {
	b, err := json.Marshal(t.others(v))
	if err != nil { // strings and times cannot fail
		b = []byte("[]")
	}
	return "event: present\ndata: " + string(b) + "\n\n"
}

// savedEvent tells a page that somebody saved its draft, once for each save;
// "" when there is nothing to tell.
func (c *Console) savedEvent(ctx context.Context, v *visit) string {
	if v == nil {
		return ""
	}
	d, err := c.Desk.Draft(ctx, v.draft)
	if err != nil || d.Seq <= v.seen || d.Mode != v.mode {
		return "" // the page notices by itself when it saves
	}
	v.seen = d.Seq
	b, err := json.Marshal(map[string]any{"seq": d.Seq, "by": d.By, "name": c.nameOf(ctx, d.By, map[string]string{}), "at": clockTime(d.Saved),
		"tab": d.Tab, "notice": d.Submitted, "dropped": d.Dropped != nil})
	if err != nil {
		return ""
	}
	return "event: saved\ndata: " + string(b) + "\n\n"
}
