package console

import (
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/desk"
	"mingluo/internal/progress"
)

// The bodies of the API that belong to no single noun. Each is a type with a
// name, because the API's description is read off the types.

type meAnswer struct {
	Officer alert.Officer `json:"officer"`
	Mode    alert.Mode    `json:"mode"`
}

type noticeList struct {
	Notices []noticeAnswer `json:"notices"`
}

type progressAnswer struct {
	Notice    string              `json:"notice"`
	Revisions []progress.Progress `json:"revisions"`
}

type trailAnswer struct {
	Notice string `json:"notice"`
	Trail  []step `json:"trail"`
}

type draftList struct {
	Drafts []draftAnswer `json:"drafts"`
}

// saveDraft names the save that the writer started from.
type saveDraft struct {
	Seq     uint64        `json:"seq"`
	Content alert.Content `json:"content"`
}

type submitDraft struct {
	Seq uint64 `json:"seq"`
}

type dropAnswer struct {
	Dropped string `json:"dropped"`
}

type previewAnswer struct {
	Statement string `json:"statement"`
	desk.Preview
}

type incidentList struct {
	Incidents []incidentAnswer `json:"incidents"`
}

// incidentAct is what the acts on an incident take between them.
type incidentAct struct {
	Facts     *alert.IncidentFacts `json:"facts"`
	Reason    string               `json:"reason"`
	At        time.Time            `json:"at"`
	Place     string               `json:"place"`
	Link      string               `json:"link"`
	Milestone string               `json:"milestone"`
	Duty      string               `json:"duty"`
	Evidence  string               `json:"evidence"`
	Replaces  uint64               `json:"replaces"`
}

type dutyList struct {
	Now    time.Time    `json:"now"`
	Duties []dutyAnswer `json:"duties"`
}

type importList struct {
	Imports []importState `json:"imports"`
}
