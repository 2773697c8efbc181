package web

import (
	"net/http"
	"strconv"
	"strings"

	"mingluo/internal/alert"
)

// current returns the snapshot, or answers 503 when nothing is known yet: an empty
// page would say that nothing is in force.
func (s *Site) current(w http.ResponseWriter, r *http.Request) *snapshot {
	sn := s.snap.Load()
	if sn == nil {
		s.problem(w, r, http.StatusServiceUnavailable, unready())
	}
	return sn
}

func (s *Site) front(w http.ResponseWriter, r *http.Request) {
	if sn := s.current(w, r); sn != nil {
		s.serve(w, r, http.StatusOK, sn.front[langOf(r.URL.Query())])
	}
}

func (s *Site) drills(w http.ResponseWriter, r *http.Request) {
	if s.cfg.DrillBanner {
		http.Redirect(w, r, inLang("/", langOf(r.URL.Query())), http.StatusSeeOther)
		return
	}
	if sn := s.current(w, r); sn != nil {
		s.serve(w, r, http.StatusOK, sn.drills[langOf(r.URL.Query())])
	}
}

// past lists what is over, 50 a page; ?mode=drill the drills.
func (s *Site) past(w http.ResponseWriter, r *http.Request) {
	sn := s.current(w, r)
	if sn == nil {
		return
	}
	q := r.URL.Query()
	lang, mode := langOf(q), alert.Live
	if s.cfg.DrillBanner || q.Get("mode") == string(alert.Drill) {
		mode = alert.Drill
	}
	page := 1
	if v := q.Get("page"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			s.missing(w, r)
			return
		}
		page = n
	}
	all := sn.section(mode).past
	pages := max(1, (len(all)+perPage-1)/perPage)
	if page > pages {
		s.missing(w, r)
		return
	}
	list := all.newest((page-1)*perPage, perPage)
	s.serve(w, r, http.StatusOK, newDoc(htmlType, func() ([]byte, error) {
		return s.pages.past(lang, sn, mode, list, page, pages)
	}))
}

// notice serves /n/{id}, /n/{id}.json and /n/{id}.xml.
func (s *Site) notice(w http.ResponseWriter, r *http.Request) {
	sn := s.current(w, r)
	if sn == nil {
		return
	}
	name := r.PathValue("id")
	if en := sn.dir.notice(name); en != nil {
		d := en.page[langOf(r.URL.Query())]
		if sn.stale {
			d = newDoc(htmlType, func() ([]byte, error) { return s.pages.staleNotice(langOf(r.URL.Query()), en, sn) })
		}
		s.serve(w, r, http.StatusOK, d)
		return
	}
	if id, ok := strings.CutSuffix(name, ".json"); ok {
		if en := sn.dir.notice(id); en != nil {
			s.serve(w, r, http.StatusOK, en.json)
			return
		}
	}
	if id, ok := strings.CutSuffix(name, ".xml"); ok {
		if en := sn.dir.notice(id); en != nil {
			s.serve(w, r, http.StatusOK, en.revs[en.cur().No])
			return
		}
	}
	if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".xml") {
		s.problem(w, r, http.StatusNotFound, notFound())
		return
	}
	s.missing(w, r)
}

// revision serves /n/{id}/{rev}.xml.
func (s *Site) revision(w http.ResponseWriter, r *http.Request) {
	sn := s.current(w, r)
	if sn == nil {
		return
	}
	rev, ok := strings.CutSuffix(r.PathValue("file"), ".xml")
	no, err := strconv.Atoi(rev)
	if en := sn.dir.notice(r.PathValue("id")); ok && err == nil && en != nil && en.revs[no] != nil && strconv.Itoa(no) == rev {
		s.serve(w, r, http.StatusOK, en.revs[no])
		return
	}
	s.problem(w, r, http.StatusNotFound, notFound())
}

// verifyForm serves /v, and leads ?code= to its page.
func (s *Site) verifyForm(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	lang := langOf(q)
	if code := cleanCode(q.Get("code")); code != "" {
		http.Redirect(w, r, inLang("/v/"+code, lang), http.StatusSeeOther)
		return
	}
	s.serve(w, r, http.StatusOK, newDoc(htmlType, func() ([]byte, error) { return s.pages.verify(lang, false, "", nil) }))
}

func (s *Site) verify(w http.ResponseWriter, r *http.Request) {
	sn := s.current(w, r)
	if sn == nil {
		return
	}
	lang, raw := langOf(r.URL.Query()), r.PathValue("code")
	code := cleanCode(raw)
	if code != raw && code != "" {
		http.Redirect(w, r, inLang("/v/"+code, lang), http.StatusSeeOther)
		return
	}
	hits := sn.dir.code(code)
	status := http.StatusOK
	if len(hits) == 0 {
		status = http.StatusNotFound
	}
	s.serve(w, r, status, newDoc(htmlType, func() ([]byte, error) { return s.pages.verify(lang, true, code, hits) }))
}

// cleanCode makes what people type into a code: capitals, and nothing between.
// What can be no code at all becomes "".
func cleanCode(v string) string {
	if len(v) > 40 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, v)
}

func (s *Site) missing(w http.ResponseWriter, r *http.Request) {
	lang := langOf(r.URL.Query())
	s.serve(w, r, http.StatusNotFound, newDoc(htmlType, func() ([]byte, error) { return s.pages.missing(lang) }))
}
