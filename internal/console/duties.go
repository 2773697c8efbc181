package console

import (
	"net/http"
	"strconv"

	"mingluo/internal/alert"
)

// doneLine is an entry that a duty was done, as the incident's page shows it.
type doneLine struct {
	alert.DutyEntry
	Rule alert.DutyRule
	Gone bool // it was corrected
}

func doneLines(inc *alert.Incident, clocks []clockView) (out []doneLine) {
	for _, e := range inc.Done {
		l := doneLine{DutyEntry: e, Rule: alert.DutyRule{ID: e.Duty, ZH: e.Duty, EN: e.Duty}, Gone: e.Replaced != nil}
		for _, k := range clocks {
			if k.Rule.ID == e.Duty {
				l.Rule = k.Rule
			}
		}
		out = append(out, l)
	}
	return out
}

// recordDone reads the form that enters or corrects what was done.
func (c *Console) recordDone(r *http.Request, s *seat, id string, f *reader) error {
	done := alert.DutyDone{Duty: f.text("duty"), At: f.time("at"), Evidence: f.text("evidence"), Reason: f.text("reason")}
	if v := f.text("replaces"); v != "" {
		seq, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			return errOldForm
		}
		done.Replaces = seq
	}
	if err := f.problems.Err(); err != nil {
		return err
	}
	return c.Desk.RecordDone(r.Context(), s.Actor, id, done)
}

func doneStep(f alert.DutyDone) (what, detail string) {
	switch {
	case f.At.IsZero():
		return "撤销登记", join("；", f.Duty, f.Reason)
	case f.Replaces != 0:
		return "更正登记", join("；", f.Duty+" "+alert.ShowTime(f.At), f.Evidence, f.Reason)
	}
	return "登记已办", join("；", f.Duty+" "+alert.ShowTime(f.At), f.Evidence)
}
