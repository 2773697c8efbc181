package desk

import "mingluo/internal/alert"

// Would is the revision that a submission of this text would make, as it is put
// to a renderer. Its number, its address and its verification code are the real
// ones, as long as nobody submits another revision first and not a letter of
// the text changes.
func (d *Desk) Would(dr *Draft, c alert.Content) Said {
	c = clean(c)
	s := Said{Notice: dr.Notice, Rev: 1, Verb: alert.Issue, Mode: dr.Mode, Content: c}
	if s.Notice == "" {
		s.Notice = dr.ID
	}
	d.Read(func(st *alert.State) {
		if n := st.Notices[s.Notice]; n != nil {
			s.Rev = len(n.Revisions) + 1
			if n.Current() != nil {
				s.Verb = alert.Update
			}
		}
	})
	s.Code = alert.VerifyCode(c.Hash(s.Notice, s.Rev, s.Verb, s.Mode))
	return s
}
