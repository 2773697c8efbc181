package console

import (
	"context"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/openapi"
)

// People is how the desk is manned: who may approve what, who is on duty, who
// was called, and what administrators do with accounts.
type People interface {
	SetGrants(ctx context.Context, who alert.Actor, seq uint64, grants []alert.Grant) error
	PlanShift(ctx context.Context, who alert.Actor, x alert.Shift) (id string, err error)
	AcknowledgeShift(ctx context.Context, who alert.Actor, id string) error
	Manning(officers []alert.Officer, asking string) desk.Manning
	OpenCall(ctx context.Context, who alert.Actor, notice string, rev int) error

	MayEmergency(who alert.Actor, c *alert.Content) *alert.Problem
	EmergencyRelease(ctx context.Context, who alert.Actor, draft string, seq uint64, reason string) (notice string, rev int, err error)
	Countersign(ctx context.Context, who alert.Actor, notice string, rev int, hash, note string) error

	RecordOfficer(ctx context.Context, who alert.Actor, officer string, f alert.OfficerChanged) error
	RecordReach(ctx context.Context, who alert.Actor) error
	EnvelopeUsed(ctx context.Context, who alert.Actor, left int) error
	SeeEnvelope(ctx context.Context, who alert.Actor, officer string) error
}

// peopleRoutes are the pages about who works here.
func (c *Console) peopleRoutes(page func(method, path string, h seatedHandler)) {
	page("GET", "/banners", c.bannerPart)
}

// peopleAPI are the same acts for scripts.
func (c *Console) peopleAPI(t *apiTable) {
	t.add("GET", "/notices/{notice}/calls", c.apiCalls, openapi.Call{ZH: "为这条通知呼叫过谁，谁打开了", EN: "who was called to the notice, and who opened it", Answer: callList{}})
}
