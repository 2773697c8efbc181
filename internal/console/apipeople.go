package console

import (
	"net/http"
	"time"

	"mingluo/internal/alert"
)

// callAnswer is one call as the API gives it.
type callAnswer struct {
	Rev     int          `json:"rev"`
	No      int          `json:"no"`
	Officer string       `json:"officer"`
	Name    string       `json:"name"`
	At      time.Time    `json:"at"`
	Means   []string     `json:"means"`
	Rung    []alert.Rung `json:"rung,omitempty"`
	Opened  *time.Time   `json:"opened,omitempty"`
	Next    time.Time    `json:"next"`
}

type callList struct {
	Notice string       `json:"notice"`
	Calls  []callAnswer `json:"calls"`
}

// apiCalls lists who was called to the revisions of a notice, oldest first.
func (c *Console) apiCalls(r *apiRequest) (int, any, error) {
	n, err := c.apiFind(r)
	if err != nil {
		return 0, nil, err
	}
	people := c.colleagues(r.Context())
	out := []callAnswer{}
	c.Desk.Read(func(st *alert.State) {
		for _, rev := range n.Revisions {
			for _, k := range st.Calls[alert.PlanID(n.ID, rev.No)] {
				o, _ := byID(people, k.Officer)
				a := callAnswer{Rev: rev.No, No: k.No, Officer: k.Officer, Name: o.Name, At: k.Made.At, Means: k.Means, Rung: k.Rung, Next: k.Next}
				if k.Opened != nil {
					at := k.Opened.At
					a.Opened = &at
				}
				out = append(out, a)
			}
		}
	})
	return http.StatusOK, callList{n.ID, out}, nil
}
