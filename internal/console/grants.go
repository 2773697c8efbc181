package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"mingluo/internal/alert"
)

// grantsBody is the table of authority (授权表): who may approve what.
type grantsBody struct {
	Table     bool // an administrator set one
	Set       alert.Decision
	SetBy     string
	Seq       uint64
	Lines     []grantLine
	Admin     bool
	Edit      *grantForm
	AskFactor bool // a change takes a code now
	HasRole   int  // approvers who may sign anything at all now
}

// grantLine is one officer's line.
type grantLine struct {
	alert.Grant
	Name    string
	Stands  bool // in the table; without a table everybody with the role does
	NoRole  bool // stands in it but holds no approver's role: it gives nothing
	Gone    bool // the account is disabled
	MayEdit bool
}

// grantForm changes one line.
type grantForm struct {
	grantLine
	Levels    []alert.Level
	Hazards   []alert.HazardInfo
	Districts []districtChoice
}

func (c *Console) grants(w http.ResponseWriter, r *http.Request, s *seat) error {
	return c.showGrants(w, r, s, nil, http.StatusOK)
}

func (c *Console) showGrants(w http.ResponseWriter, r *http.Request, s *seat, ps alert.Problems, status int) error {
	people := c.colleagues(r.Context())
	b := &grantsBody{Admin: s.Has(alert.RoleAdmin)}
	table, seq := c.grantTable()
	b.Seq = seq
	if table != nil {
		b.Table, b.Set = true, table.Set
		b.SetBy = c.nameOf(r.Context(), table.Set.By, map[string]string{})
	}
	b.Lines = grantLines(table, people, c.Gazetteer, s)
	for _, l := range b.Lines {
		if l.Stands && !l.NoRole && !l.Gone && len(l.Areas) > 0 {
			b.HasRole++
		}
	}
	var err error
	if b.AskFactor, err = c.asksFactor(r.Context(), s); err != nil {
		return err
	}
	edited := r.FormValue("officer")
	if i := slices.IndexFunc(b.Lines, func(l grantLine) bool { return l.Officer == edited && l.MayEdit }); i >= 0 {
		b.Edit = c.grantForm(b.Lines[i])
		if ps != nil { // what was typed is not lost over a wrong code
			b.Edit.Grant, _ = c.grantFromForm(r.PostForm)
			b.Edit.Districts = c.districtChoices(b.Edit.Areas)
		}
	}
	return c.show(w, r, status, "grants", &view{seat: s, Title: "授权表", Nav: "people", Live: b.Edit == nil && status == http.StatusOK, Problems: ps, Body: b})
}

// grantTable copies the table in force; nil when none was set.
func (c *Console) grantTable() (table *alert.GrantTable, seq uint64) {
	c.Desk.Read(func(st *alert.State) {
		seq = st.GrantsSeq()
		if st.Grants != nil {
			table = &alert.GrantTable{Grants: slices.Clone(st.Grants.Grants), Set: st.Grants.Set}
		}
	})
	return table, seq
}

// grantLines are the lines of everybody who holds the role or stands in the
// table, in the order of names.
func grantLines(table *alert.GrantTable, people []Account, g *alert.Gazetteer, s *seat) (out []grantLine) {
	for _, a := range people {
		l := grantLine{Grant: alert.Grant{Officer: a.ID, Areas: []string{}}, Name: a.Name, NoRole: !a.Has(alert.RoleApprover), Gone: a.Disabled}
		if table == nil {
			l.Grant, l.Stands = wholeGrant(a.ID, g), !l.NoRole
		} else if i := slices.IndexFunc(table.Grants, func(x alert.Grant) bool { return x.Officer == a.ID }); i >= 0 {
			l.Grant, l.Stands = table.Grants[i], true
		}
		l.MayEdit = s.Has(alert.RoleAdmin) && a.ID != s.ID
		if l.Stands || !l.NoRole && !l.Gone {
			out = append(out, l)
		}
	}
	return out
}

// wholeGrant is what holding the role means before there is a table.
func wholeGrant(officer string, g *alert.Gazetteer) alert.Grant {
	return alert.Grant{Officer: officer, Highest: alert.Red, Areas: []string{g.City()}}
}

func (c *Console) grantForm(l grantLine) *grantForm {
	if !l.Stands {
		l.Grant = wholeGrant(l.Officer, c.Gazetteer)
	}
	return &grantForm{grantLine: l, Hazards: alert.Hazards(), Districts: c.districtChoices(l.Areas),
		Levels: []alert.Level{alert.NoLevel, alert.White, alert.Blue, alert.Yellow, alert.Orange, alert.Red}}
}

// HasHazard reports whether the line names the hazard.
func (f *grantForm) HasHazard(h alert.Hazard) bool { return slices.Contains(f.Grant.Hazards, h) }

// setGrant changes or takes out one line.
func (c *Console) setGrant(w http.ResponseWriter, r *http.Request, s *seat) error {
	f := &reader{Values: r.PostForm}
	seq, err := strconv.ParseUint(f.text("seq"), 10, 64)
	if err != nil {
		return errOldForm
	}
	g, problems := c.grantFromForm(r.PostForm)
	f.problems = problems
	if len(g.Areas) == 0 && f.Get("act") != "remove" {
		f.bad("areas", "请选择区域；要收回全部授权，请用“移出授权表”。", "Choose the areas; to take all authority away use “Take out of the table”.")
	}
	if err = f.problems.Err(); err == nil {
		err = c.freshToManage(r.Context(), s.Actor, s.sess, f.Get("factor"))
	}
	if err == nil {
		err = c.changeGrant(r.Context(), s.Actor, seq, g, f.Get("act") == "remove")
	}
	return c.afterPeople(w, r, s, err, "/grants", c.showGrants)
}

// grantFromForm reads one line of the table.
func (c *Console) grantFromForm(values url.Values) (alert.Grant, alert.Problems) {
	f := &reader{Values: values}
	g := alert.Grant{Officer: f.text("officer"), Highest: f.level("highest"), Areas: c.wholeCity(c.wholeDistricts(f.list("areas"))),
		Emergency: f.Get("emergency") == "yes", PublicDrill: f.Get("public_drill") == "yes"}
	for _, h := range f.list("hazards") {
		g.Hazards = append(g.Hazards, alert.Hazard(h))
	}
	return g, f.problems
}

// wholeCity writes all districts as the city.
func (c *Console) wholeCity(areas []string) []string {
	for _, d := range c.Gazetteer.Districts() {
		if !slices.Contains(areas, d) {
			return areas
		}
	}
	return []string{c.Gazetteer.City()}
}

// changeGrant puts one line into the table that stood at seq, or takes it out.
// The first table begins with what everybody may do without one: else the first
// line would silently take all others' authority away.
func (c *Console) changeGrant(ctx context.Context, who alert.Actor, seq uint64, g alert.Grant, remove bool) error {
	list, err := c.Accounts.List(ctx)
	if err != nil {
		return err
	}
	if _, known := byID(list, g.Officer); !known {
		return &alert.Problem{Kind: alert.Invalid, Field: "officer", ZH: "没有这位同事：" + g.Officer, EN: "There is no such officer: " + g.Officer}
	}
	if err := c.knownHazards(g.Hazards); err != nil {
		return err
	}
	table, present := c.grantTable()
	if present != seq {
		return &alert.Problem{Kind: alert.Conflict, Field: "seq", ZH: "别人刚刚改过授权表，请再看一遍。", EN: "Somebody else has just changed the table of authority: look again."}
	}
	var lines []alert.Grant
	if table != nil {
		lines = table.Grants
	} else {
		for _, o := range usable(list) {
			if o.Has(alert.RoleApprover) {
				lines = append(lines, wholeGrant(o.ID, c.Gazetteer))
			}
		}
	}
	// The own line is kept by the desk as somebody else wrote it; asking for
	// another one is refused there.
	lines = slices.DeleteFunc(slices.Clone(lines), func(x alert.Grant) bool { return x.Officer == g.Officer || x.Officer == who.ID })
	if !remove || g.Officer == who.ID {
		lines = append(lines, g)
	}
	return c.Desk.SetGrants(ctx, who, seq, lines)
}

func (c *Console) knownHazards(hs []alert.Hazard) error {
	for _, h := range hs {
		if !slices.ContainsFunc(alert.Hazards(), func(i alert.HazardInfo) bool { return i.Code == h }) {
			return &alert.Problem{Kind: alert.Invalid, Field: "hazards", ZH: "没有这个灾种：" + string(h), EN: "There is no such hazard: " + string(h)}
		}
	}
	return nil
}
